import { lengthOf } from '../compile/sizes.ts';
import type { Structure } from '../compile/structure.ts';
import type { Value } from '../tape.ts';
import type { TensorData } from '../tensor.ts';
import { checkEntries, type KernelPlan } from './plan/kernels.ts';

/*
 * All data of a pose go to the device as one array: a WebGPU kernel reads seven arrays at most, and one upload costs
 * less than many. Each input has room for its capacity, so its place is the same for all poses of a pipeline.
 */

/** The position of each input in the array, those of the segments after the tape's own, and the array's length. */
export interface InputLayout {
  readonly offsets: readonly number[];
  readonly length: number;
}

/** Lays out the inputs of a plan for the first tape that has it. */
export function inputLayoutOf(
  { inputPlaces, segments }: KernelPlan,
  live: readonly Value[],
  { sizes }: Structure,
  capacities: readonly number[],
): InputLayout {
  const capacityOf = new Map(sizes.map((size, i) => [size, capacities[i] as number]));
  const room = (place: number) =>
    (live[place] as Value).shape.reduce((product, length) => product * (capacityOf.get(length) as number), 1);
  const lengths = inputPlaces.map(room);
  for (const { index, rows } of segments) {
    lengths.push((capacities[rows] as number) + 1, lengths[index] as number);
  }
  const offsets: number[] = [];
  let length = 0;
  for (const each of lengths) {
    offsets.push(length);
    length += each;
  }
  checkEntries(length, 'all inputs of a pose together');
  // GPU arrays cannot be empty.
  return { offsets, length: Math.max(1, length) };
}

/** Writes the inputs of one pose into the array that goes to the device. */
export function writeInputs(
  { inputPlaces, segments }: KernelPlan,
  { offsets }: InputLayout,
  live: readonly Value[],
  sizes: readonly number[],
  target: Float32Array,
): void {
  const data = inputPlaces.map(place => dataOf(live[place] as Value));
  for (const [i, numbers] of data.entries()) target.set(numbers, offsets[i] as number);
  for (const [i, { index, rows }] of segments.entries()) {
    const [starts, order] = offsets.slice(data.length + 2 * i) as [number, number];
    writeSegments(data[index] as TensorData, lengthOf([rows], sizes), target, starts, order);
  }
}

function dataOf({ form }: Value): TensorData {
  if (form.kind !== 'parameter' && form.kind !== 'constant') throw new Error(`gpu: ${form.kind} is no input`);
  return form.tensor.data;
}

/**
 * An index sorted by what it points to (a counting sort, which keeps the order of equals): the entries that point to
 * row r are order[starts[r]], …, order[starts[r + 1] − 1]. It turns a scatter, in which threads would have to wait for
 * each other, into a gather.
 */
function writeSegments(
  index: TensorData,
  rows: number,
  target: Float32Array,
  starts: number,
  order: number,
): void {
  const next = new Int32Array(rows + 1);
  for (const row of index) (next[row + 1] as number)++;
  for (let row = 0; row < rows; row++) (next[row + 1] as number) += next[row] as number;
  target.set(next, starts);
  for (let entry = 0; entry < index.length; entry++) {
    const row = index[entry] as number;
    const place = next[row] as number;
    next[row] = place + 1;
    target[order + place] = entry;
  }
}
