import fc from 'fast-check';
import { Tape, type Tensor, tensor, type Value } from 'posetape';
import * as ops from 'posetape/ops';
import { add, concat, expandDims, gather, less, mean, mul, reshape, slice, square, tanh } from 'posetape/ops';
import { real } from './numbers.ts';

/*
 * Random programs: scorers as plain data. Every list of steps is a valid program, so fast-check can shrink a failing
 * program to a few steps.
 *
 * A step names an op and picks its operands among all earlier values, counting back from the newest. Operands that do
 * not fit are adapted, so a step can be dropped or changed without changing others. Values stay within a few units, and
 * slopes near 1: for example, divisors and operands of logarithms are 1 + x². So finite differences are accurate for a
 * program of any length.
 */

/** Name of an exported op. This file compiles only if every op has a recipe. */
export type OpName = keyof typeof ops;

/** Scorer as plain data: its parameters, and the steps that compute a scalar. */
export interface Program {
  readonly params: readonly { readonly shape: readonly number[]; readonly entries: readonly number[] }[];
  readonly steps: readonly Step[];
}

/** One op, and choices for it. Most ops use only some of the choices. */
export interface Step {
  readonly op: OpName;
  /** The operands, counted back from the newest value. */
  readonly operands: readonly [number, number];
  readonly axis: number;
  readonly number: number;
  readonly picks: readonly number[];
}

/** Pose: at least one row, each with numbers and the index of an entry to gather. */
export type Pose = readonly {
  readonly number: number;
  readonly features: readonly [number, number, number];
  readonly pick: number;
}[];

/** Parameters of a program as tensors named p0, p1, …: the `params` of a scorer. */
export function paramsOf(program: Program): Record<string, Tensor> {
  return Object.fromEntries(
    program.params.map(({ shape, entries }, i) => [`p${i}`, tensor(Float64Array.from(entries), shape)]),
  );
}

/**
 * Records the program for one pose; `params` are in the order of its parameters. The result has shape [] and depends on
 * every step: it is the sum of the means of all values that no step uses.
 *
 * A program records the same ops in the same order for every pose of more than one row. For a pose of one row, ops that
 * would change nothing are left out.
 *
 * @example
 * const score = (tape, params, pose) => record(program, tape, params, pose);
 */
export function record(
  program: Program,
  tape: Tape,
  params: Readonly<Record<string, Value>>,
  pose: Pose,
): Value {
  const actual = { tape, params: Object.values(params), pose };
  const modelTape = new Tape();
  const modelParams = Object.values(paramsOf(program)).map(param => modelTape.parameter(param));
  const model = { tape: modelTape, params: modelParams, pose: modelPose };
  const rows = both(rowsOn, { actual, model });
  const pool: Twin[] = [
    ...actual.params.map((value, i) => ({ actual: value, model: modelParams[i] as Value })),
    both(poseRows => poseRows.numbers, rows),
    both(poseRows => poseRows.features, rows),
  ];
  const unused = new Set(pool);
  for (const step of program.steps) {
    const [a, b] = step.operands.map(back => pool.at(-1 - (back % pool.length))) as [Twin, Twin];
    const { result, used } = recipes[step.op](a, b, step, rows);
    for (const twin of used) unused.delete(twin);
    const value = small(result);
    pool.push(value);
    unused.add(value);
  }
  return [...unused].map(({ actual }) => mean(actual)).reduce((total, each) => add(total, each));
}

/** Programs of up to `steps` steps. If `smooth`, they have no ops with kinks, jumps, or gradients that are not the slope. */
export function programArbitrary({
  smooth = false,
  steps = 8,
}: {
  smooth?: boolean;
  steps?: number;
} = {}): fc.Arbitrary<Program> {
  const names = (Object.keys(recipes) as OpName[]).filter(name => !smooth || !kinked.includes(name));
  const step = fc.record({
    op: fc.constantFrom(...names),
    operands: fc.tuple(fc.nat(12), fc.nat(12)),
    axis: fc.nat(11),
    number: entry,
    picks: fc.array(fc.nat(11), { minLength: 1, maxLength: 5 }),
  });
  return fc.record({
    params: fc.array(paramArbitrary, { minLength: 1, maxLength: 3 }),
    steps: fc.array(step, { minLength: 1, maxLength: steps }),
  });
}

/** Poses of 1 to `rows` rows. Every program accepts every pose. */
export function poseArbitrary({ rows = 6 }: { rows?: number } = {}): fc.Arbitrary<Pose> {
  const row = fc.record({ number: entry, features: fc.tuple(entry, entry, entry), pick: fc.nat(11) });
  return fc.array(row, { minLength: 1, maxLength: rows });
}

const entry = real(-2, 2);

const paramArbitrary = fc.oneof(
  ...[[], [1], [2], [3], [4], [1, 3], [2, 3], [3, 2], [3, 3], [2, 1, 3]].map(shape => {
    const size = shape.reduce((product, length) => product * length, 1);
    return fc.record({
      shape: fc.constant(shape),
      entries: fc.array(entry, { minLength: size, maxLength: size }),
    });
  }),
);

/*
 * A value, and its model: the same value for a pose of 101 rows. No other axis is that long, so an axis that grows with
 * the pose can be told from others. Choices that depend on shapes use the model, so they are the same for every pose.
 * Axes of equal length in two models are of equal length in the two values.
 */
interface Twin<T = Value> {
  readonly actual: T;
  readonly model: T;
}

const modelPose: Pose = Array.from({ length: 101 }, () => ({ number: 0, features: [0, 0, 0], pick: 0 }));

function both<Operands extends unknown[], Result>(
  op: (...operands: Operands) => Result,
  ...twins: { [K in keyof Operands]: Twin<Operands[K]> }
): Twin<Result> {
  return {
    actual: op(...(twins.map(twin => twin.actual) as Operands)),
    model: op(...(twins.map(twin => twin.model) as Operands)),
  };
}

interface Rows {
  readonly numbers: Value;
  readonly features: Value;
  readonly picks: readonly number[];
}

function rowsOn({ tape, pose }: { tape: Tape; pose: Pose }): Rows {
  return {
    numbers: tape.constant(Float64Array.from(pose, row => row.number)),
    features: tape.constant(pose.map(row => row.features)),
    picks: pose.map(row => row.pick),
  };
}

/** True for the length of an axis that grows with the pose. */
const dependsOnPose = (length: number) => length >= modelPose.length;

/** The value, averaged over its longest axes, one by one, until it has at most about 100 entries for a pose of 6 rows. */
function small(twin: Twin): Twin {
  const lengths = twin.model.shape.map(length =>
    dependsOnPose(length) ? (6 * length) / modelPose.length : length,
  );
  if (lengths.reduce((product, length) => product * length, 1) <= 100) return twin;
  const longest = lengths.indexOf(Math.max(...lengths));
  return small(both(x => mean(x, longest), twin));
}

/** `b`, or its mean if it does not broadcast with `a`. */
function fitted(a: Twin, b: Twin): Twin {
  const [lengthsA, lengthsB] = [a.model.shape, b.model.shape].map(shape => shape.toReversed());
  const fits = lengthsA?.every((length, i) => [length, 1, undefined].includes(lengthsB?.[i]) || length === 1);
  return fits ? b : both(x => mean(x), b);
}

/** `a`, expanded to at least `rank` axes. */
function ranked(rank: number, a: Twin): Twin {
  return a.model.shape.length >= rank
    ? a
    : ranked(
        rank,
        both(x => expandDims(x, 0), a),
      );
}

/** Result of a step, and the earlier values that it uses. */
interface StepResult {
  readonly result: Twin;
  readonly used: readonly Twin[];
}

type Recipe = (a: Twin, b: Twin, step: Step, rows: Twin<Rows>) => StepResult;

/** An op of one value. */
const unary =
  (op: (x: Value) => Value): Recipe =>
  a => ({ result: both(op, a), used: [a] });

/** An op of two values that broadcast. */
const binary =
  (op: (x: Value, y: Value) => Value): Recipe =>
  (a, b) => ({ result: both(op, a, fitted(a, b)), used: [a, b] });

/** A recipe that depends on the step's choices. */
const chosen =
  (recipe: (step: Step) => Recipe): Recipe =>
  (a, b, step, rows) =>
    recipe(step)(a, b, step, rows);

/** Records 1 + x², for use as a divisor or as the operand of a logarithm or root. */
const positive = (x: Value) => add(1, square(x));

/** One of `rank` axes, counted from either end. */
const axisOf = (axis: number, rank: number) => (axis % (2 * rank)) - rank;

/** One axis, the list of the last and the first axis, or `undefined` for all axes. */
function axesOf({ axis }: Step, { shape: { length: rank } }: Value): number | number[] | undefined {
  if (rank === 0 || axis % 4 === 0) return undefined;
  return rank > 1 && axis % 4 === 1 ? [-1, 0] : axisOf(axis, rank);
}

const allAxes = (x: Value) => x.shape.map((_, axis) => axis);

/** An op along axes. The result keeps these axes with length 1, or has them removed. */
const reduction = (op: (x: Value, axes: number | number[] | undefined, keepDims: boolean) => Value): Recipe =>
  chosen(step => unary(x => op(x, axesOf(step, x), step.number > 0)));

const sizeOf = (x: Value) => x.shape.reduce((product, length) => product * length, 1);

/** An integer from 0 to `limit` − 1 for each row. */
const picksBelow = (limit: number, rows: number, picks: readonly number[]) =>
  Array.from({ length: rows }, (_, i) => (picks[i % picks.length] as number) % limit);

/** A row of three numbers for each entry. */
const vectors = (twin: Twin) =>
  both(
    x => mul(reshape(x, [-1, 1]), x.tape.constant([1, -0.5, 0.3])),
    both(x => add(0.1, x), twin),
  );

/** A symmetric, positive definite matrix of three rows with distinct eigenvalues. */
function matrixOf(x: Value): Value {
  const factor = mul(0.3, tanh(mean(x)));
  const { tape } = x;
  const pattern = tape.constant([
    [0.1, 1, 0.5],
    [1, -0.3, 0.2],
    [0.5, 0.2, 0.4],
  ]);
  return add(mul(factor, pattern), mul(ops.eye(tape, 3), tape.constant([1, 2, 3])));
}

/** Operand and axis of a scan of five numbers: multiples of each entry, on a new last axis, or multiples of the mean. */
function scanned(x: Value, ofEntries: boolean): [Value, number | undefined] {
  const multiples = x.tape.constant([1, -0.5, 2, 0.3, 0.7]);
  return ofEntries ? [mul(expandDims(x, -1), multiples), -1] : [mul(mean(x), multiples), undefined];
}

/**
 * An op of rows and an index with at most four segments. `bySegment` is true if the result of the op has a row for each
 * segment, not for each row.
 */
const segments =
  (op: (x: Value, index: number[], count: number) => Value, bySegment: boolean): Recipe =>
  (a, _b, { axis, picks }, rows) => {
    const count = 1 + (axis % 4);
    const table = ranked(1, a);
    const growsWithPose = table.model.shape[0] === modelPose.length;
    const result = both(
      (x, poseRows) => {
        const length = x.shape[0] as number;
        const index = picksBelow(count, length, growsWithPose ? poseRows.picks : picks);
        const segmented = op(x, index, count);
        // Some ops give infinity for a segment without rows, so only segments with rows are used.
        return bySegment ? gather(segmented, index) : segmented;
      },
      table,
      rows,
    );
    return { result, used: [a] };
  };

