import { Tape, tensor, type Value } from 'posetape';
import * as ops from 'posetape/ops';
import { expect, test } from 'vitest';

const { arange, concat, einsum, eye, noise, stack, ...others } = ops;
const opsOfValues = {
  ...others,
  concat: (wrong: Value) => concat([wrong]),
  stack: (wrong: Value) => stack([wrong]),
  einsum: (wrong: Value) => einsum('i->', wrong),
} as unknown as Record<string, (wrong: never) => unknown>;
/** Further arguments, each valid for some ops. */
const more = [[0], 1, [0, 0]];

test.each(Object.entries(opsOfValues))(
  '%s rejects a list, a tensor and undefined in place of a value',
  (name, op) => {
    const how = 'make one by tape.constant or stack';
    const call = op as (...args: unknown[]) => Value;
    // Some ops are compositions of other ops, so the error may name another op.
    for (const wrong of [[1, 2], tensor([1, 2]), undefined]) {
      const kind =
        wrong === undefined
          ? 'undefined$'
          : `${Array.isArray(wrong) ? 'a list' : 'an object'}, not a value: ${how}`;
      const args = call.length === 1 ? [wrong] : [wrong, ...more].slice(0, Math.max(call.length, 1));
      expect(() => call(...args), name).toThrow(new RegExp(`^\\w+: operand \\d is ${kind}`));
    }
  },
);

test('matmul, vecdot, solve and pairDistances name their second operand', () => {
  const x = new Tape().constant([
    [1, 2],
    [3, 4],
  ]);
  for (const op of [ops.matmul, ops.vecdot, ops.solve, ops.pairDistances] as const)
    expect(() => op(x, [[1, 2]] as never)).toThrow(/^\w+: operand 2 is a list, not a value/);
});

test('the error of sum for a list of values names stack', () => {
  const x = new Tape().constant([1, 2]);
  expect(() => ops.sum([x, x] as never)).toThrow(
    'sum: operand 1 is a list, not a value: make one by tape.constant or stack',
  );
});

test('concat and stack ask for a list', () => {
  const x = new Tape().constant([1, 2]);
  expect(() => concat(x as never)).toThrow('concat: pass a list of values, such as concat([a, b])');
  expect(() => stack(x as never)).toThrow('stack: pass a list of values, such as stack([a, b])');
});
