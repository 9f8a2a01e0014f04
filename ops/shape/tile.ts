import { checkValue, showArgument, showShape, type Value } from '../op.ts';
import { broadcastTo } from './broadcastTo.ts';
import { reshape } from './reshape.ts';

/**
 * The whole value repeated along its axes. `times` is the number of repetitions along the last axis, or a list with a
 * number for each axis. A list shorter than the number of axes is for the last axes; a longer list adds axes in front.
 *
 * @throws RangeError unless each number is a whole number from 0
 * @example
 * tile(a, 2);                                   // [3] gives [6]: a, a
 * tile(a, [2, 1]);                              // [3] gives [2, 3]
 */
export function tile(a: Value, times: number | readonly number[]): Value {
  checkValue('tile', a);
  const list: readonly number[] = Array.isArray(times) ? times : [times as number];
  if (!list.every(count => Number.isInteger(count) && count >= 0)) {
    const shown = list.map(showArgument).join(', ');
    throw new RangeError(`tile: ${showShape(a.shape)}: needs whole numbers from 0, got (${shown})`);
  }
  const rank = Math.max(list.length, a.shape.length);
  const counts = [...new Array<number>(rank - list.length).fill(1), ...list];
  const lengths = [...new Array<number>(rank - a.shape.length).fill(1), ...a.shape];
  const apart = lengths.flatMap(length => [1, length]);
  const repeated = lengths.flatMap((length, axis) => [counts[axis] as number, length]);
  const joined = lengths.map((length, axis) => length * (counts[axis] as number));
  return reshape(broadcastTo(reshape(a, apart), repeated), joined);
}
