/** Standard output and standard error of the program, such as those of `process`. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Writable stream, which may be a terminal. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };
