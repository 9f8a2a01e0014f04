import { isMaximum, matmulSizes } from './forms.ts';
import { numbers } from './scalar.ts';
import { broadcastStrides, type Shape, sizeOf, stridesOf } from './shape.ts';
import type { Value } from './tape.ts';

/** One entry of a value: `at` is its position in row-major order. */
export interface Entry {
  readonly value: Value;
  readonly at: number;
}

/** The number at entry `at` of a value. */
export type EntryOf = (value: Value, at: number) => number;

/**
 * Yields the input entries that entry `at` of a value is computed from, in the order in which they are added up. For a
 * matrix product, the two factors of the first term come first, then the two factors of the next term, and so on.
 */
export function* readsOf(value: Value, at: number): Generator<Entry> {
  const { form, inputs, shape } = value;
  const [input, other] = inputs as readonly [Value, Value];
  switch (form.kind) {
    case 'parameter':
    case 'constant':
    case 'fill':
      return;
    case 'map':
      for (const operand of inputs)
        yield { value: operand, at: offset(at, shape, broadcastStrides(operand.shape, shape)) };
      return;
    case 'broadcast':
      yield { value: input, at: offset(at, shape, broadcastStrides(input.shape, shape)) };
      return;
    case 'reshape':
      yield { value: input, at };
      return;
    case 'accumulate':
      for (const term of inputs) yield { value: term, at };
      return;
    case 'transpose': {
      const strides = stridesOf(input.shape);
      const permuted = form.permutation.map(axis => strides[axis] as number);
      yield { value: input, at: offset(at, shape, permuted) };
      return;
    }
    case 'reduce': {
      // An axis that is not reduced has the same length in the input and the result. Along the reduced axes, all entries of
      // the input are read for one entry of the result.
      const strides = stridesOf(input.shape);
      const first = offset(at, shape, strides);
      const within = form.axes.map(axis => input.shape[axis] as number);
      const steps = form.axes.map(axis => strides[axis] as number);
      for (let i = 0, count = sizeOf(within); i < count; i++)
        yield { value: input, at: first + offset(i, within, steps) };
      return;
    }
    case 'slice': {
      const strides = stridesOf(input.shape);
      yield { value: input, at: offset(at, shape, strides) + dot(form.start, strides) };
      return;
    }
    case 'pad': {
      const from = coordinates(at, shape).map(
        (coordinate, axis) => coordinate - (form.start[axis] as number),
      );
      const isInside = from.every(
        (coordinate, axis) => coordinate >= 0 && coordinate < (input.shape[axis] as number),
      );
      if (isInside) yield { value: input, at: dot(from, stridesOf(input.shape)) };
      return;
    }
    case 'concat': {
      const from = coordinates(at, shape);
      for (const part of inputs) {
        const length = part.shape[form.axis] as number;
        if ((from[form.axis] as number) < length) {
          yield { value: part, at: dot(from, stridesOf(part.shape)) };
          return;
        }
        (from[form.axis] as number) -= length;
      }
      return;
    }
    case 'gather': {
      const width = sizeOf(input.shape.slice(1));
      const row = indexOf(other)[Math.floor(at / width)] as number;
      yield { value: input, at: row * width + (at % width) };
      return;
    }
    case 'segment-sum':
    case 'segment-max': {
      const width = sizeOf(shape.slice(1));
      const [row, column] = [Math.floor(at / width), at % width];
      const index = indexOf(other);
      for (let i = index.indexOf(row); i >= 0; i = index.indexOf(row, i + 1))
        yield { value: input, at: i * width + column };
      return;
    }
    case 'matmul': {
      const { m, k, n } = matmulSizes(form, input.shape, other.shape);
      const [row, column] = [Math.floor(at / n) % m, at % n];
      const batch = Math.floor(at / (m * n));
      for (let l = 0; l < k; l++) {
        yield { value: input, at: batch * m * k + (form.transposeA ? l * m + row : row * k + l) };
        yield { value: other, at: batch * k * n + (form.transposeB ? column * k + l : l * n + column) };
      }
    }
  }
}

/**
 * Computes single entries of values on demand, and for each only the entries that it depends on. Every entry is
 * computed at most once. A sum stops at the first NaN, since it can only stay NaN. The class is meant for a few entries
 * of a large tape.
 */
export class Entries {
  readonly #round: (number: number) => number;
  /** The numbers computed so far, by entry. */
  readonly #known = new Map<Value, Map<number, number>>();
  readonly #limit: number;
  #computed = 0;
  #depth = 0;

  /** @param limit the number of entries it computes before it gives up */
  constructor(precision: 'float64' | 'float32', limit: number) {
    this.#round = precision === 'float32' ? Math.fround : number => number;
    this.#limit = limit;
  }

  /** The number of entries computed so far. */
  get count(): number {
    return this.#computed;
  }

  /** @throws TooManyEntries if it would compute more entries than its limit */
  readonly get: EntryOf = (value, at) => {
    const { form } = value;
    if (form.kind === 'fill') return this.#round(form.number);
    if (form.kind === 'parameter' || form.kind === 'constant')
      return this.#round(form.tensor.data[at] as number);
    const known = this.#known.get(value) ?? new Map<number, number>();
    this.#known.set(value, known);
    const earlier = known.get(at);
    if (earlier !== undefined) return earlier;
    if (++this.#computed > this.#limit || this.#depth > mostDepth) throw new TooManyEntries();
    this.#depth++;
    const number = this.#round(this.#compute(value, at));
    this.#depth--;
    known.set(at, number);
    return number;
  };

  #compute(value: Value, at: number): number {
    const { form } = value;
    const reads = readsOf(value, at);
    if (form.kind === 'map') {
      const operands = Array.from(reads, read => this.get(read.value, read.at));
      return form.expression(numbers, ...operands);
    }
    let result: number | undefined;
    const takesMaximum = isMaximum(form);
    for (const read of reads) {
      let term = this.get(read.value, read.at);
      if (form.kind === 'matmul') {
        // `readsOf` yields the two factors of a term one after the other.
        const right = reads.next().value as Entry;
        term *= this.get(right.value, right.at);
      }
      if (result === undefined) result = term;
      else result = takesMaximum ? Math.max(result, term) : result + term;
      if (Number.isNaN(result)) break;
    }
    return result ?? (takesMaximum ? -Infinity : 0);
  }
}

/** The largest depth of recursion, far below the depth at which the call stack overflows. */
const mostDepth = 1000;

/** The error of {@link Entries} when it would compute more entries than allowed. */
export class TooManyEntries extends Error {}

/** The numbers of an index, which is always a constant. */
function indexOf({ form }: Value): Int32Array {
  if (form.kind !== 'constant') throw new Error(`entries: an index is a constant, got the form ${form.kind}`);
  return form.tensor.data as Int32Array;
}

/**
 * Converts position `at` in row-major order of `shape` to the position of the same entry in an array with these strides.
 */
function offset(at: number, shape: Shape, strides: readonly number[]): number {
  let total = 0;
  for (let axis = shape.length - 1, rest = at; axis >= 0; axis--) {
    const length = shape[axis] as number;
    total += (rest % length) * (strides[axis] as number);
    rest = Math.floor(rest / length);
  }
  return total;
}

/** The index along each axis of the entry at position `at` in row-major order. */
function coordinates(at: number, shape: Shape): number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(at / stride) % (shape[axis] as number));
}

/** The sum of the products of two lists. */
function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, number, i) => total + number * (b[i] as number), 0);
}