/** An op along one axis, in one of two variants. A scalar operand becomes a list of two numbers. */
const ordered = (op: (x: Value, axis: number, isFirstVariant: boolean) => Value): Recipe =>
  chosen(({ axis, number }) =>
    unary(x => {
      const doubled = mul(expandDims(x, -1), x.tape.constant([1, -0.5]));
      const operand = x.shape.length === 0 ? doubled : x;
      return op(operand, axisOf(axis, operand.shape.length), number > 0);
    }),
  );

/** Takes entries by the index of an extreme among all entries or along an axis. */
const extreme = (indexOf: typeof ops.argmax): Recipe =>
  ordered((x, axis, isFirstVariant) =>
    isFirstVariant
      ? gather(reshape(tanh(x), [-1]), indexOf(x))
      : ops.takeAlongAxis(tanh(x), indexOf(x, axis, true), axis),
  );

/** An op of points that are never on one line: a point for each entry of `a`, a mean point of `b`, and fixed points. */
const cornered =
  (op: (a: Value, b: Value, ...fixed: Value[]) => Value, ...fixed: number[][]): Recipe =>
  (a, b) => {
    const near = (x: Value, corner: number[]) => add(mul(0.5, tanh(x)), x.tape.constant(corner));
    const result = both(
      (x, y) =>
        op(
          near(x, [2, 0, 0]),
          near(mean(y, 0, true), [0, 0, 0]),
          ...fixed.map(point => x.tape.constant(point)),
        ),
      vectors(a),
      vectors(b),
    );
    return { result, used: [a, b] };
  };

