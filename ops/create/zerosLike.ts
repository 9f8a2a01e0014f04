import type { Value } from '../op.ts';

/** Zeros in the shape of another value. */
export function zerosLike(a: Value): Value {
  return a.tape.fill(0, a.shape);
}
