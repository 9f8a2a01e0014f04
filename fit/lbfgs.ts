import { float64ToBase64 } from '../combine/base64.ts';
import type { Params } from '../combine/index.ts';
import { checkOptions } from '../engine/options.ts';
import { isOfBadPose } from './bad-pose.ts';
import { checkFrom0 } from './first-order.ts';
import { type Freeze, frozenOf } from './freeze.ts';
import { dot, type Point, search } from './line-search.ts';
import {
  checkState,
  type Descended,
  type Descent,
  type Evaluated,
  type FullBatch,
  type Objective,
  type OptimiserState,
} from './optimiser.ts';
import { type Fitted, loadNumbers, mapParams } from './params.ts';

/** Options of {@link lbfgs}. */
export interface LbfgsOptions {
  /** The number of steps remembered. Default 10; use more if parameters differ much in scale. */
  readonly memory?: number;
  /**
   * The length of the first step that is tried opposite to the gradient, in the unit of the parameters. Default 1. If the
   * gradient is shorter, its length is taken.
   */
  readonly firstStep?: number;
  /** The search stops when no entry of the gradient has a magnitude above this. Default 10⁻⁶. */
  readonly gradientTolerance?: number;
  /**
   * The search stops when an iteration lowers the value by no more than this times max(|before|, |after|, 1). Default
   * 10⁻¹².
   */
  readonly valueTolerance?: number;
  /** Parameters that don't change. */
  readonly freeze?: Freeze;
}

/** The names of {@link LbfgsOptions}. */
export const lbfgsNames = ['memory', 'firstStep', 'gradientTolerance', 'valueTolerance', 'freeze'] as const;

/** A step s, and the change y of the gradient along it. */
interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
}

/**
 * The optimiser L-BFGS (J. Nocedal, Math. Comp. 35, 773, 1980; the two-loop recursion of Nocedal and Wright, algorithm 7.4)
 * with a line search for the strong Wolfe conditions (constants 10⁻⁴ and 0.9). In `fit`, each epoch is one
 * iteration, on the loss of all compounds together. If a line has no better point, the remembered steps are dropped, and the direction opposite to the gradient
 * is tried.
 *
 * @throws RangeError for an option out of range
 */
export function lbfgs(options: LbfgsOptions = {}): FullBatch {
  checkOptions('lbfgs', options, lbfgsNames);
  const { memory = 10, firstStep = 1, gradientTolerance = 1e-6, valueTolerance = 1e-12 } = options;
  if (!Number.isSafeInteger(memory) || memory < 1)
    throw new RangeError(`lbfgs: memory must be a whole number from 1, got ${memory}`);
  if (!(firstStep > 0 && Number.isFinite(firstStep)))
    throw new RangeError(`lbfgs: firstStep must be a finite number above 0, got ${firstStep}`);
  checkFrom0('lbfgs', 'gradientTolerance', gradientTolerance);
  checkFrom0('lbfgs', 'valueTolerance', valueTolerance);

  const start = (saved?: OptimiserState): Descent => {
    let pairs: Pair[] | undefined = saved ? undefined : [];
    let steps = saved?.step ?? 0;
    let last: Point | undefined;
    if (saved) checkState('lbfgs', saved);
    return {
      async step<P extends Params>(params: P, objective: Objective<P>): Promise<Descended<P>> {
        const frozen = frozenOf('lbfgs', options.freeze, params);
        const names = Object.keys(params).filter(name => !frozen.has(name));
        let evaluations = 0;
        const evaluate = async (x: Float64Array): Promise<Point> => {
          evaluations++;
          return pointOf(x, names, params, objective);
        };
        const x = flat(params, names);
        pairs ??= loadPairs(saved as OptimiserState, x.length);
        if (!last || !sameNumbers(last.x, x)) last = await evaluate(x);
        const from = last;
        if (Number.isNaN(from.value))
          throw new RangeError('lbfgs: the value or its gradient is not finite at the start of the search');
        const resultAt = (to: Point, stopped?: Descended<P>['stopped']): Descended<P> => ({
          params: unflat(to.x, names, params),
          before: from.value,
          value: to.value,
          iteration: steps,
          steepness: steepness(to.slope),
          evaluations,
          ...(stopped && { stopped }),
        });
        if (steepness(from.slope) <= gradientTolerance) return resultAt(from, 'gradient');

        // The length 1 is right for the direction of a quasi-Newton method near the minimum.
        let to =
          pairs.length > 0 ? await search(from, directionOf(from.slope, pairs), 1, evaluate) : undefined;
        if (!to) {
          pairs = [];
          const downhill = from.slope.map(entry => -entry);
          const length = Math.min(1, firstStep / Math.sqrt(dot(downhill, downhill)));
          to = await search(from, downhill, length, evaluate);
        }
        if (!to) return resultAt(from, 'line-search');
        steps++;
        last = to;
        const s = to.x.map((entry, i) => entry - (from.x[i] as number));
        const y = to.slope.map((entry, i) => entry - (from.slope[i] as number));
        // A pair with negative curvature would spoil the direction.
        if (dot(s, y) > Number.EPSILON * dot(y, y)) pairs = [...pairs, { s, y }].slice(-memory);
        if (steepness(to.slope) <= gradientTolerance) return resultAt(to, 'gradient');
        const scale = Math.max(Math.abs(from.value), Math.abs(to.value), 1);
        return resultAt(to, from.value - to.value <= valueTolerance * scale ? 'value' : undefined);
      },
      toJSON(): OptimiserState {
        if (!pairs) return saved as OptimiserState;
        const written = (vector: keyof Pair) =>
          Object.fromEntries((pairs ?? []).map((pair, k) => [k, float64ToBase64(pair[vector])]));
        return { optimiser: 'lbfgs', step: steps, moments: { s: written('s'), y: written('y') } };
      },
    };
  };
  return { kind: 'full-batch', name: 'lbfgs', start };
}

