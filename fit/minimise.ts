import type { Params } from '../combine/index.ts';
import { checkOptions } from '../engine/options.ts';
import { type LbfgsOptions, lbfgs, lbfgsNames } from './lbfgs.ts';
import type { Objective } from './optimiser.ts';
import { copyOf, type Fitted } from './params.ts';
import { turns } from './turns.ts';

/** Options of {@link minimise}. */
export interface MinimiseOptions extends LbfgsOptions {
  /** The largest number of iterations. Default 200. */
  readonly iterations?: number;
  /** Called after each iteration. If it returns a promise, the search awaits it. */
  readonly onIteration?: (progress: { readonly iteration: number; readonly value: number }) => unknown;
  /** Aborts the search between evaluations. The search then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Result of {@link minimise}. */
export interface Minimum<P extends Params> {
  /** The parameters with the lowest value. */
  readonly params: Fitted<P>;
  /** The value at these parameters. */
  readonly value: number;
  /** The largest magnitude of an entry of the gradient at these parameters. */
  readonly steepness: number;
  /** Number of iterations that found a better point. */
  readonly iterations: number;
  /** The number of calls of the function. */
  readonly evaluations: number;
  /**
   * The reason for stopping: the gradient is within its tolerance (`gradient`), the value fell by no more than its tolerance
   * (`value`), no point along a line was better, usually because of rounding (`line-search`), or `iterations` was reached.
   */
  readonly stopped: 'gradient' | 'value' | 'line-search' | 'iterations';
}

/**
 * Minimises a function of many numbers by L-BFGS, such as a loss over all compounds as a function of a scorer's parameters,
 * or the energy of a pose as a function of its coordinates. The same start gives the same bits. Up to rounding, the value
 * never rises from one iteration to the next.
 *
 * @throws RangeError if the value or gradient at the start is not finite; the signal's reason; the errors of the function,
 * except a `BadPoseError`, which means that a step was too long
 * @example
 * const energy = recorded((tape, { x }) => sum(square(sub(x, 3))));
 * const { params, value, stopped } = await minimise(energy, { x: tensor([0, 1]) });
 */
export async function minimise<const P extends Params>(
  f: Objective<P>,
  x0: P,
  options: MinimiseOptions = {},
): Promise<Minimum<P>> {
  checkOptions('minimise', options, [...lbfgsNames, 'iterations', 'onIteration', 'signal']);
  const { iterations = 200, onIteration, signal, ...settings } = options;
  if (!Number.isSafeInteger(iterations) || iterations < 1)
    throw new RangeError(`minimise: iterations must be a whole number from 1, got ${iterations}`);
  const descent = lbfgs(settings).start();
  const turn = turns();
  const guarded: Objective<P> = async params => {
    await turn();
    signal?.throwIfAborted();
    return f(params);
  };
  let [params, evaluations] = [copyOf(x0), 0];
  for (let iteration = 1; ; iteration++) {
    const descended = await descent.step(params as unknown as P, guarded);
    params = descended.params;
    evaluations += descended.evaluations;
    const { value, steepness } = descended;
    await onIteration?.({ iteration, value });
    const stopped = descended.stopped ?? (iteration === iterations ? 'iterations' : undefined);
    if (stopped) return { params, value, steepness, iterations: descended.iteration, evaluations, stopped };
  }
}
