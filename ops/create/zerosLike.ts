import { checkValue, type Value } from '../op.ts';

/** Zeros in the shape of another value. */
export function zerosLike(a: Value): Value {
  checkValue('zerosLike', a);
  return a.tape.fill(0, a.shape);
}
