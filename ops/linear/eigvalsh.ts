import { abs } from '../arithmetic/abs.ts';
import { add } from '../arithmetic/add.ts';
import { div } from '../arithmetic/div.ts';
import { mul } from '../arithmetic/mul.ts';
import { neg } from '../arithmetic/neg.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { square } from '../arithmetic/square.ts';
import { sub } from '../arithmetic/sub.ts';
import { equal } from '../elementwise/equal.ts';
import { maximum } from '../elementwise/maximum.ts';
import { minimum } from '../elementwise/minimum.ts';
import { stopGradient } from '../elementwise/stopGradient.ts';
import { where } from '../elementwise/where.ts';
import { type Binary, defineOp, map, type Unary, type Value } from '../op.ts';
import { stack } from '../shape/stack.ts';
import { minus, plus } from './products.ts';
import { type Entries, entriesOf } from './square-matrix.ts';

/**
 * The eigenvalues of symmetric matrices [..., n, n] of up to 3 rows, in ascending order: [..., n]. Only the lower
 * triangle is read, as in NumPy, so the gradient is zero above the diagonal. The method is Jacobi rotations. For 3
 * rows, four sweeps leave an error of 2·10⁻¹⁵ times the largest entry. They record some 170 values, whatever the number
 * of matrices.
 *
 * Derivatives of any order are right if all eigenvalues differ. If some are equal, only first derivatives of symmetric
 * functions of them are right.
 *
 * @throws RangeError for matrices that are not square or have more than 3 rows
 */
export function eigvalsh(a: Value): Value {
  const entries = entriesOf('eigvalsh', a, 3);
  const { length: n } = entries;
  const lower = entries.flatMap((row, i) => row.slice(0, i + 1));
  const largest = stopGradient(lower.map(abs).reduce((x, y) => maximum(x, y)));
  // Scale the entries to at most 1, so that no square overflows.
  const unit = where(equal(largest, 0), 1, largest);
  let matrix: Entries = entries.map((row, i) => row.slice(0, i + 1).map(entry => div(entry, unit)));
  for (let sweep = 0; sweep < (n === 3 ? sweeps : 1); sweep++) {
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) matrix = rotated(matrix, p, q);
  }
  const values = ascending(matrix.map((row, i) => row[i] as Value));
  return stack(
    values.map(value => mul(value, unit)),
    -1,
  );
}

/** Sweeps after which the eigenvalues of 3 × 3 matrices and their second derivatives no longer change. */
const sweeps = 4;

/** The lower triangle after the rotation of axes p < q that makes the entry (q, p) zero. */
function rotated(lower: Entries, p: number, q: number): Entries {
  const at = (i: number, k: number) => lower[Math.max(i, k)]?.[Math.min(i, k)] as Value;
  const off = at(q, p);
  const t = tangent(sub(at(q, q), at(p, p)), off);
  const cosine = cosineOf(t);
  const sine = mul(t, cosine);
  const moved = mul(t, off);
  return lower.map((row, i) =>
    row.map((entry, k) => {
      if (i === q && k === p) return off.tape.fill(0, off.shape);
      if (i === k) return i === p ? sub(entry, moved) : i === q ? add(entry, moved) : entry;
      const other = [i, k].find(axis => axis !== p && axis !== q) as number;
      return i === p || k === p
        ? minus(cosine, at(other, p), sine, at(other, q))
        : plus(sine, at(other, p), cosine, at(other, q));
    }),
  );
}

/**
 * The tangent t of the angle φ of the rotation that makes the off-diagonal entry e zero. φ is at most 45°
 * and satisfies tan 2φ = 2e/d, with the difference d of the diagonal entries. The result is 0 if e is 0.
 *
 *     dt = (1 + t²)(d·de − e·dd)/(d² + 4e²)
 */
const tangent: Binary = defineOp({
  name: 'tangent',
  forward: map((s, d, e) => {
    const [zero, two] = [s.constant(0), s.constant(2)];
    const twice = s.mul(two, e);
    const root = s.sqrt(s.add(s.mul(d, d), s.mul(twice, twice)));
    const sum = s.add(s.abs(d), root);
    const size = s.div(twice, s.select(s.equal(sum, zero), s.constant(1), sum));
    return s.select(s.less(d, zero), s.neg(size), size);
  }),
  vjp: [
    (g, ans, d, e) => neg(scaled(g, mul(add(1, square(ans)), overSquare(e, d, e)))),
    (g, ans, d, e) => scaled(g, mul(add(1, square(ans)), overSquare(d, d, e))),
  ],
});

/**
 * The cosine of an angle, computed from its tangent t as 1/√(1 + t²).
 *
 *     d = −t cos³·dt
 */
const cosineOf: Unary = defineOp({
  name: 'cosineOf',
  forward: map((s, t) => s.div(s.constant(1), s.sqrt(s.add(s.constant(1), s.mul(t, t))))),
  vjp: [(g, ans, t) => neg(scaled(g, mul(t, mul(ans, square(ans)))))],
});

/** x/(d² + 4e²); 0 if the divisor is 0. */
function overSquare(x: Value, d: Value, e: Value): Value {
  const squares = add(square(d), square(mul(2, e)));
  return where(equal(squares, 0), 0, div(x, squares));
}

/** One, two or three values in ascending order. */
function ascending(values: readonly Value[]): Value[] {
  let [a, b, c] = values as [Value, Value, Value];
  if (values.length === 1) return [a];
  [a, b] = [minimum(a, b), maximum(a, b)];
  if (values.length === 2) return [a, b];
  [b, c] = [minimum(b, c), maximum(b, c)];
  return [minimum(a, b), maximum(a, b), c];
}
