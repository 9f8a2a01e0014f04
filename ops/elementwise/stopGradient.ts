import type { ReshapeForm } from '../../engine/forms.ts';
import { checkValue, defineOp, type Value } from '../op.ts';

/** The numbers of `a`, treated as constant: no gradient passes through. */
export function stopGradient(a: Value): Value {
  checkValue('stopGradient', a);
  return stopGradientOp([a], a);
}

const stopGradientOp = defineOp({
  name: 'stopGradient',
  forward: (a: Value): ReshapeForm => ({ kind: 'reshape', shape: a.shape }),
  vjp: [null],
});
