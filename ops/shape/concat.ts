import type { ConcatForm } from '../../engine/forms.ts';
import { checkList, checkValues, defineOp, normaliseAxis, type Value } from '../op.ts';
import { slice } from './slice.ts';

/**
 * Values joined along an axis, 0 by default. Its adjoint is `slice`.
 *
 * @throws RangeError if the values differ in the length of another axis, TypeError for an empty list
 */
export function concat(values: readonly Value[], axis = 0): Value {
  const { shape } = firstOf('concat', values);
  return concatOp(values, normaliseAxis('concat', axis, shape));
}

/** The first of `values`. @throws TypeError naming `op`, unless it is a list of at least one value */
export function firstOf(op: string, values: readonly Value[]): Value {
  checkList(op, values, '[a, b]');
  checkValues(op, values);
  const [first] = values;
  if (!first) throw new TypeError(`${op}: needs at least one value`);
  return first;
}

const concatOp = defineOp({
  name: 'concat',
  forward: (axis: number): ConcatForm => ({ kind: 'concat', axis }),
  vjp: position => (g, ans) => {
    const { axis } = ans.form;
    const from = offsetsOf(ans)[position] as number;
    const length = ans.inputs[position]?.shape[axis] as number;
    const start = ans.shape.map((_, along) => (along === axis ? from : 0));
    return slice(g, start, ans.shape.with(axis, from + length));
  },
});

/** The start of each part along the axis. All starts are computed at once and kept, since there may be many parts. */
function offsetsOf({ form, inputs }: Value<ConcatForm>): readonly number[] {
  const cached = offsets.get(form);
  if (cached) return cached;
  let next = 0;
  const begins = inputs.map(({ shape }) => {
    const begin = next;
    next += shape[form.axis] as number;
    return begin;
  });
  offsets.set(form, begins);
  return begins;
}

const offsets = new WeakMap<ConcatForm, readonly number[]>();
