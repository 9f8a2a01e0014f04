import type { Base64 } from '../combine/base64.ts';
import type { Params } from '../combine/index.ts';
import type { Fitted } from './params.ts';

/** An optimiser that takes a step with one gradient: `adam()`, `adamw()` or `sgd()`. It has settings but no state. */
export interface FirstOrder {
  /** Distinguishes this kind of optimiser from {@link FullBatch}. */
  readonly kind: 'first-order';
  /** Its name, for saved states. */
  readonly name: string;
  /** Begins a run, or continues one from its saved state, bit for bit. */
  readonly start: (saved?: OptimiserState) => Stepper;
}

/** An optimiser that needs the value and gradient over all compounds at several points in a step: `lbfgs()`. */
export interface FullBatch {
  /** Distinguishes this kind of optimiser from {@link FirstOrder}. */
  readonly kind: 'full-batch';
  /** Its name, for saved states. */
  readonly name: string;
  /** Begins a run, or continues one from its saved state, bit for bit. */
  readonly start: (saved?: OptimiserState) => Descent;
}

/** An optimiser of `fit`. */
export type Optimiser = FirstOrder | FullBatch;

/** A run of a first-order optimiser, with its moments. */
export interface Stepper {
  /**
   * Takes a step and returns the new parameters, in fresh float64 tensors.
   *
   * @throws RangeError for a gradient that is missing, of another length or not finite, or a rate that is not a finite number
   * from 0
   */
  step<P extends Params>(params: P, gradient: Params): Fitted<P>;
  /** The state as plain JSON. */
  toJSON(): OptimiserState;
}

/** The state of an optimiser, as JSON. The moments are base64 of float64 bytes, so a round trip changes no bit. */
export interface OptimiserState {
  /** Name of the optimiser. */
  readonly optimiser: string;
  /** The number of steps taken. */
  readonly step: number;
  /**
   * The moments by name, such as the mean gradient `m`, then by parameter. For `lbfgs`, the vectors `s` and `y` of the
   * remembered steps, numbered from the oldest.
   */
  readonly moments: Readonly<Record<string, Readonly<Record<string, Base64>>>>;
}

/**
 * A value and its gradient. A result of `combinePoses` or `combineBatch` also serves: the value is its loss if it has one,
 * else its readout, else its `value`.
 */
export interface Evaluated {
  /** The loss. */
  readonly loss?: number;
  /** The readout, used if there is no loss. */
  readonly readout?: number;
  /** The value, used if there is neither loss nor readout. */
  readonly value?: number;
  /** The gradient by parameter, in the shapes of the parameters. */
  readonly gradient: Params;
}

/**
 * A function to minimise. A value or gradient that is not finite, or a `BadPoseError`, tells the search that a step was too
 * long.
 */
export type Objective<P extends Params> = (params: Fitted<P>) => Evaluated | Promise<Evaluated>;

/** A run of `lbfgs`, with its remembered steps. */
export interface Descent {
  /**
   * Runs an iteration: a line search along a new direction. The function is evaluated at `params` first, unless they are the
   * result of the last iteration.
   */
  step<P extends Params>(params: P, objective: Objective<P>): Promise<Descended<P>>;
  /** The state as plain JSON. */
  toJSON(): OptimiserState;
}

/** Result of one iteration of `lbfgs`. */
export interface Descended<P extends Params> {
  /** The new parameters. */
  readonly params: Fitted<P>;
  /** The value at the start of the iteration. */
  readonly before: number;
  /** The value at the new parameters. */
  readonly value: number;
  /** The number of iterations that found a better point, including those before a saved state. */
  readonly iteration: number;
  /** The largest magnitude of an entry of the gradient. */
  readonly steepness: number;
  /** The number of calls of the function. */
  readonly evaluations: number;
  /** The reason to stop; absent if another iteration may find a better point. */
  readonly stopped?: 'gradient' | 'value' | 'line-search';
}

/** @throws TypeError or RangeError unless `saved` is a state of the optimiser `name` */
export function checkState(name: string, saved: OptimiserState): void {
  if (Object(saved) !== saved || Object(saved.moments) !== saved.moments)
    throw new TypeError(`${name}: a saved state must come from toJSON(), got ${saved}`);
  if (saved.optimiser !== name)
    throw new TypeError(`${name}: the saved state is of ${saved.optimiser}, not of ${name}`);
  if (!Number.isSafeInteger(saved.step) || saved.step < 0)
    throw new RangeError(`${name}: the saved state has step ${saved.step}, not a whole number from 0`);
}
