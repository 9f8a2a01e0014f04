import { div } from '../arithmetic/div.ts';
import type { Value } from '../op.ts';

/** 1/x. */
export function reciprocal(a: Value): Value {
  return div(1, a);
}
