import { reshaped } from '../../engine/fan-out.ts';
import type { SliceForm } from '../../engine/forms.ts';
import { type Shape, sameShape } from '../../engine/shape.ts';
import { checkValue, defineOp, showArgument, showShape, type Value } from '../op.ts';
import { padTo } from './pad.ts';

/**
 * The entries from position `start` up to but not including position `end`. Both are a number for the first axis, or a
 * list with a number for each of the first few axes. Negative positions count from the end of their axis, and a missing
 * end is the end of the axis. With a `step` of s, the result is every s-th entry. The adjoint is `pad`.
 *
 * @throws RangeError if the box reaches outside, or a step is not a whole number from 1; to reverse an axis use `flip`
 * @example
 * slice(a, 2, 5);                               // rows 2, 3 and 4
 * slice(a, [0, -1]);                            // the last column
 * slice(a, [0, 1], [], [1, 2]);                 // every other column from the second
 */
export function slice(
  a: Value,
  start: number | readonly number[],
  end: number | readonly number[] = [],
  step: number | readonly number[] = 1,
): Value {
  checkValue('slice', a);
  const from = positions(a, start, () => 0);
  const to = positions(a, end, length => length);
  const shape = to.map((position, axis) => position - (from[axis] as number));
  if (shape.some(length => length < 0)) {
    throw new RangeError(
      `slice: ${showShape(a.shape)}: the end (${to.join(', ')}) lies before the start (${from.join(', ')})`,
    );
  }
  // A box of the full shape that begins elsewhere reaches outside. It is recorded, so that the check of the form throws.
  const isWhole = sameShape(shape, a.shape) && from.every(position => position === 0);
  const box = isWhole ? a : sliceOp([a], from, shape);
  return stepsOf(a, step).reduce(everyNth, box);
}

function stepsOf(a: Value, step: number | readonly number[]): readonly number[] {
  const steps: readonly number[] = Array.isArray(step) ? step : [step];
  if (step === 1) return [];
  if (steps.length > a.shape.length || !steps.every(entry => Number.isInteger(entry) && entry >= 1)) {
    const got = steps.map(showArgument);
    throw new RangeError(
      `slice: ${showShape(a.shape)}: steps must be whole numbers from 1, at most one for each axis, got (${got.join(', ')})`,
    );
  }
  return steps;
}

/** Every `step`-th entry along an axis: the first column after the axis is reshaped to rows of length `step`. */
function everyNth(a: Value, step: number, axis: number): Value {
  const length = a.shape[axis] as number;
  if (step === 1 || length === 0) return a;
  const rows = Math.ceil(length / step);
  const origin = a.shape.map(() => 0);
  const filled = rows * step === length ? a : padTo(a, origin, a.shape.with(axis, rows * step));
  const grid = reshaped(filled, a.shape.toSpliced(axis, 1, rows, step));
  const column = sliceOp([grid], [0, ...origin], grid.shape.with(axis + 1, 1));
  return reshaped(column, a.shape.with(axis, rows));
}

/** A position for each axis, counted from 0. Positions that the caller leaves out are taken from `missing`. */
function positions(
  a: Value,
  position: number | readonly number[],
  missing: (length: number) => number,
): number[] {
  const list: readonly number[] = Array.isArray(position) ? position : [position];
  if (list.length > a.shape.length || !list.every(Number.isInteger)) {
    const got = list.map(showArgument);
    throw new RangeError(`slice: ${showShape(a.shape)} has no position (${got.join(', ')})`);
  }
  return a.shape.map((length, axis) => {
    const index = list[axis] ?? missing(length);
    return index < 0 ? index + length : index;
  });
}

const sliceOp = defineOp({
  name: 'slice',
  forward: (start: readonly number[], shape: Shape): SliceForm => ({ kind: 'slice', start, shape }),
  vjp: [(g, ans, a) => padTo(g, ans.form.start, a.shape)],
});
