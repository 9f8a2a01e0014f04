import { gradient, Tape, tensor, type Value } from 'posetape';
import * as ops from 'posetape/ops';
import type { Pose, Program } from '../support/programs.ts';
import { toSecondOrder } from '../support/second-order.ts';

/**
 * Values to compute on a backend, described by plain data that a test can send to a page. The page records them, and runs
 * them on a backend that exists only in the page.
 */
export type Case =
  | { readonly kind: 'program'; readonly program: Program; readonly pose: Pose }
  | {
      readonly kind: 'elementwise';
      readonly op: string;
      readonly operands: readonly (readonly number[])[];
    }
  | { readonly kind: 'structure'; readonly name: string };

/** Records a case, and returns the values to compute. */
export function recordCase(task: Case): Value[] {
  switch (task.kind) {
    case 'program':
      return toSecondOrder(task.program, task.pose);
    case 'elementwise': {
      const tape = new Tape();
      const operands = task.operands.map(entries => tape.constant(Float32Array.from(entries)));
      const op = elementwise.get(task.op) as (...operands: Value[]) => Value;
      return [op(...operands)];
    }
    case 'structure':
      return (structures.get(task.name) as (tape: Tape) => Value[])(new Tape());
  }
}

const {
  abs,
  acos,
  add,
  asin,
  atan,
  atan2,
  cos,
  div,
  equal,
  erf,
  erfc,
  exp,
  expm1,
  floor,
  gelu,
  greater,
  less,
  log,
  log1p,
  maximum,
  minimum,
  mul,
  neg,
  pow,
} = ops;
const { relu, scaled, sigmoid, sign, sin, softplus, sqrt, square, sub, tanh, where } = ops;

/** Elementwise ops of one operand. */
export const unary: Readonly<Record<string, (x: Value) => Value>> = {
  abs,
  acos,
  asin,
  atan,
  cos,
  erf,
  erfc,
  exp,
  expm1,
  floor,
  gelu,
  log,
  log1p,
  neg,
  relu,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
};

/** Elementwise ops of two operands. */
export const binary: Readonly<Record<string, (x: Value, y: Value) => Value>> = {
  add,
  atan2,
  div,
  equal,
  greater,
  less,
  maximum,
  minimum,
  mul,
  pow,
  scaled,
  sub,
  where: (x, y) => where(x, y, 3),
};
const elementwise = new Map<string, (...operands: never[]) => Value>(Object.entries({ ...unary, ...binary }));

/** Irregular numbers from −1 to 1. */
function irregular(count: number, phase = 0): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * phase));
}

const withSlopes = (y: Value, wrt: readonly Value[]): Value[] => [y, ...gradient(y, wrt)];

