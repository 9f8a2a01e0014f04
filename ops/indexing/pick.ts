import { repeat, reshaped } from '../../engine/fan-out.ts';
import type { ReduceForm } from '../../engine/forms.ts';
import { equal } from '../elementwise/equal.ts';
import { where } from '../elementwise/where.ts';
import { defineOp, map, normaliseAxis, type Value } from '../op.ts';

/**
 * The entry of `a` along an axis at which `positions` equals `wanted`; −∞ if there is none. At most one position may
 * equal `wanted`. All three values broadcast. The entry is computed as the maximum after all other entries are set to
 * −∞, so it is exact even for NaN, infinities and −0.
 */
export function pick(wanted: Value, positions: Value, a: Value, axis: number): Value {
  const masked = maskedOp(wanted, positions, a);
  const along = normaliseAxis('pick', axis, masked.shape);
  const shape = masked.shape.toSpliced(along, 1);
  if (masked.shape[along] === 0) return a.tape.fill(-Infinity, shape);
  return reshaped(pickOp([masked], [along]), shape);
}

/**
 * True for a computed index, which {@link pick} accepts: real numbers computed by an op. Real constants are not
 * indices.
 */
export function isComputedIndex({ dtype, form: { kind } }: Value): boolean {
  return dtype === 'real' && kind !== 'parameter' && kind !== 'constant';
}

/** The entry if its position equals the wanted position, else −∞. */
const maskedOp = defineOp({
  name: 'masked',
  forward: map((s, wanted, positions, a) => s.select(s.equal(wanted, positions), a, s.constant(-Infinity))),
  vjp: [null, null, (g, _ans, wanted, positions) => where(equal(wanted as Value, positions as Value), g, 0)],
});

/**
 * A maximum that passes its cotangent to all entries. The rule of {@link maskedOp} then keeps only the cotangent of the
 * picked entry.
 */
const pickOp = defineOp({
  name: 'pick',
  forward: (axes: readonly number[]): ReduceForm => ({ kind: 'reduce', reducer: 'max', axes }),
  vjp: [(g, _ans, a) => repeat(g, a.shape)],
});
