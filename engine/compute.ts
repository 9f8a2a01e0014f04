import { type Form, matmulSizes } from './forms.ts';
import { type Expression, numbers } from './scalar.ts';
import { broadcastStrides, type Shape, sizeOf, stridesOf } from './shape.ts';
import type { Tensor, TensorData } from './tensor.ts';

/** A tensor that is being written. */
type Result = Tensor<Float64Array | Float32Array>;

/** The path of a walk through one array: a stride for each axis of the walk, and the position of the first entry. */
interface Walker {
  readonly strides: readonly number[];
  readonly start: number;
}

/**
 * Walks all indices of `shape` in row-major order through several arrays at once, a row at a time. `visit` is called
 * for each row with three arguments: for each array, the position where the row begins; for each array, the distance
 * between neighbouring entries of the row; and the number of entries of the row.
 *
 * Broadcasting (a stride of 0), transposing (permuted strides), slicing and padding (a start other than 0) are all
 * walks.
 */
function walk(
  shape: Shape,
  walkers: readonly Walker[],
  visit: (begin: readonly number[], step: readonly number[], length: number) => void,
): void {
  if (sizeOf(shape) === 0) return;
  const axes = mergedAxes(shape, walkers);
  const inner = axes.pop() ?? { length: 1, strides: walkers.map(() => 0) };
  const begin = walkers.map(walker => walker.start);
  const counter = new Array<number>(axes.length).fill(0);
  for (;;) {
    visit(begin, inner.strides, inner.length);
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      const { length, strides } = axes[axis] as (typeof axes)[number];
      const isLast = counter[axis] === length - 1;
      // Go to the next index or, from the last one, back to the first.
      const steps = isLast ? 1 - length : 1;
      for (let w = 0; w < begin.length; w++) (begin[w] as number) += steps * (strides[w] as number);
      counter[axis] = isLast ? 0 : (counter[axis] as number) + 1;
      if (!isLast) break;
    }
    if (axis < 0) return;
  }
}

/** The axes of a walk, with adjacent axes merged if every array is contiguous across them. */
function mergedAxes(shape: Shape, walkers: readonly Walker[]): { length: number; strides: number[] }[] {
  const axes: { length: number; strides: number[] }[] = [];
  for (const [axis, length] of shape.entries()) {
    if (length === 1) continue;
    const strides = walkers.map(walker => walker.strides[axis] as number);
    const outer = axes.at(-1);
    if (outer?.strides.every((stride, w) => stride === (strides[w] as number) * length)) {
      outer.length *= length;
      outer.strides = strides;
    } else {
      axes.push({ length, strides });
    }
  }
  return axes;
}

/** A walk through a whole array in row-major order. */
const contiguous = (shape: Shape): Walker => ({ strides: stridesOf(shape), start: 0 });
/** A walk that reads an array of shape `from` as if it were broadcast to shape `to`. */
const repeated = (from: Shape, to: Shape): Walker => ({ strides: broadcastStrides(from, to), start: 0 });

/** A walk through the box that begins at `start` in an array of shape `room`. */
function boxed(start: readonly number[], room: Shape): Walker {
  const strides = stridesOf(room);
  return { strides, start: start.reduce((sum, at, axis) => sum + at * (strides[axis] as number), 0) };
}

/**
 * Computes a form from its inputs and writes the result to `out`. {@link addInto} adds the result to `out` instead.
 */
