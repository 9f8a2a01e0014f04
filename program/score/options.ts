import { type Command, InvalidArgumentError, Option } from 'commander';
import { addFormat, type GivenFormat } from '../command/formats.ts';
import { count, countOrNone, finite, fromZero, positive } from '../command/numbers.ts';
import { addPooling, chosenOf, type GivenPooling, type PoolingOption } from '../command/poolings.ts';
import { type GivenPoses, posesOf } from '../command/poses.ts';
import type { Settings } from '../schnet/model.ts';
import { addModelOptions, type GivenModel, modelOptionNames, settingsOf } from '../schnet/model-options.ts';

export const strategyNames = ['stream', 'recompute', 'full-graph'] as const;

export type StrategyName = (typeof strategyNames)[number];

/** Choices of `score`. Energies in kcal/mol. */
export interface ScoreOptions extends GivenPoses, GivenPooling, GivenFormat {
  readonly scorer: 'vina' | 'schnet';
  /** File of fitted weights. */
  readonly weights?: string;
  /** Settings of the pooling that the user chose; the others may come with the weights. */
  readonly chosen: readonly PoolingOption[];
  /** Of an untrained SchNet. */
  readonly settings: Settings;
  readonly seed: number;
  /** Property that poses of one compound share; by default as the format has it. */
  readonly groupBy?: 'name' | 'file' | 'all';
  /** Å; a pose closer than this to one before is left out. */
  readonly rmsd?: number;
  readonly terms: boolean;
  /** Of the loss (ΔG − target)². */
  readonly target?: number;
  /** File for the sums over the poses. */
  readonly state?: string;
  /** Part of the run that is done. */
  readonly shard?: Shard;
  /** The most records of a chunk. */
  readonly chunk: number;
  /** Seconds between two saves of a shard that is not finished. */
  readonly saveEvery: number;
  readonly strict: boolean;
  readonly strategy: StrategyName;
  /** True if all strategies are run and compared. */
  readonly compare: boolean;
}

/** One of the parts of a run, such as 2 of 8. */
export interface Shard {
  /** From 1. */
  readonly number: number;
  readonly of: number;
}

/** Chunk size unless given: about a second of Vina's. */
const standardChunk = 1000;

/** Seconds between saves unless given. */
const standardSaveEvery = 60;

/** Adds what `score` may be told. */
export function declareScore(command: Command): void {
  command
    .description(
      'Scores docked poses, combines those of a compound into one ΔG, and gives its ' +
        'derivatives by the parameters of the scorer.',
    )
    .argument(
      '[poses...]',
      'files (PDBQT or DLG; for schnet SDF, mol2, PDB and mmCIF, too; maybe .gz), folders and patterns',
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
        'what poses of one compound share: by default the name in SDF and mol2',
      ).choices(['name', 'file', 'all']),
    )
    .option('--rmsd <distance>', 'leave out poses this close to one before; Å', positive)
    .option('--terms', 'print the terms of each pose (vina)')
    .option('--target <energy>', 'differentiate (ΔG − target)² instead; kcal/mol', finite);
  addFormat(command)
    .option('--state <file>', 'write the sums over the poses, for merge')
    .option('--shard <i/n>', 'score the i-th of n parts of these poses, into --state', shardOf)
    .option(
      '--chunk <poses>',
      `of --shard: poses that are summed together; ${standardChunk} unless given`,
      count,
    )
    .option(
      '--save-every <seconds>',
      `of --shard: save what is done, to go on from there; ${standardSaveEvery} unless given`,
      fromZero,
    )
    .option('--strict', 'stop at the first bad molecule; else it is reported and skipped')
    .addOption(
      new Option('--strategy <name>', 'way to the gradient').choices(strategyNames).default('stream'),
    )
    .option('--compare', 'run all strategies, and print what each takes (slow)')
    .addOption(new Option('--refine <steps>').argParser(countOrNone).hideHelp())
    .addHelpText(
      'after',
      `
--shard cuts each file into chunks and scores those of its part. merge of all
parts gives the same bits for any number of them. A part whose --state file is
there, whole and of the same input is not scored again. Until then what is done
is in <file>.partial: the same command goes on from there, to the same bits.

A SchNet without --weights is untrained, its scores mean nothing; --hidden,
--interactions, --neighbours, --cutoff, --pocket, --delta and --seed set it.

Examples:
  npm start -- docked.pdbqt --receptor protein.pdbqt
  npm start -- 'docked/*.sdf' --receptor protein.pdb --scorer schnet --weights net.safetensors
  npm start -- docked/ --receptor protein.pdbqt --format csv --terms --out scores.csv
  npm start -- docked.pdbqt --receptor protein.pdbqt --combination lse --t 2 --target -9.5
  npm start -- docked/ --receptor protein.pdbqt --shard 2/8 --state 2.json`,
    );
  addModelOptions(command, { delta: false, isHidden: true });
}

/**
 * Options of `score` as they were given.
 *
 * @throws CommanderError, with a message written, for a combination that makes no sense
 */
export function scoreOptions(command: Command): ScoreOptions {
  const { poses: named = [], receptor, refine = 0, ...given } = command.opts<Given>();
  const poses = posesOf(command, receptor, [...(command.processedArgs[0] as string[]), ...named]);
  if (refine > 0) command.error('error: --refine is a command of its own: npm start -- refine');
  if (given.terms && given.scorer !== 'vina') command.error('error: --terms goes with --scorer vina');
  if (given.state !== undefined && given.strategy !== 'stream') {
    command.error('error: --state goes with --strategy stream');
  }
  if (given.shard) checkShard(command, given);
  else if (given.chunk !== undefined) command.error('error: --chunk goes with --shard');
  else if (given.saveEvery !== undefined) command.error('error: --save-every goes with --shard');
  return {
    ...{ chunk: standardChunk, saveEvery: standardSaveEvery, terms: false, strict: false, compare: false },
    ...given,
    ...poses,
    settings: settingsOf(given),
    chosen: chosenOf(command),
  };
}

/** Ends the program for options that are of whole compounds, of which a shard has but parts. */
function checkShard(command: Command, given: Given): void {
  if (given.state === undefined) command.error('error: --shard needs --state, the file for its sums');
  const whole = (['terms', 'compare', 'rmsd', 'target', 'out'] as const).find(
    name => given[name] !== undefined,
  );
  if (whole) command.error(`error: --${whole} does not go with --shard, which knows but parts of compounds`);
  if (given.format !== 'text') command.error('error: --format goes with merge, not with --shard');
}

function shardOf(text: string): Shard {
  const [, number, of] = (/^([1-9]\d{0,8})\/([1-9]\d{0,8})$/.exec(text) ?? []).map(Number);
  if (number !== undefined && of !== undefined && number <= of) return { number, of };
  throw new InvalidArgumentError('It must be a part and their number, such as 2/8.');
}

type Given = Omit<
  ScoreOptions,
  'receptor' | 'poses' | 'settings' | 'chosen' | 'chunk' | 'saveEvery' | 'terms' | 'strict' | 'compare'
> &
  Partial<Pick<ScoreOptions, 'receptor' | 'poses' | 'chunk' | 'saveEvery' | 'terms' | 'strict' | 'compare'>> &
  GivenModel & { readonly refine?: number };
