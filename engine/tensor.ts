import { isShape, type Shape, showShape, sizeOf } from './shape.ts';

/** The arrays a tensor may hold: real numbers in either precision, or indices. */
export type TensorData = Float64Array | Float32Array | Int32Array;

/** Numbers in an array, and the shape in which they are arranged. */
export interface Tensor<Data extends TensorData = TensorData> {
  /** The numbers in row-major order: neighbours along the last axis are neighbours in the array. */
  readonly data: Data;
  /** Length of each axis; [] for a single number. */
  readonly shape: Shape;
}

/** Lists of numbers, nested to any depth. All lists at one depth have the same length. */
export type NestedNumbers = readonly (number | NestedNumbers)[];

/** Anything that {@link tensor} accepts. */
export type TensorSource = number | NestedNumbers | TensorData | Tensor;

/** True for an array that a tensor may hold. */
export function isTensorData(source: unknown): source is TensorData {
  return source instanceof Float64Array || source instanceof Float32Array || source instanceof Int32Array;
}

/** True for an object whose `data` is an array that a tensor may hold. */
export function isTensor(source: unknown): source is Tensor {
  return typeof source === 'object' && source !== null && 'data' in source && isTensorData(source.data);
}

/**
 * True if all numbers are finite. The gradients of every pose are checked by this function, so it must be fast. It adds
 * up the numbers, since a sum with ∞ or NaN is not finite. There are four partial sums, so that four additions can run
 * at once.
 */
export function areFinite(data: TensorData): boolean {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  const { length } = data;
  for (const end = length - 3; i < end; i += 4) {
    a += data[i] as number;
    b += data[i + 1] as number;
    c += data[i + 2] as number;
    d += data[i + 3] as number;
  }
  for (; i < length; i++) a += data[i] as number;
  // A finite sum proves that all numbers are finite. Any other sum proves nothing, since large finite numbers may
  // overflow, so then the numbers are checked one by one.
  return Number.isFinite(a + b + (c + d)) || !data.some(number => !Number.isFinite(number));
}

/**
 * A tensor of numbers, nested lists or a typed array.
 *
 * Lists become float64. A typed array is used without a copy: Float64Array and Float32Array are real data, Int32Array
 * is index data. `shape` defaults to the nesting of the lists, or to one axis for a typed array.
 *
 * @throws RangeError if the rows differ in length, or `shape` does not hold as many numbers as given
 * @example
 * tensor(2.5);                                  // shape []
 * tensor([[1, 2, 3], [4, 5, 6]]);               // shape [2, 3]
 * tensor(new Float32Array(6), [2, 3]);
 */
export function tensor(source: Int32Array, shape?: Shape): Tensor<Int32Array>;
export function tensor(source: Float32Array, shape?: Shape): Tensor<Float32Array>;
export function tensor(source: number | NestedNumbers | Float64Array, shape?: Shape): Tensor<Float64Array>;
export function tensor(source: TensorSource, shape?: Shape): Tensor;
export function tensor(source: TensorSource, shape?: Shape): Tensor {
  const read = readSource(source);
  if (shape === undefined) return checkedTensor(read);
  return checkedTensor({ data: read.data, shape });
}

/** The tensor of any source. The shape is not yet checked. */
function readSource(source: TensorSource): Tensor {
  if (isTensorData(source)) return { data: source, shape: [source.length] };
  if (isTensor(source)) return source;
  if (typeof source === 'number') return { data: Float64Array.of(source), shape: [] };
  if (!Array.isArray(source)) {
    throw new TypeError(
      `tensor: expected a number, nested lists of numbers, a Float64Array, Float32Array or Int32Array, got ${describe(source)}`,
    );
  }
  const shape = nestingOf(source as NestedNumbers);
  const data = new Float64Array(sizeOf(shape));
  fill(data, 0, source as NestedNumbers, shape, 0);
  return { data, shape };
}

/** @throws RangeError unless the shape is a list of whole numbers that holds as many numbers as the array */
function checkedTensor(candidate: Tensor): Tensor {
  const { data, shape } = candidate;
  if (!isShape(shape)) {
    throw new RangeError(
      `tensor: a shape is a list of whole numbers, got ${Array.isArray(shape) ? showShape(shape) : shape}`,
    );
  }
  if (sizeOf(shape) !== data.length) {
    throw new RangeError(
      `tensor: shape ${showShape(shape)} holds ${sizeOf(shape)} numbers, but ${data.length} were given`,
    );
  }
  return candidate;
}

/** The shape of nested lists. The length of each axis is that of the first list at its depth. */
function nestingOf(source: NestedNumbers): Shape {
  const shape: number[] = [];
  let level: number | NestedNumbers | undefined = source;
  while (Array.isArray(level)) {
    shape.push(level.length);
    level = level[0];
  }
  return shape;
}

/** Copies lists nested at depth `axis` into `data` from position `at` on. Returns the next position. */
function fill(data: Float64Array, at: number, source: NestedNumbers, shape: Shape, axis: number): number {
  if (source.length !== shape[axis]) {
    throw new RangeError(
      `tensor: rows differ in length: ${shape[axis]} and ${source.length} at depth ${axis} of the nesting`,
    );
  }
  const isInnermost = axis === shape.length - 1;
  for (const entry of source) {
    if (isInnermost ? typeof entry !== 'number' : !Array.isArray(entry)) {
      throw new TypeError(
        `tensor: expected ${isInnermost ? 'a number' : 'a list'} at depth ${axis + 1}, got ${describe(entry)}`,
      );
    }
    if (typeof entry === 'number') data[at++] = entry;
    else at = fill(data, at, entry, shape, axis + 1);
  }
  return at;
}

function describe(thing: unknown): string {
  if (thing === null || typeof thing !== 'object') return String(thing);
  return Array.isArray(thing) ? 'a list' : `a ${thing.constructor?.name ?? 'value'}`;
}
