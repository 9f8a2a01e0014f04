import { type Binary, defineOp, map } from '../op.ts';

/**
 * a + b.
 *
 *     d(a + b) = da + db
 */
export const add: Binary = defineOp({
  name: 'add',
  forward: map((s, a, b) => s.add(a, b)),
  vjp: [g => g, g => g],
});
