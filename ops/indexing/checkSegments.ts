import { kindOf } from '../op.ts';

/** @throws RangeError naming the op if `count` is not a whole number from 0 */
export function checkSegments(op: string, count: number): void {
  if (Number.isInteger(count) && count >= 0) return;
  const got = typeof count === 'number' ? count : kindOf(count);
  throw new RangeError(`${op}: count is a whole number from 0, got ${got}`);
}
