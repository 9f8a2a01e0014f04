import type { Params } from '../combine/index.ts';
import type { BadCompound, EpochLosses } from './checkpoint.ts';
import type { Fitted } from './params.ts';

/** Losses and parameters of a finished epoch. */
export interface Epoch<P extends Params> extends EpochLosses {
  /** The parameters after the epoch. */
  readonly params: Fitted<P>;
  /** The epoch with the lowest validation loss so far. */
  readonly best?: number;
}

/** Result of `fit`. */
export interface FitResult<P extends Params> {
  /** The parameters with the lowest validation loss; without validation, those after the last epoch. */
  readonly params: Fitted<P>;
  /** The epoch that gave these parameters. */
  readonly best: number;
  /** Losses of each epoch. */
  readonly epochs: readonly EpochLosses[];
  /** The reason for stopping: all epochs are done (`epochs`), `patience` ran out, or `lbfgs` has converged. */
  readonly stopped: 'epochs' | 'patience' | 'converged';
  /** Compounds that were left out. */
  readonly badCompounds: readonly BadCompound[];
}