/**
 * Returns −H g by the two-loop recursion, with the inverse Hessian H estimated from the pairs. Returns −g if rounding
 * makes −H g a direction in which the value does not fall.
 */
function directionOf(slope: Float64Array, pairs: readonly Pair[]): Float64Array {
  const direction = slope.map(entry => -entry);
  const alphas = pairs.map(() => 0);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y } = pairs[k] as Pair;
    alphas[k] = dot(s, direction) / dot(s, y);
    addTo(direction, -(alphas[k] as number), y);
  }
  const last = pairs.at(-1) as Pair;
  const scale = dot(last.s, last.y) / dot(last.y, last.y);
  for (let i = 0; i < direction.length; i++) (direction[i] as number) *= scale;
  for (const [k, { s, y }] of pairs.entries())
    addTo(direction, (alphas[k] as number) - dot(y, direction) / dot(s, y), s);
  return dot(direction, slope) < 0 ? direction : slope.map(entry => -entry);
}

function addTo(sum: Float64Array, factor: number, term: Float64Array): void {
  for (let i = 0; i < sum.length; i++) (sum[i] as number) += factor * (term[i] as number);
}

/** Returns the largest magnitude of an entry. */
function steepness(slope: Float64Array): number {
  return slope.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
}

/** Evaluates the function at x. Value and slope are NaN if one of their numbers or of x is not finite, or a pose is bad. */
async function pointOf<P extends Params>(
  x: Float64Array,
  names: readonly string[],
  params: P,
  objective: Objective<P>,
): Promise<Point> {
  const bad = { x, value: Number.NaN, slope: new Float64Array(x.length).fill(Number.NaN) };
  if (!x.every(Number.isFinite)) return bad;
  let evaluated: Evaluated;
  try {
    evaluated = await objective(unflat(x, names, params));
  } catch (error) {
    if (isOfBadPose(error)) return bad;
    throw error;
  }
  const value = evaluated.loss ?? evaluated.readout ?? evaluated.value;
  if (typeof value !== 'number')
    throw new TypeError('lbfgs: the function must return { value, gradient }, as combinePoses does');
  for (const name of names) {
    if (evaluated.gradient[name]?.data.length !== params[name]?.data.length)
      throw new RangeError(`lbfgs: the gradient of ${name} is missing or has another length`);
  }
  const slope = flat(evaluated.gradient, names);
  return Number.isFinite(value) && slope.every(Number.isFinite) ? { x, value, slope } : bad;
}

/** Joins the numbers of some parameters in one array. */
function flat(params: Params, names: readonly string[]): Float64Array {
  const parts = names.map(name => params[name]?.data ?? []);
  const numbers = new Float64Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    numbers.set(part, at);
    at += part.length;
  }
  return numbers;
}

/** Returns the parameters with the numbers of {@link flat}. Parameters not in `names` keep their numbers. */
function unflat<P extends Params>(numbers: Float64Array, names: readonly string[], params: P): Fitted<P> {
  const starts = new Map<string, number>();
  let at = 0;
  for (const name of names) {
    starts.set(name, at);
    at += params[name]?.data.length ?? 0;
  }
  return mapParams(params, ({ data }, name) => {
    const start = starts.get(name);
    return start === undefined ? Float64Array.from(data) : numbers.slice(start, start + data.length);
  });
}

function sameNumbers(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((entry, i) => entry === b[i]);
}

/** Reads the pairs of a saved state, the oldest first. */
function loadPairs({ moments }: OptimiserState, size: number): Pair[] {
  const count = Object.keys(Object(moments.s)).length;
  const load = (vector: keyof Pair, k: number) =>
    loadNumbers(`lbfgs: the saved ${vector} of step ${k}`, moments[vector]?.[k] as string, size);
  return Array.from({ length: count }, (_, k) => ({ s: load('s', k), y: load('y', k) }));
}
