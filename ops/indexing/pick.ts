import { repeat, reshaped } from '../../engine/fan-out.ts';
import type { ReduceForm } from '../../engine/forms.ts';
import { equal } from '../elementwise/equal.ts';
import { where } from '../elementwise/where.ts';
import { defineOp, map, normaliseAxis, type Value } from '../op.ts';

/**
 * The entry of `a` along an axis where `place` is the one wanted, which it is once at most; −∞ where it nowhere is. All three
 * broadcast. As the largest of entries masked to −∞ elsewhere it is exact for NaN, infinities and −0.
 */
export function pick(wanted: Value, place: Value, a: Value, axis: number): Value {
  const masked = maskedOp(wanted, place, a);
  const along = normaliseAxis('pick', axis, masked.shape);
  const shape = masked.shape.toSpliced(along, 1);
  if (masked.shape[along] === 0) return a.tape.fill(-Infinity, shape);
  return reshaped(pickOp([masked], [along]), shape);
}

/** True for an index that is computed: whole numbers as real numbers, for {@link pick}. Real numbers that are given are none. */
export function isComputedIndex({ dtype, form: { kind } }: Value): boolean {
  return dtype === 'real' && kind !== 'parameter' && kind !== 'constant';
}

/** An entry where the place is the one wanted, else −∞. */
const maskedOp = defineOp({
  name: 'masked',
  forward: map((s, wanted, place, a) => s.select(s.equal(wanted, place), a, s.constant(-Infinity))),
  vjp: [null, null, (g, _ans, wanted, place) => where(equal(wanted as Value, place as Value), g, 0)],
});

/** A maximum whose cotangent goes to all entries: the mask lets it through to the one picked. */
const pickOp = defineOp({
  name: 'pick',
  forward: (axes: readonly number[]): ReduceForm => ({ kind: 'reduce', reducer: 'max', axes }),
  vjp: [(g, _ans, a) => repeat(g, a.shape)],
});
