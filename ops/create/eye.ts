import type { Tape } from '../../engine/tape.ts';
import { showArgument, type Value } from '../op.ts';
import { reshape } from '../shape/reshape.ts';

/**
 * The identity matrix with n rows, and m columns (n by default): 1 on the diagonal, else 0.
 *
 * @throws RangeError for lengths that are not whole numbers from 0
 */
export function eye(tape: Tape, n: number, m: number = n): Value {
  for (const length of [n, m]) {
    if (!Number.isInteger(length) || length < 0) {
      const got = showArgument(length);
      throw new RangeError(`eye: a length is a whole number from 0, got ${got}`);
    }
  }
  const entries = Array.from({ length: n * m }, (_, i) => (i % m === Math.floor(i / m) ? 1 : 0));
  return reshape(tape.constant(entries), [n, m]);
}
