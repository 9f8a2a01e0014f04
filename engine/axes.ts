import { checkFlag } from './copy-form.ts';
import { normaliseAxis } from './shape.ts';
import { checkValue, type Value } from './tape.ts';

/** An axis, a list of axes, or `undefined` for all of them. */
export type Axes = number | readonly number[] | undefined;

/**
 * The axes of `a` named by `axes`, as an ascending list of indices from 0.
 *
 * @throws RangeError naming `op` if an axis does not exist or is repeated, TypeError if `a` is not a value or
 * `keepDims` is not a boolean
 */
export function axesOf(op: string, axes: Axes, a: Value, keepDims = false): readonly number[] {
  checkValue(op, a);
  checkFlag(op, 'keepDims', keepDims);
  if (axes === undefined) return a.shape.map((_, axis) => axis);
  if (!Array.isArray(axes)) return [normaliseAxis(op, axes as number, a.shape)];
  const list: number[] = axes.map(axis => normaliseAxis(op, axis, a.shape));
  if (new Set(list).size !== list.length) {
    throw new RangeError(`${op}: axis ${list.find((axis, i) => list.indexOf(axis) !== i)} is named twice`);
  }
  return list.sort((a, b) => a - b);
}

/** Calls {@link normaliseAxis} for an axis of `a`. @throws TypeError naming `op` if `a` is not a value */
export function axisOf(op: string, axis: number, a: Value): number {
  checkValue(op, a);
  return normaliseAxis(op, axis, a.shape);
}
