import type { Params } from '../combine/index.ts';
import type { Optimiser, OptimiserState } from './optimiser.ts';
import { type Fitted, loadTensors, type SavedTensors, saveTensors } from './params.ts';

/** A compound that was left out, and the reason. */
export interface BadCompound {
  /**
   * The `name` of the compound. Without one, its number, counted from 0: `compound 3`, or `validation compound 3` if the
   * validation compounds are a list of their own.
   */
  readonly name: string;
  /** The reason, such as `pose 3: its prediction is NaN`. */
  readonly reason: string;
  /** The epoch in which the compound was found bad. */
  readonly epoch: number;
}

/** The losses of an epoch: means over the compounds. */
export interface EpochLosses {
  /** The number of the epoch, from 1. */
  readonly epoch: number;
  /** The mean over the training compounds. The loss of a compound is computed before the step on its batch. */
  readonly loss: number;
  /** The mean over the validation compounds, after the epoch. */
  readonly validationLoss?: number;
}

/**
 * The state of a fit at the end of an epoch, as plain JSON. With the same options the resumed fit gives the same bits.
 */
export interface Checkpoint {
  /** Name and version of the format. */
  readonly format: 'posetape fit 1';
  /** Seed of the order of the compounds. */
  readonly seed: number;
  /** The numbers of training and validation compounds. */
  readonly compounds: readonly [number, number];
  /** The parameters. */
  readonly params: SavedTensors;
  /** The parameters with the lowest validation loss. */
  readonly best?: {
    /** The epoch that reached them. */
    readonly epoch: number;
    /** The validation loss. */
    readonly loss: number;
    /** The parameters. */
    readonly params: SavedTensors;
  };
  /** State of the optimiser. */
  readonly optimiser: OptimiserState;
  /** Losses of each epoch so far. */
  readonly epochs: readonly EpochLosses[];
  /** Compounds that were left out. */
  readonly badCompounds: readonly BadCompound[];
}

/** Parameters with their validation loss, and the epoch after which they were reached. */
export interface Best<P extends Params> {
  readonly epoch: number;
  readonly loss: number;
  readonly params: Fitted<P>;
}

/** The state of a fit between epochs. */
export interface FitState<P extends Params> {
  params: Fitted<P>;
  best: Best<P> | undefined;
  epochs: EpochLosses[];
  /** The bad compounds by name. */
  readonly bad: Map<string, BadCompound>;
}

/** Writes the state of a fit as a checkpoint. */
export function saveCheckpoint<P extends Params>(
  { params, best, epochs, bad }: FitState<P>,
  optimiser: OptimiserState,
  fit: Pick<Checkpoint, 'seed' | 'compounds'>,
): Checkpoint {
  return {
    format: 'posetape fit 1',
    seed: fit.seed,
    compounds: fit.compounds,
    params: saveTensors(params),
    ...(best && { best: { ...best, params: saveTensors(best.params) } }),
    optimiser,
    epochs: [...epochs],
    badCompounds: [...bad.values()],
  };
}

/** Reads a checkpoint. @throws TypeError or RangeError naming the part of it that does not match this fit */
export function loadCheckpoint<P extends Params>(
  saved: Checkpoint,
  optimiser: Optimiser,
  fit: Pick<Checkpoint, 'seed' | 'compounds'> & { readonly params: P },
): FitState<P> {
  if (Object(saved).format !== 'posetape fit 1' || !Array.isArray(saved.epochs))
    throw new TypeError('fit: resume must be a checkpoint that a fit wrote');
  if (saved.seed !== fit.seed)
    throw new RangeError(`fit: the checkpoint has seed ${saved.seed}, but this fit has ${fit.seed}`);
  if (`${saved.compounds}` !== `${fit.compounds}`)
    throw new RangeError(
      `fit: the checkpoint has ${Array.from(saved.compounds).join(' and ')} training and validation compounds, but this fit has ${fit.compounds.join(' and ')}`,
    );
  if (saved.optimiser?.optimiser !== optimiser.name)
    throw new TypeError(
      `fit: the checkpoint is of ${saved.optimiser?.optimiser}, but this fit uses ${optimiser.name}`,
    );
  const { best } = saved;
  return {
    params: loadTensors('fit: the checkpoint', saved.params, fit.params),
    best: best && {
      ...best,
      params: loadTensors('fit: the best parameters of the checkpoint', best.params, fit.params),
    },
    epochs: [...saved.epochs],
    bad: new Map(Array.from(saved.badCompounds ?? [], compound => [compound.name, compound])),
  };
}
