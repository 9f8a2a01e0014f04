import type { Command } from 'commander';
import type { Interrupts } from './interrupts.ts';
import type { Progress } from './progress.ts';
import type { Write } from './write.ts';

/** A command of the program, such as `score`. */
export interface Subcommand {
  readonly name: string;
  /** True if it holds little at a time, whatever the size of its input. */
  readonly streams?: boolean;
  /** Gives the command its description, options and examples. */
  readonly declare: (command: Command) => void;
  /**
   * Does the work. Errors are thrown; the frame tells them in one line.
   *
   * @returns one of `exitCodes`
   */
  readonly run: (command: Command, context: Context) => Promise<number>;
}

/** Things that the frame gives to each command. */
export interface Context {
  /** Standard output. */
  readonly write: Write;
  /** True if standard output shows styles. */
  readonly isStyled: boolean;
  /** A line on standard error. */
  readonly warn: (line: string) => void;
  /** The one progress on standard error. The frame stops it at the end, whatever happened. */
  readonly progress: Progress;
  /** Aborts at SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  readonly unguarded: Interrupts['unguarded'];
  /** To be awaited between pieces of work, that signals get a turn. */
  readonly breathe: () => Promise<void> | undefined;
}
