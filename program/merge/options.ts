import type { Command } from 'commander';
import { addFormat, type GivenFormat, settleFormat } from '../command/formats.ts';
import { finite } from '../command/numbers.ts';

/** Options of `merge`. */
export interface MergeOptions extends GivenFormat {
  /** Files that `score --state` wrote, and patterns that match such files. */
  readonly states: readonly string[];
  /** Target of the loss (ΔG − target)², kcal/mol; without one, ΔG itself is differentiated. */
  readonly target?: number;
  /** File to write the merged sums to. */
  readonly state?: string;
}

/** Adds the description, options and examples of `merge`. */
export function declareMerge(command: Command): void {
  command
    .description('Merges the parts of a run, which score --state wrote, into one result.')
    .argument('<states...>', "files that score --state wrote, and patterns such as 'sums/*.json'")
    .option('--target <energy>', 'differentiate (ΔG − target)² instead of ΔG; kcal/mol', finite)
    .option('--state <file>', 'write the merged sums, for another merge');
  addFormat(command).addHelpText(
    'after',
    `
Results have one row or object per compound. State files have no scores of
single poses; for these, run score without --shard.

The poses of a compound may be spread over several files; its name identifies
it. After a run with --shard i/n, give all n parts, in any order. The result is
the same to the bit for any n.

Examples:
  npm start -- part1/*.pdbqt --receptor protein.pdbqt --state 1.json
  npm start -- part2/*.pdbqt --receptor protein.pdbqt --state 2.json
  npm start -- merge 1.json 2.json --format csv
  npm start -- merge 'shards/*.json' --target -9.5 --json`,
  );
}

/** Returns the options of `merge` as the user gave them. */
export function mergeOptions(command: Command): MergeOptions {
  settleFormat(command);
  return { ...command.opts<Omit<MergeOptions, 'states'>>(), states: command.processedArgs[0] as string[] };
}
