import type { Command } from 'commander';
import type { Interrupts } from './interrupts.ts';
import type { Progress } from './progress.ts';
import type { Write } from './write.ts';

/** Command of the program, such as `score`. */
export interface Subcommand {
  readonly name: string;
  /** True if the command needs little memory for input of any size; by default false. */
  readonly streams?: boolean;
  /** Adds the description, options and examples of the command. */
  readonly declare: (command: Command) => void;
  /**
   * Runs the command. If it throws an error, `main` writes the message in one line.
   *
   * @returns one of `exitCodes`
   */
  readonly run: (command: Command, context: Context) => Promise<number>;
}

/** Output, progress and signals, which `main` provides to each command. */
export interface Context {
  /** Writes to standard output. */
  readonly write: Write;
  /** True if standard output is a terminal, which shows bold text. */
  readonly isStyled: boolean;
  /** Writes a line of text, given without its line end, to standard error. */
  readonly warn: (line: string) => void;
  /** Progress on standard error. `main` stops it at the end, even after an error. */
  readonly progress: Progress;
  /** Aborts at SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Runs work that blocks the event loop, with the system's handling of signals. */
  readonly unguarded: Interrupts['unguarded'];
  /** Function to call and await between pieces of work, so that signals can be handled. */
  readonly breathe: () => Promise<void> | undefined;
}
