import type { Params } from '../combine/index.ts';
import type { BadCompound, EpochLosses } from './checkpoint.ts';
import type { Fitted } from './params.ts';

/** An epoch that has ended. */
export interface Epoch<P extends Params> extends EpochLosses {
  /** The parameters after it. */
  readonly params: Fitted<P>;
  /** The epoch with the lowest validation loss so far. */
  readonly best?: number;
}

/** Result of `fit`. */
export interface FitResult<P extends Params> {
  /** The parameters with the lowest validation loss; without a validation, those after the last epoch. */
  readonly params: Fitted<P>;
  /** The epoch that came to them. */
  readonly best: number;
  readonly epochs: readonly EpochLosses[];
  /** Why it ended: all epochs are done, the validation loss was not lower for long, or `lbfgs` has nothing to gain. */
  readonly stopped: 'epochs' | 'patience' | 'converged';
  readonly badCompounds: readonly BadCompound[];
}
