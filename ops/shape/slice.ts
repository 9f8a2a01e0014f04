import type { SliceForm } from '../../engine/forms.ts';
import { type Shape, sameShape } from '../../engine/shape.ts';
import { defineOp, kindOf, showShape, type Value } from '../op.ts';
import { padTo } from './pad.ts';

/**
 * The box from `start` to before `end`, a number for the first axis or a list for the first few; negative ones count
 * from the end of their axis, a missing end is the axis' own. Its adjoint is `pad`.
 *
 * @throws RangeError if the box reaches outside
 * @example
 * slice(a, 2, 5);                               // rows 2, 3 and 4
 * slice(a, [0, -1]);                            // the last column
 */
export function slice(
  a: Value,
  start: number | readonly number[],
  end: number | readonly number[] = [],
): Value {
  const from = positions(a, start, () => 0);
  const to = positions(a, end, length => length);
  const shape = to.map((position, axis) => position - (from[axis] as number));
  if (shape.some(length => length < 0)) {
    throw new RangeError(
      `slice: ${showShape(a.shape)}: the end (${to.join(', ')}) lies before the start (${from.join(', ')})`,
    );
  }
  // As long as its room, a box may yet lie beside it, which the form refuses.
  const isWhole = sameShape(shape, a.shape) && from.every(position => position === 0);
  return isWhole ? a : sliceOp([a], from, shape);
}

function positions(
  a: Value,
  given: number | readonly number[],
  missing: (length: number) => number,
): number[] {
  const list: readonly number[] = Array.isArray(given) ? given : [given];
  if (list.length > a.shape.length || !list.every(Number.isInteger)) {
    const asked = list.map(each => (typeof each === 'number' ? each : kindOf(each)));
    throw new RangeError(`slice: ${showShape(a.shape)} has no position (${asked.join(', ')})`);
  }
  return a.shape.map((length, axis) => {
    const position = list[axis] ?? missing(length);
    return position < 0 ? position + length : position;
  });
}

const sliceOp = defineOp({
  name: 'slice',
  forward: (start: readonly number[], shape: Shape): SliceForm => ({ kind: 'slice', start, shape }),
  vjp: [(g, ans, a) => padTo(g, ans.form.start, a.shape)],
});
