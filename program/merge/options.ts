import type { Command } from 'commander';
import { addFormat, type GivenFormat } from '../command/formats.ts';
import { finite } from '../command/numbers.ts';

/** Choices of `merge`. */
export interface MergeOptions extends GivenFormat {
  /** Files that `score --state` wrote. */
  readonly states: readonly string[];
  /** Of the loss (ΔG − target)², kcal/mol. */
  readonly target?: number;
  /** File for the sums of all. */
  readonly state?: string;
}

/** Adds what `merge` may be told. */
export function declareMerge(command: Command): void {
  command
    .description('Makes one result of the parts of a run: what score --state wrote for each.')
    .argument('<states...>', 'files that score --state wrote')
    .option('--target <energy>', 'differentiate (ΔG − target)² instead; kcal/mol', finite)
    .option('--state <file>', 'write the sums of all, to be merged again');
  addFormat(command).addHelpText(
    'after',
    `
Poses of one compound may lie in several files: its parts are those of one name.
Of a run by --shard i/n all n parts are needed, in any order; their result is
the same to the bit for any n.

Examples:
  npm start -- part1/*.pdbqt --receptor protein.pdbqt --state 1.json
  npm start -- part2/*.pdbqt --receptor protein.pdbqt --state 2.json
  npm start -- merge 1.json 2.json --format csv
  npm start -- merge shards/*.json --target -9.5 --json`,
  );
}

/** Options of `merge` as they were given. */
export function mergeOptions(command: Command): MergeOptions {
  return { ...command.opts<Omit<MergeOptions, 'states'>>(), states: command.processedArgs[0] as string[] };
}
