/** Streams that a command writes to. `process` is one. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
}

/** A stream, which may be a terminal. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };
