import { type Command, InvalidArgumentError, Option } from 'commander';
import { addFormat, type GivenFormat, settleFormat } from '../command/formats.ts';
import { count, countOrNone, finite, fromZero, positive } from '../command/numbers.ts';
import { addPooling, chosenOf, type GivenPooling, type PoolingOption } from '../command/poolings.ts';
import { type GivenPoses, givenPosesOf } from '../command/poses.ts';
import type { Settings } from '../schnet/model.ts';
import {
  addModelOptions,
  checkNoModelOptions,
  type GivenModel,
  modelOptionNames,
  settingsOf,
} from '../schnet/model-options.ts';

export const strategyNames = ['stream', 'recompute', 'full-graph'] as const;

export type StrategyName = (typeof strategyNames)[number];

/** Options of `score`. Energies in kcal/mol. */
export interface ScoreOptions extends GivenPoses, GivenPooling, GivenFormat {
  readonly scorer: 'vina' | 'schnet';
  /** File of fitted weights. */
  readonly weights?: string;
  /** Names of the pooling options that the user gave. A file of weights may provide the others. */
  readonly chosen: readonly PoolingOption[];
  /** Settings of an untrained SchNet. */
  readonly settings: Settings;
  /** Seed of the weights of an untrained SchNet. */
  readonly seed: number;
  /** Property that the poses of a compound share; by default the name in SDF, mol2 and remarks of `refine`, else the file. */
  readonly groupBy?: 'name' | 'file' | 'all';
  /** RMSD in Å below which a pose repeats an earlier one and is left out. */
  readonly rmsd?: number;
  /** True to report the terms of each pose. */
  readonly terms: boolean;
  /** Target of the loss (ΔG − target)². */
  readonly target?: number;
  /** File for the sums over the poses. */
  readonly state?: string;
  /** Part of the run that is scored; by default, all poses are scored. */
  readonly shard?: Shard;
  /** Maximum number of records of a chunk. */
  readonly chunk: number;
  /** Seconds between two saves of an unfinished shard. */
  readonly saveEvery: number;
  /** True to stop at the first bad pose. */
  readonly strict: boolean;
  readonly strategy: StrategyName;
  /** True if all strategies are run and compared. */
  readonly compare: boolean;
}

/** One of several parts of a run, such as 2 of 8. */
export interface Shard {
  /** Number of the part, from 1. */
  readonly number: number;
  /** Total number of parts. */
  readonly of: number;
}

/** Default of --chunk: about a second of work for Vina. */
const defaultChunk = 1000;

/** Default of --save-every, in seconds. */
const defaultSaveEvery = 60;

/** Adds the description, arguments, options and examples of `score`. */
export function declareScore(command: Command): void {
  command
    .description(
      'Scores docked poses, pools those of a compound into one ΔG, and computes its ' +
        'derivatives by the parameters of the scoring function.',
    )
    .argument(
      '[poses...]',
      'files (PDBQT or DLG; for schnet also SDF, mol2, PDB and mmCIF; each may be .gz), patterns, and folders, whose PDB and mmCIF files are ignored',
    )
    .option('--receptor <file>', 'receptor, PDBQT; for schnet any of these formats')
    .option('--poses <paths...>', 'the same as the argument')
    .addOption(new Option('--scorer <name>', 'scoring function').choices(['vina', 'schnet']).default('vina'))
    .addOption(
      new Option('--weights <file>', 'weights that fit wrote, and their pooling').conflicts([
        ...modelOptionNames,
      ]),
    );
  addPooling(command)
    .addOption(
      new Option(
        '--group-by <what>',
        'what the poses of a compound share (default: the name in SDF and mol2, else the file)',
      ).choices(['name', 'file', 'all']),
    )
    .option('--rmsd <distance>', 'leave out poses closer than this to an earlier one; Å', positive)
    .option('--terms', 'print the terms of each pose (vina)')
    .option('--target <energy>', 'differentiate (ΔG − target)² instead of ΔG; kcal/mol', finite);
  addFormat(command)
    .option(
      '--state <file>',
      'write the sums over the poses of each compound, for merge, without scores of single poses',
    )
    .option('--shard <i/n>', 'score the i-th of n parts of these poses, into --state', shardOf)
    .option(
      '--chunk <poses>',
      `with --shard: poses that are summed together (default: ${defaultChunk})`,
      count,
    )
    .option(
      '--save-every <seconds>',
      `with --shard: interval between saves of unfinished sums (default: ${defaultSaveEvery})`,
      fromZero,
    )
    .option('--strict', 'stop at the first bad pose instead of reporting and skipping it')
    .addOption(
      new Option('--strategy <name>', 'how the gradient is computed')
        .choices(strategyNames)
        .default('stream'),
    )
    .option('--compare', 'run all strategies and print memory and time of each (slow)')
    // Not an option of `score`, but declared so that scoreOptions can point to the command `refine`.
    .addOption(new Option('--refine <steps>').argParser(countOrNone).hideHelp())
    .addHelpText(
      'after',
      `
Vina's function counts rotors from the BRANCH records of PDBQT. A pose without
BRANCH is rigid, whatever its TORSDOF says.

A pose that cannot be read or scored is reported and skipped. CSV and JSON give
the number of skipped poses of each compound. A pose is named by its position in
its file, from 1, as in refine; skipped poses are counted, too. The MODEL number
is not used. The position is in the column \`pose\` of CSV and in the list
\`numbers\` of JSON. The column \`line\` has the first line of the pose in its file.

--shard cuts each file into chunks and scores those of its part. Merging all
parts gives the same bits for any number of parts. A part is not scored again if
its --state file exists and is of the same input. The sums of an unfinished part
are in <file>.partial: the same command continues them, to the same bits.

A SchNet without --weights is untrained, and its scores mean nothing. Its
settings are --hidden, --interactions, --neighbours, --cutoff, --pocket, --delta
and --seed.

Examples:
  npm start -- docked.pdbqt --receptor protein.pdbqt
  npm start -- 'docked/*.sdf' --receptor protein.pdb --scorer schnet --weights net.safetensors
  npm start -- docked/ --receptor protein.pdbqt --terms --out scores.csv
  npm start -- docked.pdbqt --receptor protein.pdbqt --combination lse --t 2 --target -9.5
  npm start -- docked/ --receptor protein.pdbqt --shard 2/8 --state 2.json`,
    );
  addModelOptions(command, { delta: false, isHidden: true });
}

