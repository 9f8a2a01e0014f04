/** Returns the message of a thrown value. Some libraries throw strings. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
