import type { PadForm } from '../../engine/forms.ts';
import type { Shape } from '../../engine/shape.ts';
import { checkValue, defineOp, showArgument, showShape, type Value } from '../op.ts';
import { slice } from './slice.ts';

/**
 * The value surrounded by zeros; `widths` gives the number of zeros [before, after] for each axis. Its adjoint is
 * `slice`.
 *
 * @throws RangeError unless there is one pair of whole numbers from 0 for each axis
 * @example
 * pad(a, [[1, 1], [0, 0]]);                     // a row of zeros above and below
 */
export function pad(a: Value, widths: readonly (readonly [number, number])[]): Value {
  checkValue('pad', a);
  if (!Array.isArray(widths) || widths.length !== a.shape.length || !Array.from(widths).every(isPair)) {
    throw new RangeError(
      `pad: ${showShape(a.shape)} needs two whole numbers from 0 for each axis, got ${shown(widths)}`,
    );
  }
  const start = widths.map(([before]) => before);
  const shape = widths.map(([before, after], axis) => before + (a.shape[axis] as number) + after);
  return padTo(a, start, shape);
}

const isPair = (pair: unknown) =>
  Array.isArray(pair) && pair.length === 2 && pair.every(width => Number.isInteger(width) && width >= 0);

/** Shows an argument in a message: numbers and lists as in source, anything else by its kind. */
function shown(widths: unknown): string {
  return Array.isArray(widths) ? `[${Array.from(widths, shown).join(', ')}]` : showArgument(widths);
}

/** Zeros of `shape`, with the value placed at `start`. */
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
