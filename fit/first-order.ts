import { float64ToBase64 } from '../combine/base64.ts';
import type { Params } from '../combine/index.ts';
import { type Freeze, frozenOf } from './freeze.ts';
import { checkState, type FirstOrder, type OptimiserState, type Stepper } from './optimiser.ts';
import { type Fitted, loadNumbers, mapParams } from './params.ts';

/** The length of a step: a number, or a function of the step, from 1. */
export type Schedule = number | ((step: number) => number);

/** A bound on gradients: on the norm of all entries together, or on the size of each entry. */
export type Clip =
  | {
      /** The largest norm. */
      readonly norm: number;
    }
  | {
      /** The largest size of an entry. */
      readonly value: number;
    };

/** Options that all first-order optimisers share. */
export interface FirstOrderOptions {
  /** The approximate change of a parameter in a step (Adam), or the factor of the gradient (SGD). */
  readonly rate: Schedule;
  /** The weight decay λ. Default 0. */
  readonly weightDecay?: number;
  /**
   * A bound on gradients, applied first. Default none. As in PyTorch's `clip_grad_norm_`, gradients with a norm above
   * the bound are multiplied by bound/(norm + 10⁻⁶).
   */
  readonly clip?: Clip;
  /** Parameters that don't change. Their gradients don't count in the norm. */
  readonly freeze?: Freeze;
}

/** The names of {@link FirstOrderOptions}. */
export const sharedNames = ['rate', 'weightDecay', 'clip', 'freeze'] as const;

/** The part in which first-order optimisers differ. */
export interface Rule {
  readonly name: string;
  /** Names of the moments, each of the size of θ and initially 0. */
  readonly moments: readonly string[];
  /** Changes the numbers of one parameter and its moments in place. It may also change the gradient. */
  readonly update: (
    theta: Float64Array,
    gradient: Float64Array,
    moments: readonly Float64Array[],
    at: { readonly rate: number; readonly step: number },
  ) => void;
}

/** An optimiser with this rule. @throws RangeError for an option out of range */
export function firstOrder(
  rule: Rule,
  { rate, weightDecay = 0, clip, freeze }: FirstOrderOptions,
): FirstOrder {
  const { name } = rule;
  if (typeof rate !== 'function') checkFrom0(name, 'rate', rate);
  checkFrom0(name, 'weightDecay', weightDecay);
  checkClip(name, clip);
  return {
    kind: 'first-order',
    name,
    start(saved?: OptimiserState): Stepper {
      if (saved) checkState(name, saved);
      const moments = new Map<string, readonly Float64Array[]>();
      let step = saved?.step ?? 0;
      const momentsOf = (parameter: string, size: number) => {
        const known = moments.get(parameter) ?? loadMoments(rule, saved, parameter, size);
        moments.set(parameter, known);
        return known;
      };
      return {
        step<P extends Params>(params: P, gradient: Params): Fitted<P> {
          const frozen = frozenOf(name, freeze, params);
          const slopes = slopesOf(name, params, gradient, frozen);
          if (clip) shorten([...slopes.values()], clip);
          const next = step + 1;
          const length = typeof rate === 'function' ? rate(next) : rate;
          checkFrom0(name, `the rate of step ${next}`, length);
          step = next;
          return mapParams(params, ({ data }, parameter) => {
            const theta = Float64Array.from(data);
            const slope = slopes.get(parameter);
            if (slope) rule.update(theta, slope, momentsOf(parameter, theta.length), { rate: length, step });
            return theta;
          });
        },
        toJSON(): OptimiserState {
          const written = rule.moments.map((moment, k) => [
            moment,
            // Parameters without a step since the state was read keep their saved moments.
            {
              ...saved?.moments[moment],
              ...Object.fromEntries(
                [...moments].map(([parameter, each]) => [
                  parameter,
                  float64ToBase64(each[k] as Float64Array),
                ]),
              ),
            },
          ]);
          return { optimiser: name, step, moments: Object.fromEntries(written) };
        },
      };
    },
  };
}

function loadMoments(
  { name, moments }: Rule,
  saved: OptimiserState | undefined,
  parameter: string,
  size: number,
): Float64Array[] {
  return moments.map(moment => {
    const known = Object(saved?.moments[moment]);
    if (!Object.hasOwn(known, parameter)) return new Float64Array(size);
    return loadNumbers(`${name}: the saved ${moment} of ${parameter}`, known[parameter], size);
  });
}

/** Copies of the gradients of the parameters that are not frozen. */
function slopesOf(
  name: string,
  params: Params,
  gradient: Params,
  frozen: ReadonlySet<string>,
): Map<string, Float64Array> {
  const slopes = new Map<string, Float64Array>();
  for (const [parameter, { data }] of Object.entries(params)) {
    if (frozen.has(parameter)) continue;
    const slope = Object.hasOwn(gradient, parameter) ? gradient[parameter] : undefined;
    if (slope?.data.length !== data.length)
      throw new RangeError(`${name}: ${parameter} has no gradient of its shape`);
    const bad = slope.data.findIndex(each => !Number.isFinite(each));
    if (bad >= 0)
      throw new RangeError(`${name}: the gradient of ${parameter} is ${slope.data[bad]} at position ${bad}`);
    slopes.set(parameter, Float64Array.from(slope.data));
  }
  return slopes;
}

function shorten(slopes: readonly Float64Array[], clip: Clip): void {
  if ('value' in clip) {
    for (const slope of slopes)
      for (let i = 0; i < slope.length; i++)
        slope[i] = Math.max(-clip.value, Math.min(clip.value, slope[i] as number));
    return;
  }
  // Relative to the largest entry, so that no square overflows.
  const largest = slopes.reduce((most, slope) => slope.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);
  if (largest === 0) return;
  let squares = 0;
  for (const slope of slopes) for (const each of slope) squares += (each / largest) ** 2;
  const factor = clip.norm / (largest * Math.sqrt(squares) + 1e-6);
  if (factor >= 1) return;
  for (const slope of slopes) for (let i = 0; i < slope.length; i++) (slope[i] as number) *= factor;
}

function checkClip(name: string, clip: Clip | undefined): void {
  if (clip === undefined) return;
  const bounds = Object.entries(Object(clip));
  const [kind, bound] = bounds[0] ?? [];
  if (bounds.length !== 1 || (kind !== 'norm' && kind !== 'value'))
    throw new TypeError(`${name}: clip is { norm } or { value }`);
  if (!(typeof bound === 'number' && bound > 0))
    throw new RangeError(`${name}: clip.${kind} must be a number above 0, got ${bound}`);
}

/** @throws RangeError unless the number is finite and at least 0 */
export function checkFrom0(owner: string, what: string, number: number): void {
  if (!(number >= 0 && Number.isFinite(number)))
    throw new RangeError(`${owner}: ${what} must be a finite number from 0, got ${number}`);
}

/** @throws RangeError unless the number is at least 0 and below 1 */
export function checkShare(owner: string, what: string, number: number): void {
  if (!(number >= 0 && number < 1))
    throw new RangeError(`${owner}: ${what} must be a number from 0 to below 1, got ${number}`);
}
