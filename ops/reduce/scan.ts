import { axisOf, type Binary, checkValue, sizeOf, type Value } from '../op.ts';
import { concat } from '../shape/concat.ts';
import { reshape } from '../shape/reshape.ts';
import { slice } from '../shape/slice.ts';

/**
 * The inclusive scan by an associative `op` along an axis; `neutral` is its neutral element. After the step that shifts
 * by s, each entry combines the last 2s entries. It takes ⌈log₂ n⌉ steps over all entries (Hillis and Steele, Data
 * parallel algorithms, Communications of the ACM 29, 1986), without an n × n matrix. Without an axis the entries are
 * flattened.
 */
export function scan(name: string, op: Binary, neutral: number, a: Value, axis: number | undefined): Value {
  checkValue(name, a);
  if (axis === undefined) return scan(name, op, neutral, reshape(a, [sizeOf(a.shape)]), 0);
  const along = axisOf(name, axis, a);
  const length = a.shape[along] as number;
  let result = a;
  for (let shift = 1; shift < length; shift *= 2) {
    const before = a.tape.fill(neutral, a.shape.with(along, shift));
    const earlier = slice(result, [], [...a.shape.slice(0, along), length - shift]);
    result = op(result, concat([before, earlier], along));
  }
  return result;
}