/**
 * Reads the options of `score`.
 *
 * @throws CommanderError, after its message is written, if options do not go together
 */
export function scoreOptions(command: Command): ScoreOptions {
  settleFormat(command);
  const { poses: optionPoses = [], receptor, refine = 0, ...given } = command.opts<Given>();
  const poses = givenPosesOf(command, receptor, [...(command.processedArgs[0] as string[]), ...optionPoses]);
  if (refine > 0) command.error('error: --refine is not an option but a command: npm start -- refine');
  if (given.scorer === 'vina') checkNoModelOptions(command, modelOptionNames);
  if (given.terms && given.scorer !== 'vina') command.error('error: --terms needs --scorer vina');
  if (given.state !== undefined && given.strategy !== 'stream') {
    command.error('error: --state needs --strategy stream');
  }
  if (given.shard) checkShard(command, given);
  else if (given.chunk !== undefined) command.error('error: --chunk needs --shard');
  else if (given.saveEvery !== undefined) command.error('error: --save-every needs --shard');
  return {
    ...{ chunk: defaultChunk, saveEvery: defaultSaveEvery, terms: false, strict: false, compare: false },
    ...given,
    ...poses,
    settings: settingsOf(given),
    chosen: chosenOf(command),
  };
}

/** Rejects options that do not go with --shard, and a missing --state. */
function checkShard(command: Command, given: Given): void {
  if (given.state === undefined) command.error('error: --shard needs --state, the file for its sums');
  const rejected = (['terms', 'compare', 'rmsd', 'target', 'out'] as const).find(
    name => given[name] !== undefined,
  );
  if (rejected) {
    command.error(
      `error: --${rejected} does not go with --shard, as a shard has only some poses of a compound`,
    );
  }
  if (given.format !== 'text') command.error('error: --format does not go with --shard; give it to merge');
}

/** Parses a value of --shard, such as `2/8`. */
function shardOf(text: string): Shard {
  const [, number, of] = (/^([1-9]\d{0,8})\/([1-9]\d{0,8})$/.exec(text) ?? []).map(Number);
  if (number !== undefined && of !== undefined && number <= of) return { number, of };
  throw new InvalidArgumentError('It must be the number of a part and the number of parts, such as 2/8.');
}

type Given = Omit<
  ScoreOptions,
  'receptor' | 'poses' | 'settings' | 'chosen' | 'chunk' | 'saveEvery' | 'terms' | 'strict' | 'compare'
> &
  Partial<Pick<ScoreOptions, 'receptor' | 'poses' | 'chunk' | 'saveEvery' | 'terms' | 'strict' | 'compare'>> &
  GivenModel & { readonly refine?: number };
