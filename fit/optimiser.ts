import type { Base64 } from '../combine/base64.ts';
import type { Params } from '../combine/index.ts';
import type { Fitted } from './params.ts';

/** An optimiser that takes a step along one gradient: `adam()`, `adamw()` or `sgd()`. It holds settings and no state. */
export interface FirstOrder {
  readonly kind: 'first-order';
  readonly name: string;
  /** Begins a run, or goes on from the saved state of one, bit for bit. */
  readonly start: (saved?: OptimiserState) => Stepper;
}

/** An optimiser that asks for the value and gradient of all compounds at several points a step: `lbfgs()`. */
export interface FullBatch {
  readonly kind: 'full-batch';
  readonly name: string;
  /** Begins a run, or goes on from the saved state of one, bit for bit. */
  readonly start: (saved?: OptimiserState) => Descent;
}

/** An optimiser of `fit`. */
export type Optimiser = FirstOrder | FullBatch;

/** A run of a first-order optimiser, with its moments. */
export interface Stepper {
  /**
   * The parameters after one more step, in fresh float64 tensors.
   *
   * @throws RangeError for a gradient that is missing, of another shape or not finite, or a rate that is not
   */
  step<P extends Params>(params: P, gradient: Params): Fitted<P>;
  /** The state as plain JSON. */
  toJSON(): OptimiserState;
}

/** The state of an optimiser as JSON. Numbers are base64 of their float64 bytes, so that a round trip changes no bit. */
export interface OptimiserState {
  readonly optimiser: string;
  /** Steps taken. */
  readonly step: number;
  /** By what they are, such as the mean gradient `m`, then by parameter; of `lbfgs` its pairs `s` and `y`, by age. */
  readonly moments: Readonly<Record<string, Readonly<Record<string, Base64>>>>;
}

/**
 * A value and its gradient. A result of `combinePoses` or `combineBatch` will do: its loss counts if it has one, else its readout,
 * else its value.
 */
export interface Evaluated {
  readonly loss?: number;
  readonly readout?: number;
  readonly value?: number;
  readonly gradient: Params;
}

/** A function to minimise. A value or gradient of NaN or infinity, or a `BadPoseError`, says that a step was too long. */
export type Objective<P extends Params> = (params: Fitted<P>) => Evaluated | Promise<Evaluated>;

/** A run of `lbfgs`, with its pairs. */
export interface Descent {
  /** One iteration: a direction, and a line search along it. Parameters that are not those it gave last are evaluated first. */
  step<P extends Params>(params: P, objective: Objective<P>): Promise<Descended<P>>;
  /** The state as plain JSON. */
  toJSON(): OptimiserState;
}

/** Result of one iteration of `lbfgs`. */
export interface Descended<P extends Params> {
  readonly params: Fitted<P>;
  /** The value where the iteration began. */
  readonly before: number;
  /** The value at the new parameters. */
  readonly value: number;
  /** Iterations so far that found a better point, with those of a saved state. */
  readonly iteration: number;
  /** The largest entry of the gradient, without its sign. */
  readonly steepness: number;
  /** Calls of the function. */
  readonly evaluations: number;
  /** Why another iteration would gain nothing; absent where it may. */
  readonly stopped?: 'gradient' | 'value' | 'line-search';
}

/** @throws TypeError or RangeError unless it is the state of such an optimiser */
export function checkState(name: string, saved: OptimiserState): void {
  if (Object(saved) !== saved || Object(saved.moments) !== saved.moments)
    throw new TypeError(`${name}: a saved state is what toJSON() gave, got ${saved}`);
  if (saved.optimiser !== name)
    throw new TypeError(`${name}: the saved state is of ${saved.optimiser}, not of ${name}`);
  if (!Number.isSafeInteger(saved.step) || saved.step < 0)
    throw new RangeError(`${name}: the saved state has step ${saved.step}, not a whole number from 0`);
}
