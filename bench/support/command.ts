import { Command, InvalidArgumentError } from 'commander';

/** Description of a command for its help. */
export interface About {
  /** Sentences on what the command does. */
  readonly does: string;
  /** Duration, worded to follow "It takes". */
  readonly takes: string;
  /** Output, worded to follow "and writes". */
  readonly writes: string;
}

/** Creates the command of an npm script. */
export function command(script: string, { does, takes, writes }: About): Command {
  return new Command(`npm run ${script} --`).description(
    `${does}\n\nIt takes ${takes}, and writes ${writes}.`,
  );
}

/** Returns the command line that repeats this run. */
export function asCalled(script: string): string {
  const args = process.argv.slice(2);
  return args.length > 0 ? `npm run ${script} -- ${args.join(' ')}` : `npm run ${script}`;
}

/** Parses an option that is a whole number, at least 1. */
export function whole(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

/** Returns a parser of an option that takes several whole numbers. The first number given replaces all the defaults. */
export function wholes(defaults: readonly number[]) {
  return (text: string, previous: readonly number[]): readonly number[] => [
    ...(previous === defaults ? [] : previous),
    whole(text),
  ];
}
