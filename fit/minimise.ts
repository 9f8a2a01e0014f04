import type { Params } from '../combine/index.ts';
import { checkOptions } from '../engine/options.ts';
import { type LbfgsOptions, lbfgs, lbfgsNames } from './lbfgs.ts';
import type { Objective } from './optimiser.ts';
import { copyOf, type Fitted } from './params.ts';
import { turns } from './turns.ts';

/** Options of {@link minimise}. */
export interface MinimiseOptions extends LbfgsOptions {
  /** Iterations at most. Default 200. */
  readonly iterations?: number;
  /** Called after each iteration; may return a promise, which is waited for. */
  readonly onIteration?: (progress: { readonly iteration: number; readonly value: number }) => unknown;
  /** Aborts between evaluations with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Result of {@link minimise}. */
export interface Minimum<P extends Params> {
  readonly params: Fitted<P>;
  readonly value: number;
  /** The largest entry of the gradient, without its sign. */
  readonly steepness: number;
  readonly iterations: number;
  /** Calls of the function. */
  readonly evaluations: number;
  /**
   * The gradient is within its tolerance; the value fell by no more than its tolerance; no point along a line was better, as
   * where rounding is all that is left; or there were as many iterations as allowed.
   */
  readonly stopped: 'gradient' | 'value' | 'line-search' | 'iterations';
}

/**
 * Minimises a function of many numbers by L-BFGS: the weights of a scorer over all compounds, or the coordinates of a pose. The
 * same start gives the same bits. No iteration ends higher than it began, but for rounding.
 *
 * @throws RangeError if the value or gradient at the start is not finite; the signal's reason; whatever the function throws but
 * a `BadPoseError`, which is a step too long
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
    const found = await descent.step(params as unknown as P, guarded);
    params = found.params;
    evaluations += found.evaluations;
    const { value, steepness } = found;
    await onIteration?.({ iteration, value });
    const stopped = found.stopped ?? (iteration === iterations ? 'iterations' : undefined);
    if (stopped) return { params, value, steepness, iterations: found.iteration, evaluations, stopped };
  }
}
