import { add } from '../arithmetic/add.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { square } from '../arithmetic/square.ts';
import { defineOp, map, type Unary } from '../op.ts';

/**
 * tan x, x in radians.
 *
 *     d tan x = (1 + tan² x)·dx
 */
export const tan: Unary = defineOp({
  name: 'tan',
  forward: map((s, x) => s.div(s.sin(x), s.cos(x))),
  vjp: [(g, ans) => scaled(g, add(1, square(ans)))],
});
