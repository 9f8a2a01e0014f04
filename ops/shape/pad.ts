import type { PadForm } from '../../engine/forms.ts';
import type { Shape } from '../../engine/shape.ts';
import { defineOp, showShape, type Value } from '../op.ts';
import { slice } from './slice.ts';

/**
 * Zeros around the value: for each axis how many [before, after]. Its adjoint is `slice`.
 *
 * @throws RangeError unless there is one pair of whole numbers from 0 for each axis
 * @example
 * pad(a, [[1, 1], [0, 0]]);                     // a row of zeros above and below
 */
export function pad(a: Value, widths: readonly (readonly [number, number])[]): Value {
  const isWidth = (width: number) => Number.isInteger(width) && width >= 0;
  if (widths.length !== a.shape.length || !widths.flat().every(isWidth)) {
    const given = widths.map(([before, after]) => `[${before}, ${after}]`).join(', ');
    throw new RangeError(
      `pad: ${showShape(a.shape)} needs one [before, after] for each axis, got [${given}]`,
    );
  }
  const start = widths.map(([before]) => before);
  const shape = widths.map(([before, after], axis) => before + (a.shape[axis] as number) + after);
  return padTo(a, start, shape);
}

/** The value laid into zeros of `shape` from `start`. */
export function padTo(a: Value, start: readonly number[], shape: Shape): Value {
  return padOp([a], start, shape);
}

const padOp = defineOp({
  name: 'pad',
  forward: (start: readonly number[], shape: Shape): PadForm => ({ kind: 'pad', start, shape }),
  vjp: [
    (g, ans, a) => {
      const { start } = ans.form;
      return slice(
        g,
        start,
        start.map((from, axis) => from + (a.shape[axis] as number)),
      );
    },
  ],
});
