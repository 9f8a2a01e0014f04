import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { exp } from './exp.ts';

/**
 * eˣ − 1, computed without cancellation at small x.
 *
 *     d(eˣ − 1) = eˣ·dx
 */
export const expm1: Unary = defineOp({
  name: 'expm1',
  forward: map((s, x) => s.expm1(x)),
  vjp: [(g, _ans, x) => scaled(g, exp(x))],
});
