// Imports that many files of ops/ share: `defineOp`, checks of arguments, shapes, and the types of elementwise ops.
import type { Operand, Value } from '../engine/tape.ts';

export { type Axes, axesOf, axisOf } from '../engine/axes.ts';
export { checkFlag } from '../engine/copy-form.ts';
export { defineKnownOp as defineOp } from '../engine/define-op.ts';
export { map } from '../engine/forms.ts';
export type { Index } from '../engine/indices.ts';
export { kindOf, showArgument } from '../engine/kind-of.ts';
export { checkOptions } from '../engine/options.ts';
export {
  normaliseAxis,
  reducedShape,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
  withoutAxes,
} from '../engine/shape.ts';
export { checkList, checkValue, checkValues, isValue, type Operand, type Value } from '../engine/tape.ts';

/** An elementwise op of one value. */
export type Unary = (a: Value) => Value;

/** An elementwise op of two values or numbers, which broadcast by NumPy's rule. */
export type Binary = (a: Operand, b: Operand) => Value;

/** An elementwise op of three values or numbers, which broadcast by NumPy's rule. */
export type Ternary = (a: Operand, b: Operand, c: Operand) => Value;
