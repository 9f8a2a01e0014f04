import { lengthOf } from '../compile/sizes.ts';
import type { Structure } from '../compile/structure.ts';
import type { Value } from '../tape.ts';
import type { TensorData } from '../tensor.ts';
import { checkEntries, type KernelPlan } from './plan/kernels.ts';

/*
 * All data of a pose go to the device as one array, because a WebGPU kernel reads at most seven arrays, and because one
 * upload costs less than many. Each input gets as much room as its capacity, so its offset in the array is the same for
 * all poses of a pipeline.
 */

/** The layout of the inputs in one array. */
export interface InputLayout {
  /**
   * The offset of each input of the tape, then two offsets for each of {@link KernelPlan.segments}: those of its starts
   * and of its order.
   */
  readonly offsets: readonly number[];
  readonly length: number;
}

/** Lays out the inputs of a plan, given the live values and the structure of the first tape with this plan. */
export function inputLayoutOf(
  { liveIndices, segments }: KernelPlan,
  live: readonly Value[],
  { sizes }: Structure,
  capacities: readonly number[],
): InputLayout {
  const capacityOf = new Map(sizes.map((size, i) => [size, capacities[i] as number]));
  const room = (liveIndex: number) =>
    (live[liveIndex] as Value).shape.reduce(
      (product, length) => product * (capacityOf.get(length) as number),
      1,
    );
  const lengths = liveIndices.map(room);
  for (const { index, rows } of segments) {
    lengths.push((capacities[rows] as number) + 1, lengths[index] as number);
  }
  const offsets: number[] = [];
  let length = 0;
  for (const inputLength of lengths) {
    offsets.push(length);
    length += inputLength;
  }
  checkEntries(length, 'all inputs of a pose together');
  // GPU arrays cannot be empty.
  return { offsets, length: Math.max(1, length) };
}

/** Writes the inputs of one pose into the array that goes to the device. */
export function writeInputs(
  { liveIndices, segments }: KernelPlan,
  { offsets }: InputLayout,
  live: readonly Value[],
  sizes: readonly number[],
  target: Float32Array,
): void {
  const data = liveIndices.map(liveIndex => dataOf(live[liveIndex] as Value));
  for (const [i, numbers] of data.entries()) target.set(numbers, offsets[i] as number);
  for (const [i, { index, rows }] of segments.entries()) {
    const [startsAt, orderAt] = offsets.slice(data.length + 2 * i) as [number, number];
    writeSegments(data[index] as TensorData, lengthOf([rows], sizes), target, startsAt, orderAt);
  }
}

function dataOf({ form }: Value): TensorData {
  if (form.kind !== 'parameter' && form.kind !== 'constant')
    throw new Error(`gpu: the form ${form.kind} is not an input`);
  return form.tensor.data;
}

/**
 * Sorts the entries of an index by row (a counting sort, which keeps the order within a row): the entries of row r are
 * order[starts[r]], …, order[starts[r + 1] − 1]. The two lists are written to `target` at `startsAt` and `orderAt`.
 * In a scatter, threads would have to wait for each other. The sorted entries turn it into a gather, without waiting.
 */
function writeSegments(
  index: TensorData,
  rows: number,
  target: Float32Array,
  startsAt: number,
  orderAt: number,
): void {
  const next = new Int32Array(rows + 1);
  for (const row of index) (next[row + 1] as number)++;
  for (let row = 0; row < rows; row++) (next[row + 1] as number) += next[row] as number;
  target.set(next, startsAt);
  for (let entry = 0; entry < index.length; entry++) {
    const row = index[entry] as number;
    const position = next[row] as number;
    next[row] = position + 1;
    target[orderAt + position] = entry;
  }
}
