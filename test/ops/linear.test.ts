import fc from 'fast-check';
import { evaluate, gradient, jit, Tape, tensor, type Value } from 'posetape';
import {
  add,
  cholesky,
  det,
  eigvalsh,
  eye,
  inverse,
  matmul,
  mul,
  solve,
  square,
  sub,
  sum,
  transpose,
} from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { real } from '../support/numbers.ts';
import { property } from '../support/property.ts';

/** Random n × n matrices with entries from −1 to 1. */
const matrices = (count: number, n: number) =>
  fc.array(real(-1, 1), { minLength: count * n * n, maxLength: count * n * n }).map(entries => {
    return tensor(Float64Array.from(entries), [count, n, n]);
  });

const numbers = (value: Value) => [...evaluate([value])[0].data];
const transposed = (a: Value) => transpose(a, [0, 2, 1]);

describe.each([1, 2, 3, 4])('matrices of %d rows', n => {
  // The norm of a drawn matrix is at most n, so adding n + ½ to its diagonal keeps the condition number below 4n + 2.
  const wellConditioned = (drawn: ReturnType<typeof tensor>) => {
    const a = new Tape().constant(drawn);
    return add(a, mul(n + 0.5, eye(a.tape, n)));
  };

  property('inverse gives A·A⁻¹ = 1 = A⁻¹·A, and det A · det A⁻¹ = 1', matrices(2, n), drawn => {
    const a = wellConditioned(drawn);
    const one = Array.from({ length: 2 * n * n }, (_, i) => ((i % (n * n)) % (n + 1) === 0 ? 1 : 0));
    expectClose(numbers(matmul(a, inverse(a))), one, 1e-12, 1);
    expectClose(numbers(matmul(inverse(a), a)), one, 1e-12, 1);
    expectClose(numbers(mul(det(a), det(inverse(a)))), [1, 1], 1e-12);
  });

  property('solve gives A·x = b', matrices(2, n), matrices(2, n), (drawn, right) => {
    const a = wellConditioned(drawn);
    const b = a.tape.constant(right);
    expectClose(numbers(matmul(a, solve(a, b))), [...right.data], 1e-14, 1);
  });

  property('cholesky gives L·Lᵀ = A, and det A = (Π Lᵢᵢ)²', matrices(2, n), drawn => {
    const root = new Tape().constant(drawn);
    const a = add(matmul(root, transposed(root)), mul(0.5, eye(root.tape, n)));
    const lower = cholesky(a);
    expectClose(numbers(matmul(lower, transposed(lower))), numbers(a), 1e-14, n);
    const entries = numbers(lower);
    const isLower = entries.every((entry, i) => entry === 0 || i % n <= Math.floor((i % (n * n)) / n));
    expect(isLower).toBe(true);
    const product = [0, 1].map(k => {
      const diagonal = entries.slice(k * n * n, (k + 1) * n * n).filter((_, i) => i % (n + 1) === 0);
      return diagonal.reduce((total, each) => total * each, 1) ** 2;
    });
    expectClose(numbers(det(a)), product, 1e-12);
  });
});

describe.each([1, 2, 3])('eigenvalues of matrices of %d rows', n => {
  property(
    'have the trace of A as sum, the trace of A² as sum of squares, and the determinant of A as product',
    matrices(3, n),
    drawn => {
      const half = new Tape().constant(drawn);
      const a = add(half, transposed(half));
      const values = eigvalsh(a);
      const eigenvalues = numbers(values);
      const rows = [0, 1, 2].map(k => eigenvalues.slice(k * n, (k + 1) * n));
      for (const row of rows) expect(row).toEqual(row.toSorted((x, y) => x - y));
      expectClose(numbers(sum(values, -1)), numbers(sum(mul(a, eye(a.tape, n)), [1, 2])), 1e-14, 4 * n);
      expectClose(numbers(sum(square(values), -1)), numbers(sum(square(a), [1, 2])), 1e-14, 4 * n * n);
      const products = rows.map(row => row.reduce((x, y) => x * y, 1));
      expectClose(numbers(det(a)), products, 1e-13, 8);
    },
  );

  property('scale with the matrix, for very large and small factors', matrices(1, n), drawn => {
    const half = new Tape().constant(drawn);
    const a = add(half, transposed(half));
    const values = numbers(eigvalsh(a));
    for (const factor of [2 ** 600, 2 ** -600, -1]) {
      const scaled = values.map(value => value * factor);
      const sorted = factor < 0 ? scaled.toReversed() : scaled;
      expectClose(numbers(eigvalsh(mul(factor, a))), sorted, 1e-14, 4 * Math.abs(factor));
    }
  });
});

