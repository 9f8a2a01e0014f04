import { add } from '../arithmetic/add.ts';
import { div } from '../arithmetic/div.ts';
import { mul } from '../arithmetic/mul.ts';
import { sub } from '../arithmetic/sub.ts';
import type { Value } from '../op.ts';
import { equal } from './equal.ts';
import { sqrt } from './sqrt.ts';
import { where } from './where.ts';

/** 1/√(1 − x²), the slope of arcsin x, but 0 instead of ∞ at −1 and 1. */
export function slopeOfArcs(x: Value): Value {
  const root = sqrt(mul(sub(1, x), add(1, x)));
  return where(equal(root, 0), 0, div(1, root));
}
