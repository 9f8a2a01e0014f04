import { axisOf, showArgument, showShape, type Value } from '../op.ts';
import { slice } from './slice.ts';

/**
 * The parts of a value along an axis, 0 by default. If `parts` is a number, the value is split into so many equal
 * parts. If it is a list of positions, the value is split at each of them. The parts are {@link slice}s; `concat` joins
 * them again.
 *
 * @throws RangeError if the length is not divisible by `parts`, or the positions are not ascending positions of the
 * axis
 * @example
 * const [x, y, z] = split(coordinates, 3, -1);  // each [n, 1]
 * split(a, [2, 5]);                             // rows 0 and 1, rows 2 to 4, the rest
 */
export function split(a: Value, parts: number | readonly number[], axis = 0): Value[] {
  const along = axisOf('split', axis, a);
  const length = a.shape[along] as number;
  const ends = [...(Array.isArray(parts) ? parts : equalCuts(a, parts as number, length)), length];
  return ends.map((end, i) => {
    const start = i === 0 ? 0 : (ends[i - 1] as number);
    if (!Number.isInteger(end) || end < start || end > length) {
      const shown = ends.slice(0, -1).map(showArgument);
      throw new RangeError(
        `split: ${showShape(a.shape)}: positions are whole numbers that ascend from 0 to ${length}, got (${shown.join(', ')})`,
      );
    }
    const from = new Array<number>(along).fill(0);
    return slice(a, [...from, start], [...a.shape.slice(0, along), end]);
  });
}

/** Positions at which to cut an axis into `parts` equal parts. */
function equalCuts(a: Value, parts: number, length: number): number[] {
  if (!Number.isInteger(parts) || parts < 1 || length % parts !== 0) {
    const got = showArgument(parts);
    throw new RangeError(`split: ${showShape(a.shape)}: ${length} does not divide into ${got} equal parts`);
  }
  return Array.from({ length: parts - 1 }, (_, i) => ((i + 1) * length) / parts);
}
