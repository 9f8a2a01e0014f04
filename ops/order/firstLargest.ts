import { sub } from '../arithmetic/sub.ts';
import { arange } from '../create/arange.ts';
import { where } from '../elementwise/where.ts';
import { axisOf, checkFlag, checkValue, defineOp, map, showShape, sizeOf, type Value } from '../op.ts';
import { max } from '../reduce/max.ts';
import { reshape } from '../shape/reshape.ts';

/**
 * The position of the first of the largest entries: along an axis or, if no axis is given, among all entries. `op` is
 * the name in errors.
 */
export function firstLargest(op: string, a: Value, axis: number | undefined, keepDims: boolean): Value {
  checkValue(op, a);
  checkFlag(op, 'keepDims', keepDims);
  const [entries, along] = axis === undefined ? [reshape(a, [sizeOf(a.shape)]), 0] : [a, axisOf(op, axis, a)];
  const length = entries.shape[along] as number;
  if (length === 0) {
    throw new RangeError(
      `${op}: ${showShape(a.shape)}: an axis without entries has no largest or smallest entry`,
    );
  }
  const isLargest = equalsOrIsNaN(entries, max(entries, along, true));
  // The first of the largest entries is the one with the largest distance from the end.
  const distances = reshape(arange(a.tape, length, 0, -1), [
    length,
    ...entries.shape.slice(along + 1).map(() => 1),
  ]);
  const position = sub(length, max(where(isLargest, distances, 0), along, keepDims));
  return axis === undefined && keepDims
    ? reshape(
        position,
        a.shape.map(() => 1),
      )
    : position;
}

/** 1 where x equals `largest` or x is NaN, else 0. */
const equalsOrIsNaN = defineOp({
  name: 'reaches',
  forward: map((s, x, largest) => s.select(s.equal(x, x), s.equal(x, largest), s.constant(1))),
  vjp: [null, null],
});