export function compute(form: Form, inputs: readonly Tensor[], out: Result): void {
  const [a, b] = inputs as readonly [Tensor, Tensor];
  switch (form.kind) {
    case 'parameter':
    case 'constant':
      out.data.set(form.tensor.data);
      return;
    case 'fill':
      out.data.fill(form.number);
      return;
    case 'map':
      computeMap(form.expression, inputs, out);
      return;
    case 'reduce':
      if (form.reducer === 'sum') fold(form.axes, a, out, 0, (total, entry) => total + entry);
      else fold(form.axes, a, out, -Infinity, (largest, entry) => Math.max(largest, entry));
      return;
    case 'broadcast':
      copyBetween(out.shape, a.data, repeated(a.shape, out.shape), out.data, contiguous(out.shape));
      return;
    case 'reshape':
      out.data.set(a.data);
      return;
    case 'transpose': {
      const strides = stridesOf(a.shape);
      const permuted = { strides: form.permutation.map(axis => strides[axis] as number), start: 0 };
      copyBetween(out.shape, a.data, permuted, out.data, contiguous(out.shape));
      return;
    }
    case 'slice':
      copyBetween(out.shape, a.data, boxed(form.start, a.shape), out.data, contiguous(out.shape));
      return;
    case 'concat': {
      const start = out.shape.map(() => 0);
      for (const part of inputs) {
        copyBetween(part.shape, part.data, contiguous(part.shape), out.data, boxed(start, out.shape));
        (start[form.axis] as number) += part.shape[form.axis] as number;
      }
      return;
    }
    case 'gather':
      computeGather(a, b.data, out);
      return;
    case 'segment-max':
      computeSegmentMax(a, b.data, out);
      return;
    case 'matmul':
      computeMatmul(matmulSizes(form, a.shape, b.shape), form, a, b, out);
      return;
    case 'pad':
    case 'segment-sum':
    case 'accumulate':
      computeSum(out, sum => addInto(form, inputs, sum));
      return;
  }
}

/**
 * Fills `out` with a sum. `add` is called with an array of zeros and adds the terms to it. The array is float64
 * whatever the precision of `out`, so the sum is rounded to that precision only once.
 */
export function computeSum(out: Result, add: (sum: Result) => void): void {
  const sum = out.data instanceof Float64Array ? out.data.fill(0) : new Float64Array(out.data.length);
  add({ data: sum, shape: out.shape });
  if (sum !== out.data) out.data.set(sum);
}

/**
 * Adds the result of a form to the numbers in `out`. So a pad or segment sum that is only a term of a sum needs no
 * array of its own. For example, the cotangents of many slices or gathers of one table are added up in one array.
 */
export function addInto(form: Form, inputs: readonly Tensor[], out: Result): void {
  const [a, index] = inputs as readonly [Tensor, Tensor];
  switch (form.kind) {
    case 'pad':
      addBetween(a, boxed(form.start, out.shape), out.data);
      return;
    case 'segment-sum': {
      const width = sizeOf(out.shape.slice(1));
      for (let i = 0; i < index.data.length; i++) {
        const row = (index.data[i] as number) * width;
        for (let j = 0; j < width; j++) (out.data[row + j] as number) += a.data[i * width + j] as number;
      }
      return;
    }
    case 'accumulate':
      for (const part of inputs) addBetween(part, contiguous(out.shape), out.data);
      return;
    default:
      throw new Error(`addInto: ${form.kind} does not accumulate`);
  }
}

function computeMap(expression: Expression, inputs: readonly Tensor[], out: Result): void {
  const walkers = inputs.map(input => repeated(input.shape, out.shape));
  const arrays = inputs.map(input => input.data);
  // There may be fewer than three inputs, although the cast promises three. Those of x, y and z that are missing are
  // never used.
  const [x, y, z] = arrays as [...TensorData[], TensorData, TensorData, TensorData];
  const entries = new Array<number>(arrays.length);
  let at = 0;
  walk(out.shape, [contiguous(out.shape), ...walkers], (begin, step, length) => {
    const [, x0, y0, z0] = begin as [number, number, number, number];
    const [, dx, dy, dz] = step as [number, number, number, number];
    // One, two and three inputs have loops of their own, which are faster: they need no array of arguments.
    switch (arrays.length) {
      case 1:
        for (let i = 0; i < length; i++) out.data[at++] = expression(numbers, x[x0 + i * dx] as number);
        return;
      case 2:
        for (let i = 0; i < length; i++) {
          out.data[at++] = expression(numbers, x[x0 + i * dx] as number, y[y0 + i * dy] as number);
        }
        return;
      case 3:
        for (let i = 0; i < length; i++) {
          const xi = x[x0 + i * dx] as number;
          const yi = y[y0 + i * dy] as number;
          out.data[at++] = expression(numbers, xi, yi, z[z0 + i * dz] as number);
        }
        return;
      default:
        for (let i = 0; i < length; i++) {
          for (let k = 0; k < arrays.length; k++) {
            const from = (begin[k + 1] as number) + i * (step[k + 1] as number);
            entries[k] = (arrays[k] as TensorData)[from] as number;
          }
          out.data[at++] = expression(numbers, ...entries);
        }
    }
  });
}

