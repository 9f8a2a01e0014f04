import type { Tensor } from 'posetape';
import { largest } from '../support/equal.ts';

/** Wrong entry of an answer. */
export interface Difference {
  /** Index of the wanted tensor. */
  readonly tensor: number;
  /** Index of the entry in its data. */
  readonly entry: number;
  readonly actual: number | string;
  readonly expected: number | string;
  readonly allowed: number;
}

/** Allowed difference of answers. */
export interface Bound {
  /** Difference that is always allowed, relative to the largest finite entry of the tensor. */
  readonly tolerance: number;
  /** Returns the effect of rounding on each tensor. Called only for a difference larger than the tolerance. */
  readonly spreads: () => readonly number[];
}

/** Result of a comparison: the first entry that differs, if any, and the number of excused tensors. */
export interface Comparison {
  readonly difference?: Difference;
  /** Number of tensors whose difference exceeds the tolerance, but can be explained by rounding. */
  readonly excused: number;
}

/** Multiple of the spread that is allowed. The spread is the largest change in only a few trials, so it may be low. */
const margin = 16;

/** Compares an executor's results with the expected ones. NaN equals NaN, an infinity equals itself, and −0 equals 0. */
export function compare(actual: readonly Tensor[], expected: readonly Tensor[], bound: Bound): Comparison {
  let excused = 0;
  for (const [i, wanted] of expected.entries()) {
    const got = actual[i];
    const misfit = shapeDifference(got, wanted);
    if (misfit || !got)
      return { difference: { tensor: i, entry: 0, allowed: 0, ...(misfit as Misfit) }, excused };
    const strict = bound.tolerance * largest(wanted);
    if (farthest(got, wanted, strict) < 0) continue;
    const allowed = strict + margin * (bound.spreads()[i] as number);
    const entry = farthest(got, wanted, allowed);
    if (entry < 0) {
      excused++;
      continue;
    }
    const [a, b] = [got.data[entry] as number, wanted.data[entry] as number];
    return { difference: { tensor: i, entry, actual: a, expected: b, allowed }, excused };
  }
  return { excused };
}

type Misfit = Pick<Difference, 'actual' | 'expected'>;

function shapeDifference(actual: Tensor | undefined, expected: Tensor): Misfit | undefined {
  const kind = (tensor: Tensor | undefined) =>
    tensor &&
    `${tensor.data instanceof Int32Array ? 'index' : 'real'} [${tensor.shape}] of ${tensor.data.length}`;
  const [a, b] = [`${kind(actual)}`, `${kind(expected)}`];
  return a === b ? undefined : { actual: a, expected: b };
}

/** Index of the entry that exceeds the allowed difference most; −1 if none does. */
function farthest(actual: Tensor, expected: Tensor, allowed: number): number {
  let worst = -1;
  let largestOff = allowed;
  if (allowed === Number.POSITIVE_INFINITY) return worst;
  for (let k = 0; k < expected.data.length; k++) {
    const [a, b] = [actual.data[k] as number, expected.data[k] as number];
    if (a === b || Object.is(a, b)) continue;
    const off = Math.abs(a - b);
    if (off <= largestOff) continue;
    worst = k;
    largestOff = Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
  }
  return worst;
}
