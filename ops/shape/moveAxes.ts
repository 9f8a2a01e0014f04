import type { Value } from '../op.ts';
import { transpose } from './transpose.ts';

/** The value with `count` neighbouring axes moved from `from` to `to`. The other axes keep their order. */
export function moveAxes(a: Value, from: number, count: number, to: number): Value {
  if (from === to || count === 0) return a;
  const order = a.shape.map((_, axis) => axis);
  const moved = order.splice(from, count);
  return transpose(a, order.toSpliced(to, 0, ...moved));
}
