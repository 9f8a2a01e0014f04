import { getSystemErrorMap } from 'node:util';

/** Exit codes of all commands. */
export const exitCodes = {
  done: 0,
  /** Something failed; a line on stderr says what. */
  error: 1,
  /** The arguments are wrong; nothing was done. */
  usage: 2,
  /** All is done but for molecules that were reported and skipped. */
  skipped: 3,
  /** SIGINT or SIGTERM. */
  interrupted: 130,
} as const;

/** The reader of standard output has gone, as `head` does: no error, and nothing more to do. */
export class ClosedPipe extends Error {}

/** Ctrl+C or `kill`. */
export class Interrupted extends Error {
  constructor(by: NodeJS.Signals) {
    super(`interrupted by ${by}`);
    this.name = 'Interrupted';
  }
}

/** Reason of a system error in words, such as `no such file or directory`. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? message ?? String(error);
}

/** Message of an error in one line, with control characters escaped. */
export function lineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return escaped(message.replace(/\s*[\r\n]+\s*/g, ' '));
}

/** Text that does nothing to a terminal. */
export function escaped(text: string): string {
  return text.replace(/\p{Cc}/gu, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
