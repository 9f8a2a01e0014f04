import { isValue, type Tape, type Value } from './tape.ts';
import type { Tensor, TensorData } from './tensor.ts';

/** An index as ops take it: data, or a value already on the tape. */
export type Index = Value | Int32Array | readonly number[] | Tensor<Int32Array>;

/** The index as a value of this tape whose entries stay below `limit`; an error names the op and the entry. */
export function indexOn(tape: Tape, op: string, index: Index, limit: number): Value {
  const value = isValue(index) ? index : tape.index(index, op);
  const { form } = value;
  if (form.kind !== 'constant' || limit >= form.rows) return value;
  const { data } = form.tensor;
  if (!areRows(data, limit)) {
    const position = data.findIndex(row => row < 0 || row >= limit);
    throw new RangeError(
      `${op}: index ${data[position]} at position ${position} is out of range: there are ${limit} rows, 0 to ${limit - 1}`,
    );
  }
  form.rows = limit;
  return value;
}

/**
 * Whether each index is one of so many rows. Each pose's indices are asked, so it goes without a branch: an index below 0
 * has its highest bit set, and one beyond the last row leaves a difference that has.
 */
function areRows(data: TensorData, rows: number): boolean {
  const last = Math.min(rows, 2 ** 31) - 1;
  let bits = 0;
  let i = 0;
  for (; i + 1 < data.length; i += 2) {
    const [a, b] = [data[i] as number, data[i + 1] as number];
    bits |= a | (last - a) | b | (last - b);
  }
  if (i < data.length) bits |= (data[i] as number) | (last - (data[i] as number));
  return bits >= 0;
}