/** Tasks that are hard for kernels, which write one array, read at most seven, cannot scatter, and sum in float32. */
const structures: ReadonlyMap<string, (tape: Tape) => Value[]> = new Map(
  Object.entries<(tape: Tape) => Value[]>({
    'a sum of a million numbers': tape => {
      const x = tape.constant(Float64Array.from({ length: 1e6 }, (_, i) => 1 + (i % 7) / 8));
      const k = tape.parameter(tensor(1.5), 'k');
      return withSlopes(ops.sum(ops.mul(k, x)), [k]);
    },
    'the largest of a million numbers': tape => [ops.max(tape.constant(irregular(1e6)))],
    'long sums along each axis': tape => {
      const x = tape.parameter(tensor(irregular(700 * 300).map(Math.abs), [700, 300]), 'x');
      return [ops.sum(x, 0), ops.sum(x, 1), ops.sum(x), ...gradient(ops.sum(ops.square(ops.sum(x, 0))), [x])];
    },
    'a segment sum of ten thousand entries per row': tape => {
      const x = tape.parameter(tensor(irregular(30_000).map(Math.abs)), 'x');
      const sums = ops.segmentSum(
        x,
        Int32Array.from({ length: 30_000 }, (_, i) => (i * 7) % 3),
        3,
      );
      return withSlopes(ops.sum(ops.square(sums)), [x]);
    },
    'a matrix product over ten thousand terms': tape => {
      const a = tape.parameter(tensor(irregular(10_000 * 3), [10_000, 3]), 'a');
      const b = tape.parameter(tensor(irregular(10_000 * 2, 1), [10_000, 2]), 'b');
      const y = ops.matmul(ops.transpose(a), b);
      return [y, ...gradient(ops.sum(ops.square(y)), [a, b])];
    },
    'products of batches, transposed': tape => {
      const a = tape.parameter(tensor(irregular(2 * 3 * 4), [2, 3, 4]), 'a');
      const b = tape.parameter(tensor(irregular(2 * 4 * 5, 1), [2, 4, 5]), 'b');
      const transposed = (x: Value) => ops.transpose(x, [0, 2, 1]);
      const products = [
        ops.matmul(a, b),
        ops.matmul(transposed(ops.exp(a)), ops.matmul(a, b)),
        transposed(ops.matmul(transposed(b), transposed(a))),
      ];
      return [...products, ...gradient(ops.sum(ops.square(products[1] as Value)), [a, b])];
    },
    'a sum of twenty arrays': tape => {
      const x = Array.from({ length: 20 }, (_, i) =>
        ops.softmax(tape.parameter(tensor(irregular(50, i)), `x${i}`)),
      );
      const total = x.reduce((a, b) => ops.add(a, b));
      return [
        total,
        ...gradient(
          ops.sum(ops.square(total)),
          x.map(({ inputs }) => inputs[0] as Value),
        ),
      ];
    },
    'a concatenation of twenty arrays': tape => {
      const x = Array.from({ length: 20 }, (_, i) =>
        ops.softmax(tape.parameter(tensor(irregular(2 + (i % 3), i)), `x${i}`)),
      );
      const joined = ops.concat(x);
      return [joined, ...gradient(ops.sum(ops.square(joined)), [x[3] as Value, x[19] as Value])];
    },
    'slices and pads that overlap': tape => {
      const x = tape.parameter(tensor(irregular(6 * 5), [6, 5]), 'x');
      const parts = [ops.slice(x, [0, 1], [4, 5]), ops.slice(x, [2, 0], [6, 4])] as const;
      const y = ops.mul(
        ops.pad(parts[0], [
          [1, 2],
          [0, 3],
        ]),
        ops.pad(parts[1], [
          [2, 1],
          [3, 0],
        ]),
      );
      return [y, ...gradient(ops.sum(ops.square(y)), [x])];
    },
    'an index of two axes': tape => {
      const table = tape.parameter(tensor(irregular(5 * 2), [5, 2]), 'table');
      const index = tensor(Int32Array.of(0, 4, 2, 2, 1, 0), [2, 3]);
      const rows = ops.gather(table, index);
      const sums = ops.segmentSum(ops.square(rows), index, 6);
      return [rows, sums, ...gradient(ops.sum(ops.square(sums)), [table])];
    },
    'maximum and softmax of segments, one of ten thousand rows and one empty': tape => {
      const x = tape.parameter(tensor(irregular(10_010)), 'x');
      const index = Int32Array.from({ length: 10_010 }, (_, i) => (i < 10_000 ? 2 : i % 2));
      const square = ops.square(x);
      const largest = ops.segmentMax(square, index, 4);
      const softmax = ops.segmentSoftmax(ops.mul(3, x), index, 4);
      const y = ops.add(ops.sum(ops.gather(largest, [0, 1, 2])), ops.sum(ops.square(softmax)));
      return [largest, ops.segmentMin(x, index, 4), softmax, ...withSlopes(y, [x])];
    },
    'empty arrays': tape => {
      const x = tape.parameter(tensor(new Float64Array(), [0, 3]), 'x');
      const index = new Int32Array();
      return [
        x,
        ops.sum(x),
        ops.sum(x, 0),
        ops.segmentSum(x, index, 2),
        ops.segmentMax(x, index, 2),
        ops.segmentSoftmax(x, index, 2),
        ...gradient(ops.sum(ops.square(x)), [x]),
      ];
    },
    'maxima and minima of computed numbers, and their derivatives': tape => {
      const x = tape.parameter(tensor(irregular(3)), 'x');
      const products = ops.mul(x, tape.constant(tensor(irregular(200 * 3, 1), [200, 3])));
      const extremes = [ops.max(products), ops.sum(ops.max(products, 0)), ops.sum(ops.min(products, 1))];
      return extremes.flatMap(y => withSlopes(y, [x]));
    },
    'a transposed array in another shape': tape => {
      const x = tape.parameter(tensor(irregular(4 * 3 * 2), [4, 3, 2]), 'x');
      const y = ops.reshape(ops.transpose(ops.exp(x), [2, 0, 1]), [6, 4]);
      return [y, ops.sum(y, 1), ...gradient(ops.sum(ops.mul(y, ops.softmax(y, 1))), [x])];
    },
    'many functions in one kernel, and their derivatives': tape => {
      const x = tape.parameter(tensor([0.3, 0.7, 1.4, 2.6]), 'x');
      const waves = ops.mul(ops.sin(x), ops.cos(ops.tanh(x)));
      const powers = ops.add(ops.pow(x, ops.log(x)), ops.log1p(ops.mul(ops.expm1(x), ops.tanh(x))));
      const y = ops.add(ops.mul(waves, powers), ops.add(ops.log(ops.add(x, 1)), ops.pow(ops.cos(x), 3)));
      return [y, ...gradient(ops.sum(y), [x])];
    },
    'a value wanted twice, and a parameter wanted unchanged': tape => {
      const x = tape.parameter(tensor([1, 2, 3]), 'x');
      const y = ops.exp(x);
      return [y, x, y, ops.reshape(y, [3, 1])];
    },
  }),
);

export const structureNames: readonly string[] = [...structures.keys()];
