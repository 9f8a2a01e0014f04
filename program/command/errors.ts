import { getSystemErrorMap } from 'node:util';

/** Exit codes of all commands. */
export const exitCodes = {
  done: 0,
  /** Failure, which a line on stderr explains. */
  error: 1,
  /** Wrong arguments; nothing was done. */
  usage: 2,
  /** Done, except for poses or compounds that were reported and skipped. */
  skipped: 3,
  /** Stopped by SIGINT or SIGTERM. */
  interrupted: 130,
} as const;

/** Thrown when the reader of standard output has closed it, as `head` does. It ends the program without a message. */
export class ClosedPipe extends Error {}

/** Reason of an abort by SIGINT (Ctrl+C) or SIGTERM (`kill`). */
export class Interrupted extends Error {
  constructor(by: NodeJS.Signals) {
    super(`interrupted by ${by}`);
    this.name = 'Interrupted';
  }
}

/** Returns the reason of a system error in words, such as `no such file or directory`; for other errors, the message. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? message ?? String(error);
}

/** Returns the message of an error in one line, with control characters escaped. */
export function lineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return escaped(message.replace(/\s*[\r\n]+\s*/g, ' '));
}

/** Returns a text with control characters escaped, so that it cannot control the terminal. */
export function escaped(text: string): string {
  return text.replace(/\p{Cc}/gu, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