describe('eigenvalues of matrices of three rows', () => {
  /**
   * Parameter `a` = R diag(λ) Rᵀ for a rotation R, the lower triangle `lower` of a direction D, and `inAxes` = Rᵀ D R,
   * which perturbation theory needs.
   */
  function rotated(eigenvalues: readonly number[]) {
    const [w, x, y, z] = [0.5, 0.1, -0.7, 0.5];
    const rotation = [
      [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
      [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
      [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ];
    const at = (i: number, k: number) => rotation[i]?.[k] as number;
    const three = [0, 1, 2];
    const entry = (i: number, k: number) =>
      three.reduce((total, j) => total + at(i, j) * (eigenvalues[j] as number) * at(k, j), 0);
    const tape = new Tape();
    const a = tape.parameter(three.map(i => three.map(k => entry(i, k))));
    const direction = [
      [1, 0.5, -0.3],
      [0.5, -0.2, 0.4],
      [-0.3, 0.4, 0.7],
    ];
    const inAxes = three.map(i =>
      three.map(k =>
        three.reduce(
          (total, p) =>
            total + three.reduce((s, q) => s + at(p, i) * (direction[p]?.[q] as number) * at(q, k), 0),
          0,
        ),
      ),
    );
    return {
      a,
      inAxes,
      lower: tape.constant(direction.map((row, i) => row.map((each, k) => (k <= i ? each : 0)))),
    };
  }

  test.each([
    [[1, 2, 3], 1e-14, 1e-14],
    [[-5, 0, 1e-3], 1e-12, 1e-10],
    [[1, 1 + 1e-4, 2], 1e-11, 1e-6],
    [[0.1, 0.1001, 0.1003], 1e-11, 1e-6],
  ])('have the derivatives of perturbation theory: %o', (eigenvalues, first, second) => {
    const { a, inAxes, lower } = rotated(eigenvalues);
    const weights = [0.3, -1.1, 0.7];
    const values = eigvalsh(a);
    const [slope] = gradient(sum(mul(values, a.tape.constant(weights))), [a]);
    const along = sum(mul(slope, lower));
    const [curvature] = gradient(along, [a]);
    const [computed, once, twice] = evaluate([values, along, sum(mul(curvature, lower))]);
    expectClose([...computed.data], eigenvalues, 4e-15, 5);
    const entry = (i: number, k: number) => inAxes[i]?.[k] as number;
    const slopes = weights.map((weight, i) => weight * entry(i, i));
    expectClose(
      [...once.data],
      slopes.reduce((x, y) => x + y),
      first,
      1,
    );
    const terms = weights.flatMap((weight, i) =>
      [0, 1, 2]
        .filter(k => k !== i)
        .map(
          k => (2 * weight * entry(i, k) ** 2) / ((eigenvalues[i] as number) - (eigenvalues[k] as number)),
        ),
    );
    const curved = terms.reduce((x, y) => x + y);
    expectClose([...twice.data], curved, second, Math.max(...terms.map(Math.abs)));
  });

  test('give symmetric functions the right gradient even where they are equal', () => {
    const a = new Tape().parameter([
      [2, 0, 0],
      [0, 2, 0],
      [0, 0, 2],
    ]);
    const [slope] = gradient(sum(square(eigvalsh(a))), [a]);
    expect(numbers(slope)).toEqual([4, 0, 0, 0, 4, 0, 0, 0, 4]);
  });

  test('of a matrix of zeros are 0, with a finite gradient', () => {
    const a = new Tape().parameter(tensor(new Float64Array(9), [3, 3]));
    const values = eigvalsh(a);
    const [computed, slope] = evaluate([values, ...gradient(sum(values), [a])]);
    expect([...computed.data]).toEqual([0, 0, 0]);
    expect([...(slope?.data ?? [])]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });
});

test.each([
  // Each row is a condition number, and the largest errors of A·A⁻¹ and of A·x − b.
  [1e3, 1e-11, 1e-15],
  [1e6, 1e-6, 1e-14],
])(
  'at a condition number of %d, inverse and solve are as accurate as their doc blocks say',
  (condition, off, residual) => {
    for (let trial = 1; trial <= 50; trial++) {
      // The matrix is H·D·H′ with Householder reflections H and H′.
      const reflection = (seed: number) => {
        const v = [1, 2, 3, 4].map(i => Math.sin(seed * i * 12.9898));
        const length = v.reduce((total, each) => total + each * each, 0);
        return v.map((p, i) => v.map((q, k) => (i === k ? 1 : 0) - (2 * p * q) / length));
      };
      const tape = new Tape();
      const diagonal = [0, 1, 2, 3].map(i => [0, 1, 2, 3].map(k => (i === k ? condition ** (-i / 3) : 0)));
      const [left, middle, right] = [reflection(trial), diagonal, reflection(trial + 0.5)].map(each =>
        tape.constant(each),
      ) as [Value, Value, Value];
      const a = matmul(matmul(left, middle), right);
      const b = matmul(a, tape.constant([1, -0.5, 0.25, 2]));
      expectClose(numbers(sub(matmul(a, inverse(a)), eye(tape, 4))), new Array(16).fill(0), off, 1);
      expectClose(numbers(sub(matmul(a, solve(a, b)), b)), [0, 0, 0, 0], residual, 1);
    }
  },
);

test('a singular matrix has an inverse of NaN or infinity, and an indefinite one a Cholesky factor with NaN', () => {
  const tape = new Tape();
  const singular = tape.constant([
    [1, 2],
    [2, 4],
  ]);
  expect(numbers(inverse(singular)).some(Number.isFinite)).toBe(false);
  const indefinite = tape.constant([
    [1, 2],
    [2, 1],
  ]);
  expect(numbers(cholesky(indefinite)).at(-1)).toBeNaN();
});

test('batches of any size share a plan', () => {
  const executor = jit();
  for (const count of [2, 4, 7]) {
    const tape = new Tape();
    const entries = Float64Array.from({ length: count * 9 }, (_, i) => (i % 4) + (i % 9 === 8 ? 5 : 0));
    const a = tape.parameter(tensor(entries, [count, 3, 3]));
    executor.run([det(a), ...gradient(sum(det(a)), [a])]);
  }
  expect(executor.planned).toBe(1);
});
