import { type Binary, defineOp, isValue, map, type Operand, type Value } from '../op.ts';

/**
 * a + b, or a + b + c + … for more operands, from left to right. It may be passed to `reduce`: `values.reduce(add)`.
 *
 *     d(a + b) = da + db
 */
export function add(a: Operand, b: Operand, c: Operand, ...more: readonly Operand[]): Value;
export function add(a: Operand, b: Operand): Value;
export function add(a: Operand, b: Operand, ...rest: readonly unknown[]): Value {
  // A list's `reduce` also passes the index and the list.
  if (rest.length === 0 || (rest.length === 2 && Array.isArray(rest[1]))) return addOp(a, b);
  const operands = [a, b, ...(rest as readonly Operand[])];
  // Numbers before the first value are added as plain numbers.
  const first = Math.max(operands.findIndex(isValue), 1);
  const start = operands.slice(0, first).reduce((total, operand) => (total as number) + (operand as number));
  return operands.slice(first).reduce<Operand>((total, operand) => addOp(total, operand), start) as Value;
}

const addOp: Binary = defineOp({
  name: 'add',
  forward: map((s, a, b) => s.add(a, b)),
  vjp: [g => g, g => g],
});
