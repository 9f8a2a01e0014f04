import { gather } from '../indexing/gather.ts';
import { type Axes, axesOf, type Value } from '../op.ts';

/** The entries in reverse order along an axis, several, or all. Its adjoint is `flip`. */
export function flip(a: Value, axis?: Axes): Value {
  return axesOf('flip', axis, a).reduce((turned, along) => {
    const length = a.shape[along] as number;
    const backwards = Int32Array.from({ length }, (_, i) => length - 1 - i);
    return gather(turned, backwards, along);
  }, a);
}
