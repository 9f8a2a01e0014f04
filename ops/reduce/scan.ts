import { axisOf, type Binary, checkValue, sizeOf, type Value } from '../op.ts';
import { concat } from '../shape/concat.ts';
import { reshape } from '../shape/reshape.ts';
import { slice } from '../shape/slice.ts';

/**
 * The inclusive scan along an axis by an associative `op` with the neutral element `neutral`: entry i of the result
 * combines entries 0 to i. After the step that shifts by s, each entry combines itself and up to 2s − 1 entries before
 * it. The scan takes ⌈log₂ n⌉ steps over all entries (Hillis and Steele, Data parallel algorithms, Communications of
 * the ACM 29, 1986), without an n × n matrix. If no axis is given, the entries are flattened.
 */
export function scan(name: string, op: Binary, neutral: number, a: Value, axis: number | undefined): Value {
  checkValue(name, a);
  if (axis === undefined) return scan(name, op, neutral, reshape(a, [sizeOf(a.shape)]), 0);
  const along = axisOf(name, axis, a);
  const length = a.shape[along] as number;
  let result = a;
  for (let shift = 1; shift < length; shift *= 2) {
    const neutrals = a.tape.fill(neutral, a.shape.with(along, shift));
    const earlier = slice(result, [], [...a.shape.slice(0, along), length - shift]);
    result = op(result, concat([neutrals, earlier], along));
  }
  return result;
}
