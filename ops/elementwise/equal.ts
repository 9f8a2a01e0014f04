import { type Binary, defineOp, map } from '../op.ts';

/**
 * 1 where a = b, else 0 (also where either is NaN). Its derivative is 0.
 */
export const equal: Binary = defineOp({
  name: 'equal',
  forward: map((s, a, b) => s.equal(a, b)),
  vjp: [null, null],
});