/**
 * Folds the entries along `axes` into one entry. It computes in float64 whatever the precision of `out`, and rounds the
 * result once.
 */
function fold(
  axes: readonly number[],
  a: Tensor,
  out: Result,
  initial: number,
  combine: (sofar: number, entry: number) => number,
): void {
  const totals = out.data instanceof Float64Array ? out.data : new Float64Array(out.data.length);
  totals.fill(initial);
  const toTotals = {
    strides: stridesOf(out.shape).map((stride, axis) => (axes.includes(axis) ? 0 : stride)),
    start: 0,
  };
  walk(a.shape, [contiguous(a.shape), toTotals], ([from, to], [stepFrom, stepTo], length) => {
    for (let i = 0; i < length; i++) {
      const at = (to as number) + i * (stepTo as number);
      totals[at] = combine(
        totals[at] as number,
        a.data[(from as number) + i * (stepFrom as number)] as number,
      );
    }
  });
  if (totals !== out.data) out.data.set(totals);
}

function copyBetween(shape: Shape, source: TensorData, from: Walker, target: TensorData, to: Walker): void {
  walk(shape, [from, to], ([a, b], [stepA, stepB], length) => {
    for (let i = 0; i < length; i++) {
      target[(b as number) + i * (stepB as number)] = source[(a as number) + i * (stepA as number)] as number;
    }
  });
}

function addBetween(source: Tensor, to: Walker, target: TensorData): void {
  walk(source.shape, [contiguous(source.shape), to], ([a, b], [stepA, stepB], length) => {
    for (let i = 0; i < length; i++) {
      (target[(b as number) + i * (stepB as number)] as number) += source.data[
        (a as number) + i * (stepA as number)
      ] as number;
    }
  });
}

function computeGather(a: Tensor, index: TensorData, out: Result): void {
  const width = sizeOf(a.shape.slice(1));
  for (let i = 0; i < index.length; i++) {
    const row = (index[i] as number) * width;
    for (let j = 0; j < width; j++) out.data[i * width + j] = a.data[row + j] as number;
  }
}

function computeSegmentMax(a: Tensor, index: TensorData, out: Result): void {
  const width = sizeOf(out.shape.slice(1));
  out.data.fill(-Infinity);
  for (let i = 0; i < index.length; i++) {
    const row = (index[i] as number) * width;
    for (let j = 0; j < width; j++)
      out.data[row + j] = Math.max(out.data[row + j] as number, a.data[i * width + j] as number);
  }
}

function computeMatmul(
  { m, k, n }: { m: number; k: number; n: number },
  { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean },
  a: Tensor,
  b: Tensor,
  out: Result,
): void {
  // The distance between neighbouring rows and columns of each operand.
  const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
  const [rowB, columnB] = transposeB ? [1, k] : [n, 1];
  const batches = sizeOf(out.shape.slice(0, -2));
  let at = 0;
  for (let batch = 0; batch < batches; batch++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let total = 0;
        let left = batch * m * k + i * rowA;
        let right = batch * k * n + j * columnB;
        for (let l = 0; l < k; l++) {
          total += (a.data[left] as number) * (b.data[right] as number);
          left += columnA;
          right += rowB;
        }
        out.data[at++] = total;
      }
    }
  }
}
