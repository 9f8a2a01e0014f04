import { type Binary, defineOp, map } from '../op.ts';

/**
 * 1 where a > b, else 0 (also where either is NaN). Its derivative is 0.
 */
export const greater: Binary = defineOp({
  name: 'greater',
  forward: map((s, a, b) => s.less(b, a)),
  vjp: [null, null],
});
