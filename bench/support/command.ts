import { Command, InvalidArgumentError } from 'commander';

/** Help text of a command beside its options: a sentence, then the words after "It takes" and "and writes". */
export interface About {
  readonly does: string;
  readonly takes: string;
  readonly writes: string;
}

/** A command of an npm script; `--help` prints its description and options, and does nothing else. */
export function command(script: string, { does, takes, writes }: About): Command {
  return new Command(`npm run ${script} --`).description(
    `${does}\n\nIt takes ${takes}, and writes ${writes}.`,
  );
}

/** The command line that repeats this run. */
export function asCalled(script: string): string {
  const given = process.argv.slice(2);
  return given.length > 0 ? `npm run ${script} -- ${given.join(' ')}` : `npm run ${script}`;
}

/** Parses an option that is a whole number from 1. */
export function whole(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

/** Parses a repeated option of whole numbers; the first one replaces the default. */
export function wholes(standard: readonly number[]) {
  return (text: string, before: readonly number[]): readonly number[] => [
    ...(before === standard ? [] : before),
    whole(text),
  ];
}
