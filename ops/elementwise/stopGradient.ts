import type { ReshapeForm } from '../../engine/forms.ts';
import { defineOp, type Value } from '../op.ts';

/** The same numbers with gradient 0. */
export function stopGradient(a: Value): Value {
  return stopGradientOp([a], a);
}

const stopGradientOp = defineOp({
  name: 'stopGradient',
  forward: (a: Value): ReshapeForm => ({ kind: 'reshape', shape: a.shape }),
  vjp: [null],
});
