import type { BatchOptions, ByWorkers, Compound, Grouped, LossContext, Params } from '../combine/index.ts';
import type { Value } from '../engine/index.ts';
import { checkOptions } from '../engine/options.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Optimiser } from './optimiser.ts';
import type { Epoch } from './result.ts';
import type { Validation } from './split.ts';

/** Options of {@link fit}: these, and most options of `combineBatch`. */
export interface FitOptions<Pose, C extends Compound<Pose>, P extends Params>
  extends Omit<BatchOptions<Pose, C, P>, 'compounds' | 'loss'> {
  /** The compounds, each with its poses and the data that `loss` needs. Every epoch reads the poses. */
  readonly compounds: readonly C[];
  /**
   * Returns the loss of a compound, such as `({ measured }) => squaredError(measured)`. A step lowers the sum of these
   * losses, the poseLosses and the `batchLoss`, divided by the number of compounds in the batch. Optional with a `poseLoss`,
   * a `batchLoss`, or workers, whose module may export a `poseLoss`.
   */
  readonly loss?: (compound: C) => (prediction: Value, context: LossContext<P>) => Value;
  /** The optimiser: `adam()`, `adamw()`, `sgd()` or `lbfgs()`. */
  readonly optimiser: Optimiser;
  /** The number of epochs, including those before the checkpoint of `resume`. With `lbfgs`, an epoch is an iteration. */
  readonly epochs: number;
  /**
   * The number of compounds in a step; the last batch of an epoch may be smaller. Default all. `lbfgs` always takes
   * all.
   */
  readonly batch?: number;
  /** True to shuffle the compounds for each epoch, with the seed. Default true. */
  readonly shuffle?: boolean;
  /** The seed for shuffling and for the split into training and validation, a whole number from 0. Default 0. */
  readonly seed?: number;
  /** Compounds that are held out of training. Default none. */
  readonly validation?: Validation<C>;
  /** The number of epochs without a lower validation loss after which the fit stops. Default: it does not stop early. */
  readonly patience?: number;
  /**
   * Action on a compound that cannot be scored: `throw` an error with its name (default), or `skip` it for the rest of the
   * fit and report it in `badCompounds`.
   */
  readonly badCompound?: 'throw' | 'skip';
  /** Called after each epoch. If it returns a promise, the fit awaits it. */
  readonly onEpoch?: (epoch: Epoch<P>) => unknown;
  /** Called with a checkpoint, which is plain JSON, to save it. If it returns a promise, the fit awaits it. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => unknown;
  /** The number of epochs between checkpoints. The last epoch always has one. Default 1. */
  readonly checkpointEvery?: number;
  /**
   * The checkpoint to resume from. With the same options the result equals that of an uninterrupted fit, bit for bit.
   */
  readonly resume?: Checkpoint | undefined;
}

/** All forms of the options of {@link fit}: without and with groups of poses, and with workers. */
export type AnyFitOptions<Pose, C extends Compound<Pose>, P extends Params> =
  | FitOptions<Pose, C, P>
  | Grouped<FitOptions<Pose, C, P>, Pose, P>
  | ByWorkers<FitOptions<Pose, C, P>>;

/** The options that are not passed to `combineBatch` unchanged. */
const fitNames = [
  'compounds',
  'loss',
  'optimiser',
  'epochs',
  'batch',
  'shuffle',
  'seed',
  'validation',
  'patience',
  'badCompound',
  'onEpoch',
  'onCheckpoint',
  'checkpointEvery',
  'resume',
] as const;

/** The options that are passed to `combineBatch` unchanged. */
const batchNames = [
  'params',
  'score',
  'posesPerTape',
  'pool',
  'combination',
  'strategy',
  'poseLoss',
  'batchLoss',
  'readout',
  'poseReadout',
  'executor',
  'onDeviceLost',
  'signal',
  'badPose',
  'tolerance',
] as const;

type Defaulted = 'shuffle' | 'seed' | 'badCompound' | 'checkpointEvery';

/** The options of `fit` with defaults filled in, and `scoring`, the options that go to `combineBatch`. */
export type Settings<Pose, C extends Compound<Pose>, P extends Params> = FitOptions<Pose, C, P> &
  Required<Pick<FitOptions<Pose, C, P>, Defaulted>> & {
    readonly scoring: Omit<BatchOptions<Pose, C, P>, 'compounds' | 'loss'>;
  };

/** Checks the options, and returns them with defaults filled in. @throws TypeError or RangeError naming the option */
export function settingsOf<Pose, C extends Compound<Pose>, P extends Params>(
  options: AnyFitOptions<Pose, C, P>,
): Settings<Pose, C, P> {
  checkOptions('fit', options, [...fitNames, ...batchNames]);
  const { compounds, loss, optimiser, epochs, validation, patience, onEpoch, onCheckpoint } = options;
  const { batch, shuffle = true, seed = 0, badCompound = 'throw', checkpointEvery = 1 } = options;
  if (!Array.isArray(compounds)) throw new TypeError('fit: compounds must be an array');
  if (compounds.length === 0) throw new RangeError('fit: there are no compounds');
  for (const [name, option] of Object.entries({ loss, onEpoch, onCheckpoint }))
    if (option !== undefined && typeof option !== 'function')
      throw new TypeError(`fit: ${name} must be a function, got ${typeof option}`);
  // The module of workers may export a poseLoss.
  if (!loss && !options.poseLoss && !options.batchLoss && !options.pool)
    throw new TypeError('fit: there is no loss; give one, such as ({ measured }) => squaredError(measured)');
  if (typeof optimiser?.start !== 'function')
    throw new TypeError('fit: optimiser must be made by adam(), adamw(), sgd() or lbfgs()');
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`fit: seed must be a whole number from 0, got ${seed}`);
  for (const [name, number] of Object.entries({ epochs, batch, patience, checkpointEvery }))
    if (number !== undefined || name === 'epochs') checkFrom1(name, number as number);
  if (optimiser.kind === 'full-batch' && batch !== undefined)
    throw new TypeError(`fit: ${optimiser.name} takes all compounds at once; leave out batch`);
  if (patience !== undefined && validation === undefined)
    throw new TypeError('fit: patience needs the option validation, such as 0.2');
  if (badCompound !== 'throw' && badCompound !== 'skip')
    throw new RangeError(`fit: badCompound must be 'throw' or 'skip', got ${badCompound}`);
  const scoring = Object.fromEntries(
    Object.entries(options).filter(([name]) => !fitNames.includes(name as 'loss')),
  );
  return {
    ...(options as FitOptions<Pose, C, P>),
    shuffle,
    seed,
    badCompound,
    checkpointEvery,
    scoring: scoring as unknown as Settings<Pose, C, P>['scoring'],
  };
}

function checkFrom1(name: string, number: number): void {
  if (!Number.isSafeInteger(number) || number < 1)
    throw new RangeError(`fit: ${name} must be a whole number from 1, got ${number}`);
}
