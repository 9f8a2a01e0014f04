import fc from 'fast-check';
import { interpreter, Tape, type Tensor, tensor, type Value } from 'posetape';
import { exp, matmul, mul, transpose } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import type { MatmulForm } from '../../../engine/forms.ts';
import { expectClose } from '../../support/equal.ts';
import { property } from '../../support/property.ts';

const executors = [wasm({ relaxed: false }), wasm()];

/** Numbers between −1 and 1 that are the same each time. */
function numbers(length: number, seed = 1): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(7.3 * i + seed));
}

/** A product as derivative rules record it, either operand read transposed. */
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
 * `size` bounds Σ|a||b| in every entry. Operands round by up to 2⁻²⁴ of that each; a sum of 128 terms rounds 128 times, a
 * random walk of √128 halves of it.
 */
function expectProduct(value: Value, size: number): void {
  const [expected] = interpreter().run([value]);
  for (const executor of executors) {
    const [found] = executor.run([value]);
    expectClose(found as Tensor, expected as Tensor, 8 * 2 ** -24, Math.max(1, size));
  }
}

const lengths = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(31, 33, 64, 70));
const transposes = fc.tuple(fc.boolean(), fc.boolean());

describe('matrix products', () => {
  property(
    'of any lengths, transposed or not, of inputs',
    transposes,
    fc.tuple(lengths, lengths, lengths),
    (turned, sizes) => expectProduct(product(turned, [], sizes), sizes[1]),
  );

  property(
    'of what other loops compute, a band of rows at a time',
    transposes,
    fc.tuple(lengths, lengths, lengths),
    (turned, sizes) =>
      expectProduct(
        product(turned, [], sizes, x => mul(exp(mul(x, -1)), 0.3)),
        sizes[1],
      ),
  );

  property(
    'in batches',
    transposes,
    fc.tuple(fc.nat(3), fc.nat(2)),
    fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)),
    (turned, batch, sizes) => expectProduct(product(turned, batch, sizes), sizes[1]),
  );

  test.each([
    ['NN', [false, false]],
    ['NT', [false, true]],
    ['TN', [true, false]],
    ['TT', [true, true]],
  ] as const)('%s, of more terms than are packed at once', (_, turned) => {
    for (const sizes of [
      [5, 1000, 7],
      [37, 517, 19],
      [700, 9, 3],
    ] as const)
      expectProduct(product(turned, [], sizes), sizes[1]);
  });

  test.each([
    ['NN', [false, false]],
    ['NT', [false, true]],
    ['TN', [true, false]],
    ['TT', [true, true]],
  ] as const)('%s, of more terms than are added up in float32', (_, turned) => {
    for (const wrap of [(x: Value) => x, (x: Value) => mul(0.3, exp(mul(x, -1)))]) {
      // Rows in several bands; sums that fill no four lanes; one term too many.
      for (const sizes of [
        [90, 1100, 7],
        [3, 513, 3],
        [1, 1024, 5],
      ] as const)
        expectProduct(product(turned, [], sizes, wrap), sizes[1]);
      expectProduct(product(turned, [2, 2], [3, 700, 5], wrap), 700);
    }
  });

  test('a matrix by its own transpose, as it is and made on the way', () => {
    for (const wrap of [(x: Value) => x, (x: Value) => mul(0.3, exp(mul(x, -1)))]) {
      const x = wrap(new Tape().parameter(tensor(numbers(23 * 11), [23, 11])));
      for (const value of [matmul(x, transpose(x)), matmul(transpose(x), x)]) expectProduct(value, 23);
    }
  });

  test('NaN and infinity stay in the rows and columns that they are in', () => {
    const tape = new Tape();
    const [a, b] = [numbers(9 * 5), numbers(5 * 11)];
    a[2 * 5 + 3] = Number.NaN;
    b[1 * 11 + 10] = Infinity;
    const value = matmul(tape.constant(tensor(a, [9, 5])), tape.constant(tensor(b, [5, 11])));
    const [expected] = interpreter({ precision: 'float32' }).run([value]);
    for (const executor of executors) {
      const [found] = executor.run([value]);
      expectClose(found as Tensor, expected as Tensor, 1e-6);
      expect([...(found as Tensor).data].filter(Number.isNaN)).toHaveLength(11);
    }
  });
});