const recipes: Record<OpName, Recipe> = {
  // Arithmetic
  abs: unary(ops.abs),
  add: binary((x, y) => mul(0.5, add(x, y))),
  sub: binary((x, y) => mul(0.5, ops.sub(x, y))),
  mul: binary((x, y) => mul(x, tanh(y))),
  scaled: binary((x, y) => ops.scaled(x, tanh(y))),
  div: binary((x, y) => ops.div(x, positive(y))),
  neg: unary(ops.neg),
  square: unary(x => square(tanh(x))),
  pow: chosen(({ axis, number }) =>
    binary((x, y) => ops.pow(positive(tanh(x)), axis % 2 ? number : tanh(y))),
  ),
  sign: unary(x => mul(ops.sign(x), x)),
  floor: unary(x => ops.sub(x, ops.floor(x))),
  ceil: unary(x => ops.sub(ops.ceil(x), x)),
  trunc: unary(x => ops.sub(x, ops.trunc(x))),
  round: unary(x => ops.sub(x, ops.round(x))),
  mod: binary((x, y) => ops.mod(x, positive(y))),
  reciprocal: unary(x => ops.reciprocal(positive(x))),

  // Elementwise functions
  exp: unary(x => ops.exp(tanh(x))),
  expm1: unary(x => ops.expm1(tanh(x))),
  log: unary(x => ops.log(positive(x))),
  log1p: unary(x => ops.log1p(square(x))),
  sqrt: unary(x => ops.sqrt(positive(x))),
  sin: unary(ops.sin),
  cos: unary(ops.cos),
  tanh: unary(tanh),
  erf: unary(ops.erf),
  erfc: unary(ops.erfc),
  gelu: unary(ops.gelu),
  atan: unary(ops.atan),
  asin: unary(x => ops.asin(mul(0.9, tanh(x)))),
  acos: unary(x => ops.acos(mul(0.9, tanh(x)))),
  atan2: binary((x, y) => ops.atan2(x, positive(y))),
  sigmoid: unary(ops.sigmoid),
  softplus: unary(ops.softplus),
  shiftedSoftplus: unary(ops.shiftedSoftplus),
  relu: unary(ops.relu),
  silu: unary(ops.silu),
  leakyRelu: chosen(({ number }) => unary(x => ops.leakyRelu(x, number))),
  elu: chosen(({ number }) => unary(x => ops.elu(x, 1 + 0.1 * number))),
  rsqrt: unary(x => ops.rsqrt(positive(x))),
  log2: unary(x => ops.log2(positive(x))),
  log10: unary(x => ops.log10(positive(x))),
  tan: unary(x => ops.tan(mul(0.7, tanh(x)))),
  sinh: unary(x => ops.sinh(tanh(x))),
  cosh: unary(x => ops.cosh(tanh(x))),
  hypot: binary(ops.hypot),
  logAddExp: binary(ops.logAddExp),
  clamp: chosen(({ number }) => unary(x => ops.clamp(x, number - 1, number + 1))),
  maximum: binary(ops.maximum),
  minimum: binary(ops.minimum),
  less: binary((x, y) => mul(less(x, y), x)),
  greater: binary((x, y) => mul(ops.greater(x, y), x)),
  equal: binary((x, y) => mul(ops.equal(x, y), x)),
  lessEqual: binary((x, y) => mul(ops.lessEqual(x, y), x)),
  greaterEqual: binary((x, y) => mul(ops.greaterEqual(x, y), x)),
  notEqual: binary((x, y) => mul(ops.notEqual(x, y), x)),
  not: unary(x => mul(ops.not(ops.floor(x)), x)),
  and: binary((x, y) => mul(ops.and(less(x, y), ops.floor(y)), x)),
  or: binary((x, y) => mul(ops.or(less(x, y), ops.floor(y)), x)),
  isNan: unary(x => ops.where(ops.isNan(ops.log(x)), square(x), x)),
  stopGradient: unary(x => mul(x, ops.stopGradient(x))),
  where: (a, b, { number }, rows) => {
    const numbers = fitted(
      a,
      both(poseRows => poseRows.numbers, rows),
    );
    const other = fitted(both(add, a, numbers), b);
    return {
      result: both((x, y, n) => ops.where(less(n, number), x, y), a, other, numbers),
      used: [a, b],
    };
  },
  huber: chosen(({ number }) => unary(x => ops.huber(x, 0.3 + number ** 2))),
  gaussians: unary(x => ops.gaussians(x, [-1, 0, 1], 0.5)),
  cosineCutoff: chosen(({ number }) => unary(x => ops.cosineCutoff(x, 1 + number ** 2))),

  // Along axes
  sum: reduction((x, axes, keepDims) => ops.sum(mul(x, 1 / sizeOf(x)), axes, keepDims)),
  mean: reduction(mean),
  // Not along the rows of a pose, since the number of products that are recorded depends on the length of the axis.
  prod: (a, _b, step) => {
    const { shape } = a.model;
    const axes = axesOf(step, a.model) ?? allAxes(a.model);
    const short = (typeof axes === 'number' ? [axes] : axes).filter(axis => (shape.at(axis) as number) <= 4);
    return { result: both(x => ops.prod(ops.sin(x), short, step.number > 0), a), used: [a] };
  },
  max: reduction(ops.max),
  min: reduction(ops.min),
  logSumExp: reduction(ops.logSumExp),
  norm: reduction(ops.norm),
  variance: reduction((x, axes, keepDims) => ops.variance(tanh(x), axes, keepDims)),
  std: reduction((x, axes, keepDims) =>
    ops.std(
      concat([reshape(x, [-1]), x.tape.constant([1, -1])]),
      axes === undefined ? axes : 0,
      keepDims,
      0.5,
    ),
  ),
  cumsum: chosen(({ number }) => unary(x => mul(0.2, ops.cumsum(...scanned(x, number > 0))))),
  cumprod: chosen(({ number }) => unary(x => ops.cumprod(...scanned(tanh(x), number > 0)))),
  softmax: reduction((x, axes) => ops.softmax(x, axes ?? allAxes(x))),
  logSoftmax: reduction((x, axes) => mul(0.25, ops.logSoftmax(x, axes ?? allAxes(x)))),
  layerNorm: chosen(step =>
    binary((x, y) =>
      ops.layerNorm(x, { gain: tanh(y), bias: y, axis: axesOf(step, x) ?? allAxes(x), epsilon: 1 }),
    ),
  ),

  // Shape
  broadcastTo: (a, b) => {
    const like = fitted(a, b);
    return {
      result: both((x, y) => ops.broadcastTo(x, [2, ...add(x, y).shape]), a, like),
      used: [a],
    };
  },
  reshape: unary(x => reshape(x, [-1])),
  expandDims: chosen(({ axis }) => unary(x => expandDims(x, axisOf(axis, x.shape.length + 1)))),
  transpose: chosen(({ axis }) =>
    unary(x => {
      const rotated = x.shape.map((_, i) => (i + axis) % x.shape.length);
      return axis % 2 ? ops.transpose(x) : ops.transpose(x, rotated);
    }),
  ),
  slice: (a, _b, step) => {
    const from = ranked(1, a);
    const { shape } = from.model;
    const axis = step.axis % shape.length;
    const length = shape[axis] as number;
    // Take the first or the last row of a pose, or any range of another axis.
    const start = dependsOnPose(length) ? -(step.axis % 2) : step.axis % length;
    const end = dependsOnPose(length)
      ? start + 1 || undefined
      : start + 1 + ((step.picks[0] as number) % (length - start));
    const starts = shape.map((_, i) => (i === axis ? start : 0)).slice(0, axis + 1);
    const result = both(x => {
      const ends = x.shape.slice(0, axis + 1).map((whole, i) => (i === axis ? (end ?? whole) : whole));
      return slice(x, starts, ends);
    }, from);
    return { result, used: [a] };
  },
  stack: (a, b, { axis }) => {
    const like = fitted(a, b);
    const result = both(
      (x, y) => {
        const sum = add(x, y);
        return ops.stack([ops.broadcastTo(x, sum.shape), sum], axisOf(axis, sum.shape.length + 1));
      },
      a,
      like,
    );
    return { result, used: [a, b] };
  },
  split: chosen(({ axis, number }) =>
    unary(x => {
      const doubled = concat([x, tanh(x)].map(each => reshape(each, [-1])));
      const parts = ops.split(doubled, axis % 2 ? 2 : [1]);
      return number > 0 ? (parts[1] as Value) : mul(parts[0] as Value, mean(parts[1] as Value));
    }),
  ),
  squeeze: chosen(({ axis }) =>
    unary(x => {
      const at = axisOf(axis, x.shape.length + 1);
      return ops.squeeze(mul(0.9, expandDims(x, at)), at);
    }),
  ),
  flip: chosen(step => unary(x => mul(tanh(x), ops.flip(x, axesOf(step, x))))),
  tile: chosen(({ axis, number }) =>
    unary(x => ops.tile(x, number > 0 ? 2 : [1, ...x.shape.map((_, i) => 1 + (i === axis ? 1 : 0)), 1])),
  ),
  onesLike: unary(x => add(mul(x, 0.5), ops.onesLike(x))),
  zerosLike: unary(x => ops.sub(ops.zerosLike(x), x)),
  eye: unary(x => mul(expandDims(x, -1), ops.sum(ops.eye(x.tape, 3, 2), 0))),
  arange: unary(x => mul(expandDims(x, -1), ops.arange(x.tape, 0.5, 2, 0.75))),
  pad: chosen(({ axis, picks: [before = 0] }) =>
    unary(x => {
      const padded = axis % x.shape.length;
      return ops.pad(
        x,
        x.shape.map((_, i) => (i === padded ? [before % 3, axis % 2] : [0, 0])),
      );
    }),
  ),
  concat: (a, b, step) => {
    const first = ranked(1, a);
    const { shape } = first.model;
    const axis = step.axis % shape.length;
    const isLike = (other: Twin) =>
      other.model.shape.length === shape.length &&
      other.model.shape.every((length, i) => i === axis || length === shape[i]);
    return isLike(b)
      ? { result: both((x, y) => concat([x, y, x], axis), first, b), used: [a, b] }
      : { result: both(x => concat([x, x], axis - shape.length), first), used: [a] };
  },

  // Rows by index
  gather: (a, _b, { number, picks }, rows) => {
    const table = ranked(1, a);
    const result = both(
      (x, poseRows) => {
        const length = x.shape[0] as number;
        if (number > 0)
          return gather(x, Int32Array.from(picksBelow(length, poseRows.picks.length, poseRows.picks)));
        return gather(x, picksBelow(length, picks.length, picks));
      },
      table,
      rows,
    );
    return { result, used: [a] };
  },
  segmentSum: (a, _b, { axis, picks }, rows) => {
    const count = 1 + (axis % 4);
    const table = ranked(1, a);
    const growsWithPose = table.model.shape[0] === modelPose.length;
    const result = both(
      (x, poseRows) => {
        const length = x.shape[0] as number;
        const index = picksBelow(count, length, growsWithPose ? poseRows.picks : picks);
        return mul(1 / length, ops.segmentSum(x, index, count));
      },
      table,
      rows,
    );
    return { result, used: [a] };
  },
  segmentMean: (a, _b, { axis, picks }, rows) => {
    const count = 1 + (axis % 4);
    const table = ranked(1, a);
    const growsWithPose = table.model.shape[0] === modelPose.length;
    const result = both(
      (x, poseRows) => {
        const length = x.shape[0] as number;
        return ops.segmentMean(x, picksBelow(count, length, growsWithPose ? poseRows.picks : picks), count);
      },
      table,
      rows,
    );
    return { result, used: [a] };
  },
  takeAlongAxis: chosen(({ picks }) =>
    unary(x => {
      const table = reshape(mul(expandDims(x, -1), x.tape.constant([1, -0.5, 2])), [-1, 3]);
      const rows = table.shape[0] as number;
      return ops.takeAlongAxis(table, tensor(Int32Array.from(picksBelow(3, rows, picks)), [rows, 1]), -1);
    }),
  ),

  // Sorting, and taking entries by their order
  sort: ordered((x, axis) => ops.sort(x, axis)),
  argsort: ordered((x, axis) => ops.takeAlongAxis(x, ops.argsort(ops.sin(mul(3, x)), axis), axis)),
  topK: ordered((x, axis, isFirstVariant) => {
    const [values, indices] = ops.topK(x, 1, axis);
    return isFirstVariant ? values : ops.takeAlongAxis(tanh(x), indices, axis);
  }),
  argmax: extreme(ops.argmax),
  argmin: extreme(ops.argmin),

  // Vectors of three
  angle: cornered((a, b, ...[c]) => ops.angle(a, b, c as Value), [0, 2, 0]),
  dihedral: cornered((a, b, ...[c, d]) => ops.dihedral(a, b, c as Value, d as Value), [0, 0, 2], [-1, 2, 2]),
  vecdot: (a, b) => ({
    result: both((x, y) => ops.vecdot(tanh(x), mean(y, 0, true)), vectors(a), vectors(b)),
    used: [a, b],
  }),
  cross: (a, b) => ({
    result: both((x, y) => ops.cross(tanh(x), mean(y, 0, true)), vectors(a), vectors(b)),
    used: [a, b],
  }),
  minimumImage: chosen(({ number }) => unary(x => ops.minimumImage(x, 1.5 + 0.5 * number ** 2))),

  // Random numbers
  dropout: chosen(({ number, axis: seed }) =>
    unary(x => ops.dropout(x, { rate: 0.2 * Math.abs(number), seed })),
  ),
  noise: chosen(({ axis: seed, picks: [index = 0] }) =>
    unary(x => mul(expandDims(x, -1), tanh(ops.noise(x.tape, [2], { seed, index })))),
  ),

  segmentMax: segments(ops.segmentMax, true),
  segmentMin: segments(ops.segmentMin, true),
  segmentSoftmax: segments(ops.segmentSoftmax, false),

  // Matrices
  einsum: (a, b, { axis }) => {
    const product = (x: Value, y: Value) => {
      const n = 1 / (x.shape[0] as number);
      if (axis % 4 === 0) return ops.einsum('ni,i->n', x, tanh(ops.sum(y, 0)));
      if (axis % 4 === 1) return mul(n, ops.einsum('ni,nk->ik', x, tanh(x)));
      if (axis % 4 === 2) return mul(n, ops.einsum('ni,mk->kim', x, mean(tanh(y), 0, true)));
      return ops.einsum('...ii->i...', mul(n, ops.matmul(ops.transpose(tanh(x)), x)));
    };
    return { result: both(product, vectors(a), vectors(b)), used: [a, b] };
  },
  det: unary(x => ops.det(matrixOf(x))),
  inverse: unary(x => ops.inverse(matrixOf(x))),
  solve: unary(x => ops.solve(matrixOf(x), x.tape.constant([0.5, 1, -1]))),
  cholesky: unary(x => ops.cholesky(matrixOf(x))),
  // Matrices of 2 × 2 only, since second derivatives of 3 × 3 would record a thousand values.
  eigvalsh: unary(x => ops.eigvalsh(slice(matrixOf(x), [1, 1]))),
  matmul: (a, b, { axis }) => {
    const transposed = (x: Value) => {
      const { length: rank } = x.shape;
      return ops.transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
    };
    const left = ranked(axis % 2 ? 2 : 1, a);
    const transposedB = both(transposed, ranked(2, b));
    const transposedA = both(transposed, ranked(2, a));
    const inner = left.model.shape.at(-1);
    const fits = ({ model: { shape } }: Twin) => {
      const leading = left.model.shape.slice(0, -2);
      const others = shape.slice(0, -2);
      return shape.at(shape.length === 1 ? 0 : -2) === inner && (leading.length === 0 || others.length === 0);
    };
    const right = [ranked(1, b), transposedB].find(fits);
    const product = (x: Value, y: Value) => mul(1 / (x.shape.at(-1) as number), ops.matmul(x, tanh(y)));
    return right
      ? { result: both(product, left, right), used: [a, b] }
      : { result: both(product, left, transposedA), used: [a] };
  },
  pairDistances: (a, b) => {
    const points = (twin: Twin) => both(x => reshape(x, [-1, x.shape.at(-1) as number]), ranked(2, twin));
    const [from, to] = [points(a), points(b)];
    const isSame = from.model.shape[1] === to.model.shape[1];
    return isSame
      ? { result: both(ops.pairDistances, from, to), used: [a, b] }
      : { result: both(x => ops.pairDistances(x, square(x)), from), used: [a] };
  },
};

/** Ops whose value or slope jumps, or whose gradient differs from the slope on purpose. */
const kinked: readonly OpName[] = [
  'abs',
  'sign',
  'floor',
  'ceil',
  'trunc',
  'round',
  'mod',
  'leakyRelu',
  'elu',
  'hypot',
  'lessEqual',
  'greaterEqual',
  'notEqual',
  'not',
  'and',
  'or',
  'isNan',
  'minimumImage',
  'relu',
  'clamp',
  'maximum',
  'minimum',
  'less',
  'greater',
  'equal',
  'stopGradient',
  'cosineCutoff',
  'max',
  'min',
  'huber',
  'sort',
  'argsort',
  'topK',
  'argmax',
  'argmin',
  'segmentMax',
  'segmentMin',
  'norm',
  'pairDistances',
];
