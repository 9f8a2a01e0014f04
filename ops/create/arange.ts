import type { Tape } from '../../engine/tape.ts';
import { showArgument, type Value } from '../op.ts';

/**
 * Real numbers from `start` up to but not including `end`, `step` apart. A single bound is the end, with start 0.
 * For an index, pass a list to the op instead.
 *
 *     start + i·step for i from 0 to ⌈(end − start)/step⌉ − 1
 *
 * @throws RangeError for bounds that are not finite, or a step of 0
 * @example
 * arange(tape, 4);                              // 0, 1, 2, 3
 * arange(tape, 1, 2, 0.25);                     // 1, 1.25, 1.5, 1.75
 */
export function arange(tape: Tape, start: number, end?: number, step = 1): Value {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  const wrong = [from, to, step].find(bound => !Number.isFinite(bound));
  if (wrong !== undefined || step === 0) {
    const got = wrong === undefined ? 'a step of 0' : showArgument(wrong);
    throw new RangeError(`arange: bounds are finite and the step is not 0, got ${got}`);
  }
  const count = Math.max(0, Math.ceil((to - from) / step));
  return tape.constant(Array.from({ length: count }, (_, i) => from + i * step));
}
