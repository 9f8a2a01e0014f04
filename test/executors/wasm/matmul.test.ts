import fc from 'fast-check';
import { interpreter, Tape, type Tensor, tensor, type Value } from 'posetape';
import { exp, matmul, mul, transpose } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import type { MatmulForm } from '../../../engine/forms.ts';
import { expectClose } from '../../support/equal.ts';
import { property } from '../../support/property.ts';

const executors = [wasm({ relaxed: false }), wasm()];

/** Deterministic numbers between −1 and 1. */
function numbers(length: number, seed = 1): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(7.3 * i + seed));
}

/** Product in the form that derivative rules record, in which either operand may be read transposed. */
function product(
  [transposeA, transposeB]: readonly [boolean, boolean],
  batch: readonly number[],
  [m, k, n]: readonly [number, number, number],
  wrap: (x: Value) => Value = x => x,
): Value {
  const tape = new Tape();
  const count = batch.reduce((total, length) => total * length, 1);
  const a = tape.parameter(tensor(numbers(count * m * k), [...batch, ...(transposeA ? [k, m] : [m, k])]));
  const b = tape.parameter(tensor(numbers(count * k * n, 2), [...batch, ...(transposeB ? [n, k] : [k, n])]));
  const { op } = matmul(tape.parameter(tensor([[1]])), tape.parameter(tensor([[1]])));
  const form: MatmulForm = { kind: 'matmul', transposeA, transposeB };
  return tape.record(op, form, [wrap(a), wrap(b)]);
}

/**
 * Fails unless the error of a product is at most 8 · 2⁻²⁴ times `size`, an upper bound of Σ|a||b| in every entry. The
 * rounding of each operand changes an entry by up to 2⁻²⁴ of `size`. The roundings of a sum of 128 terms are a random
 * walk, which changes the sum by about √128 half roundings, 6 · 2⁻²⁴ of `size`.
 */
function expectProduct(value: Value, size: number): void {
  const [expected] = interpreter().run([value]);
  for (const executor of executors) {
    const [result] = executor.run([value]);
    expectClose(result as Tensor, expected as Tensor, 8 * 2 ** -24, Math.max(1, size));
  }
}

const lengths = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(31, 33, 64, 70));
const transposes = fc.tuple(fc.boolean(), fc.boolean());

describe('matrix products are right:', () => {
  property(
    'of inputs of any lengths, transposed or not',
    transposes,
    fc.tuple(lengths, lengths, lengths),
    (transposed, sizes) => expectProduct(product(transposed, [], sizes), sizes[1]),
  );

  property(
    'of operands that other loops compute, a band of rows at a time',
    transposes,
    fc.tuple(lengths, lengths, lengths),
    (transposed, sizes) =>
      expectProduct(
        product(transposed, [], sizes, x => mul(exp(mul(x, -1)), 0.3)),
        sizes[1],
      ),
  );

  property(
    'in batches',
    transposes,
    fc.tuple(fc.nat(3), fc.nat(2)),
    fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)),
    (transposed, batch, sizes) => expectProduct(product(transposed, batch, sizes), sizes[1]),
  );

  test.each([
    ['NN', [false, false]],
    ['NT', [false, true]],
    ['TN', [true, false]],
    ['TT', [true, true]],
  ] as const)('%s, with more terms than are packed at once', (_, transposed) => {
    for (const sizes of [
      [5, 1000, 7],
      [37, 517, 19],
      [700, 9, 3],
    ] as const)
      expectProduct(product(transposed, [], sizes), sizes[1]);
  });

  test.each([
    ['NN', [false, false]],
    ['NT', [false, true]],
    ['TN', [true, false]],
    ['TT', [true, true]],
  ] as const)('%s, with more terms than are added up in float32', (_, transposed) => {
    for (const wrap of [(x: Value) => x, (x: Value) => mul(0.3, exp(mul(x, -1)))]) {
      // These sizes have several bands of rows, or fewer columns than four lanes, or one term more than a block.
      for (const sizes of [
        [90, 1100, 7],
        [3, 513, 3],
        [1, 1024, 5],
      ] as const)
        expectProduct(product(transposed, [], sizes, wrap), sizes[1]);
      expectProduct(product(transposed, [2, 2], [3, 700, 5], wrap), 700);
    }
  });

  test('a matrix times its own transpose, for an input and for a computed matrix', () => {
    for (const wrap of [(x: Value) => x, (x: Value) => mul(0.3, exp(mul(x, -1)))]) {
      const x = wrap(new Tape().parameter(tensor(numbers(23 * 11), [23, 11])));
      for (const value of [matmul(x, transpose(x)), matmul(transpose(x), x)]) expectProduct(value, 23);
    }
  });

  test('NaN and infinity stay in their rows and columns', () => {
    const tape = new Tape();
    const [a, b] = [numbers(9 * 5), numbers(5 * 11)];
    a[2 * 5 + 3] = Number.NaN;
    b[1 * 11 + 10] = Infinity;
    const value = matmul(tape.constant(tensor(a, [9, 5])), tape.constant(tensor(b, [5, 11])));
    const [expected] = interpreter({ precision: 'float32' }).run([value]);
    for (const executor of executors) {
      const [result] = executor.run([value]);
      expectClose(result as Tensor, expected as Tensor, 1e-6);
      expect([...(result as Tensor).data].filter(Number.isNaN)).toHaveLength(11);
    }
  });
});
