import { checkValue, showArgument, type Value } from '../op.ts';

/** @throws TypeError naming the op if `a` is not a value, RangeError if `count` is not a whole number from 0 */
export function checkSegments(op: string, a: Value, count: number): void {
  checkValue(op, a);
  if (Number.isInteger(count) && count >= 0) return;
  const got = showArgument(count);
  throw new RangeError(`${op}: count is a whole number from 0, got ${got}`);
}
