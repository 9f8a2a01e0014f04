import { float64ToBase64 } from '../combine/base64.ts';
import type { Params } from '../combine/index.ts';
import { type Freeze, frozenOf } from './freeze.ts';
import { checkState, type FirstOrder, type OptimiserState, type Stepper } from './optimiser.ts';
import { type Fitted, loadNumbers, mapParams } from './params.ts';

/** The rate of an optimiser: a number, or a function of the step, which is counted from 1. */
export type Schedule = number | ((step: number) => number);

/** A bound on gradients: on the norm of all entries together, or on the magnitude of each entry. */
export type Clip =
  | {
      /** The largest norm of all entries together. */
      readonly norm: number;
    }
  | {
      /** The largest magnitude of an entry. */
      readonly value: number;
    };

/** Options that all first-order optimisers share. */
export interface FirstOrderOptions {
  /** The rate α: the approximate change of a parameter in a step (Adam), or the factor of the gradient (SGD). */
  readonly rate: Schedule;
  /** The weight decay λ. Default 0. */
  readonly weightDecay?: number;
  /**
   * A bound on gradients, applied before weight decay. Default none. As in PyTorch's `clip_grad_norm_`, gradients with a norm
   * above the bound are multiplied by bound/(norm + 10⁻⁶).
   */
  readonly clip?: Clip;
  /** Parameters that don't change. Their gradients don't count in the norm. */
  readonly freeze?: Freeze;
}

/** The names of {@link FirstOrderOptions}. */
export const sharedNames = ['rate', 'weightDecay', 'clip', 'freeze'] as const;

/** The update rule of a first-order optimiser. */
export interface Rule {
  readonly name: string;
  /** Names of the moments, such as the mean gradient. Each has the size of the parameters and is initially 0. */
  readonly moments: readonly string[];
  /** Changes the numbers of one parameter and its moments in place. It may also change the gradient. */
  readonly update: (
    theta: Float64Array,
    gradient: Float64Array,
    moments: readonly Float64Array[],
    at: { readonly rate: number; readonly step: number },
  ) => void;
}

/** Makes an optimiser with this rule. @throws RangeError for an option out of range */
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
        const current = moments.get(parameter) ?? loadMoments(rule, saved, parameter, size);
        moments.set(parameter, current);
        return current;
      };
      return {
        step<P extends Params>(params: P, gradient: Params): Fitted<P> {
          const frozen = frozenOf(name, freeze, params);
          const slopes = slopesOf(name, params, gradient, frozen);
          if (clip) clipGradients([...slopes.values()], clip);
          const next = step + 1;
          const stepRate = typeof rate === 'function' ? rate(next) : rate;
          checkFrom0(name, `the rate of step ${next}`, stepRate);
          step = next;
          return mapParams(params, ({ data }, parameter) => {
            const theta = Float64Array.from(data);
            const slope = slopes.get(parameter);
            if (slope)
              rule.update(theta, slope, momentsOf(parameter, theta.length), { rate: stepRate, step });
            return theta;
          });
        },
        toJSON(): OptimiserState {
          const written = rule.moments.map((moment, k) => [
            moment,
            // Saved moments are kept for parameters that took no step since the state was read.
            {
              ...saved?.moments[moment],
              ...Object.fromEntries(
                [...moments].map(([parameter, arrays]) => [
                  parameter,
                  float64ToBase64(arrays[k] as Float64Array),
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

/** Returns the saved moments of a parameter, or zeros. */
function loadMoments(
  { name, moments }: Rule,
  saved: OptimiserState | undefined,
  parameter: string,
  size: number,
): Float64Array[] {
  return moments.map(moment => {
    const texts = Object(saved?.moments[moment]);
    if (!Object.hasOwn(texts, parameter)) return new Float64Array(size);
    return loadNumbers(`${name}: the saved ${moment} of ${parameter}`, texts[parameter], size);
  });
}

/**
 * Copies the gradients of the parameters that are not frozen.
 *
 * @throws RangeError for a gradient that is missing, of another length or not finite
 */
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
      throw new RangeError(`${name}: the gradient of ${parameter} is missing or has another length`);
    const bad = slope.data.findIndex(entry => !Number.isFinite(entry));
    if (bad >= 0)
      throw new RangeError(`${name}: the gradient of ${parameter} is ${slope.data[bad]} at position ${bad}`);
    slopes.set(parameter, Float64Array.from(slope.data));
  }
  return slopes;
}

/** Clips gradients in place. */
function clipGradients(slopes: readonly Float64Array[], clip: Clip): void {
  if ('value' in clip) {
    for (const slope of slopes)
      for (let i = 0; i < slope.length; i++)
        slope[i] = Math.max(-clip.value, Math.min(clip.value, slope[i] as number));
    return;
  }
  // Entries are divided by the largest, so that their squares do not overflow.
  const largest = slopes.reduce((most, slope) => slope.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);
  if (largest === 0) return;
  let squares = 0;
  for (const slope of slopes) for (const entry of slope) squares += (entry / largest) ** 2;
  const factor = clip.norm / (largest * Math.sqrt(squares) + 1e-6);
  if (factor >= 1) return;
  for (const slope of slopes) for (let i = 0; i < slope.length; i++) (slope[i] as number) *= factor;
}

function checkClip(name: string, clip: Clip | undefined): void {
  if (clip === undefined) return;
  const bounds = Object.entries(Object(clip));
  const [kind, bound] = bounds[0] ?? [];
  if (bounds.length !== 1 || (kind !== 'norm' && kind !== 'value'))
    throw new TypeError(`${name}: clip must be { norm } or { value }`);
  if (!(typeof bound === 'number' && bound > 0))
    throw new RangeError(`${name}: clip.${kind} must be a number above 0, got ${bound}`);
}

/** @throws RangeError unless the number is finite and at least 0 */
export function checkFrom0(owner: string, what: string, number: number): void {
  if (!(number >= 0 && Number.isFinite(number)))
    throw new RangeError(`${owner}: ${what} must be a finite number from 0, got ${number}`);
}

/** @throws RangeError unless the number is at least 0 and below 1 */
export function checkFrom0Below1(owner: string, what: string, number: number): void {
  if (!(number >= 0 && number < 1))
    throw new RangeError(`${owner}: ${what} must be a number from 0 to below 1, got ${number}`);
}
