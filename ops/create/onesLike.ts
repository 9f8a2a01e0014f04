import { checkValue, type Value } from '../op.ts';

/** Ones in the shape of another value. */
export function onesLike(a: Value): Value {
  checkValue('onesLike', a);
  return a.tape.fill(1, a.shape);
}
