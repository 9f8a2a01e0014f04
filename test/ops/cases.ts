import fc from 'fast-check';
import { tensor, type Value } from 'posetape';
import * as ops from 'posetape/ops';
import { real } from '../support/numbers.ts';
import type { OpName } from '../support/programs.ts';
import {
  alongAxes,
  at,
  average,
  broadcast,
  build,
  elementwise,
  type Indices,
  indicesOf,
  type Plain,
  reduced,
  total,
} from './plain.ts';

/** A use of an op, and the formula to compare it with. */
export interface Case {
  readonly op: OpName;
  readonly record: (...operands: Value[]) => Value;
  readonly operands: readonly OperandRange[];
  /** Formula of the op in plain loops. */
  readonly plain: (...operands: Plain[]) => Plain;
  /** True if each entry of the result depends on one entry of each operand. Operands of any one shape are then valid. */
  readonly isElementwise: boolean;
  /** Sets of operands. The op is linear in all operands of a set together, while the other operands are fixed. */
  readonly linearIn: readonly (readonly number[])[];
}

/** Shape and entries of an operand. Entries are in the op's domain, and finite differences at them cross no kink. */
export interface OperandRange {
  readonly shape: readonly number[];
  readonly entries: Entries;
  /** True if tests record this operand as a constant, because the gradient by it is 0 by definition or does not exist. */
  readonly isConstant: boolean;
}

/** Returns an arbitrary of `size` entries. */
export type Entries = (size: number) => fc.Arbitrary<number[]>;

/** Any exported op. */
type Op = (typeof ops)[OpName];

function nameOf(op: Op): OpName {
  const [name] = Object.entries(ops).find(([, exported]) => exported === op) as [OpName, Op];
  return name;
}

const listOf =
  (entry: fc.Arbitrary<number>): Entries =>
  size =>
    fc.array(entry, { minLength: size, maxLength: size });

const between = (min: number, max: number): Entries => listOf(real(min, max));

/** Numbers from −2 to 2, to which `gap` is added, or subtracted if they are negative. */
const awayFrom0 = (gap: number): Entries => listOf(real(-2, 2).map(x => (x < 0 ? x - gap : x + gap)));

/** Multiples of 0.1 plus `offset`: operands with different offsets are never nearly equal. */
const lattice = (offset: number): Entries =>
  listOf(fc.integer({ min: -20, max: 20 }).map(k => k / 10 + offset));

/** Distinct multiples of `gap`. */
const distinct =
  (gap: number): Entries =>
  size =>
    fc
      .uniqueArray(fc.integer({ min: -2 * size, max: 2 * size }), { minLength: size, maxLength: size })
      .map(list => list.map(k => k * gap));

const anywhere = between(-2, 2);

const oftenZero = listOf(fc.constantFrom(0, -0, 1, -2));

/*
 * Elementwise ops, each in several shapes. Ops of two operands are also used with a literal on either side.
 */

const shapesOf: Record<number, readonly (readonly (readonly number[])[])[]> = {
  1: [[[]], [[3]], [[2, 3]], [[0, 2]]],
  2: [
    [[], []],
    [[3], []],
    [[2, 3], [3]],
    [
      [2, 1],
      [1, 3],
    ],
    [
      [2, 1, 2],
      [3, 1],
    ],
    [[0], [1]],
  ],
  3: [
    [[2], [2], [2]],
    [[2, 1], [3], []],
    [[3], [], [2, 3]],
  ],
};

interface ElementwiseOptions {
  /** Operands that are recorded as constants. */
  readonly constants?: readonly number[];
  readonly linearIn?: readonly (readonly number[])[];
}

/** Cases of an elementwise op, one for each choice of shapes. */
function ofEntries(
  op: Op,
  plain: (...entries: number[]) => number,
  ranges: readonly Entries[],
  { constants = [], linearIn = [] }: ElementwiseOptions = {},
  record: Case['record'] = op as Case['record'],
): Case[] {
  return (shapesOf[ranges.length] ?? []).map(shapes => ({
    op: nameOf(op),
    record,
    plain: elementwise(plain),
    operands: ranges.map((entries, i) => ({
      shape: shapes[i] as readonly number[],
      entries,
      isConstant: constants.includes(i),
    })),
    isElementwise: true,
    linearIn,
  }));
}

/** Cases of an op of two operands, also with the literal 1.5 on either side. */
function ofTwo(
  op: ops.Binary,
  plain: (a: number, b: number) => number,
  ranges: readonly [Entries, Entries],
  options: ElementwiseOptions = {},
): Case[] {
  const literal = { ...options, linearIn: [] };
  return [
    ...ofEntries(op, plain, ranges, options),
    ...ofEntries(
      op,
      a => plain(a, 1.5),
      [ranges[0]],
      literal,
      a => op(a, 1.5),
    ),
    ...ofEntries(
      op,
      b => plain(1.5, b),
      [ranges[1]],
      literal,
      b => op(1.5, b),
    ),
  ];
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.log(1 + Math.exp(x));
/** erf x = 2/√π e^−x² Σ 2ⁿx²ⁿ⁺¹/(2n + 1)!! */
const plainErf = (x: number) => {
  let [sum, term] = [0, x];
  for (let n = 1; n < 100; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
};
const cutoffWave = (d: number, cutoff: number) =>
  d < cutoff ? 0.5 * (Math.cos((Math.PI * d) / cutoff) + 1) : 0;

const plainHuber = (x: number, delta: number) =>
  Math.abs(x) < delta ? (x * x) / 2 : delta * (Math.abs(x) - delta / 2);

const linearInBoth = { linearIn: [[0, 1]] };
const linearInEach = { linearIn: [[0], [1]] };

const elementwiseCases: Case[] = [
  ofEntries(ops.abs, Math.abs, [awayFrom0(0.1)]),
  ofEntries(ops.neg, x => -x, [anywhere], { linearIn: [[0]] }),
  ofEntries(ops.square, x => x * x, [anywhere]),
  ofEntries(ops.sign, Math.sign, [awayFrom0(0.1)]),
  ofEntries(ops.floor, Math.floor, [lattice(0.05)]),
  ofEntries(ops.ceil, Math.ceil, [lattice(0.05)]),
  ofEntries(ops.trunc, Math.trunc, [lattice(0.05)]),
  ofEntries(ops.round, x => Math.floor(x + 0.5), [lattice(0.05)]),
  ofEntries(ops.isNan, () => 0, [anywhere]),
  ofEntries(ops.not, x => (x === 0 ? 1 : 0), [lattice(0)], { constants: [0] }),
  ofEntries(ops.reciprocal, x => 1 / x, [awayFrom0(0.7)]),
  ofEntries(ops.exp, Math.exp, [anywhere]),
  ofEntries(ops.expm1, Math.expm1, [anywhere]),
  ofEntries(ops.log, Math.log, [between(0.5, 3)]),
  ofEntries(ops.log1p, Math.log1p, [between(-0.5, 2)]),
  ofEntries(ops.sqrt, Math.sqrt, [between(0.5, 3)]),
  ofEntries(ops.sin, Math.sin, [anywhere]),
  ofEntries(ops.cos, Math.cos, [anywhere]),
  ofEntries(ops.tanh, Math.tanh, [anywhere]),
  ofEntries(ops.erf, plainErf, [anywhere]),
  ofEntries(ops.erfc, x => 1 - plainErf(x), [anywhere]),
  ofEntries(ops.gelu, x => 0.5 * x * (1 + plainErf(x / Math.SQRT2)), [anywhere]),
  ofEntries(ops.atan, Math.atan, [anywhere]),
  ofEntries(ops.asin, Math.asin, [between(-0.9, 0.9)]),
  ofEntries(ops.acos, Math.acos, [between(-0.9, 0.9)]),
  ofEntries(ops.sigmoid, sigmoid, [between(-5, 5)]),
  ofEntries(ops.softplus, softplus, [between(-5, 5)]),
  ofEntries(ops.shiftedSoftplus, x => softplus(x) - Math.log(2), [between(-5, 5)]),
  ofEntries(ops.relu, x => Math.max(x, 0), [awayFrom0(0.1)]),
  ofEntries(ops.stopGradient, x => x, [anywhere], { constants: [0] }),
  ofEntries(ops.silu, x => x * sigmoid(x), [between(-5, 5)]),
  ofEntries(
    ops.leakyRelu,
    x => (x > 0 ? x : 0.01 * x),
    [awayFrom0(0.1)],
    {},
    a => ops.leakyRelu(a),
  ),
  ofEntries(ops.leakyRelu, (x, slope) => (x > 0 ? x : slope * x), [awayFrom0(0.1), anywhere]),
  ofEntries(
    ops.elu,
    x => (x > 0 ? x : Math.exp(x) - 1),
    [awayFrom0(0.1)],
    {},
    a => ops.elu(a),
  ),
  ofEntries(ops.elu, (x, alpha) => (x > 0 ? x : alpha * (Math.exp(x) - 1)), [awayFrom0(0.1), anywhere]),
  ofEntries(ops.rsqrt, x => 1 / Math.sqrt(x), [between(0.5, 3)]),
  ofEntries(ops.log2, Math.log2, [between(0.5, 3)]),
  ofEntries(ops.log10, Math.log10, [between(0.5, 3)]),
  ofEntries(ops.tan, Math.tan, [between(-1, 1)]),
  ofEntries(ops.sinh, Math.sinh, [anywhere]),
  ofEntries(ops.cosh, Math.cosh, [anywhere]),
  ofEntries(ops.onesLike, () => 1, [anywhere]),
  ofEntries(ops.zerosLike, () => 0, [anywhere], { linearIn: [[0]] }),

  ofTwo(ops.add, (a, b) => a + b, [anywhere, anywhere], linearInBoth),
  ofTwo(ops.sub, (a, b) => a - b, [anywhere, anywhere], linearInBoth),
  ofTwo(ops.mul, (a, b) => a * b, [anywhere, anywhere], linearInEach),
  ofTwo(ops.scaled, (a, b) => a * b, [anywhere, anywhere], linearInEach),
  ofTwo(ops.div, (a, b) => a / b, [anywhere, awayFrom0(0.7)], { linearIn: [[0]] }),
  ofTwo(ops.atan2, Math.atan2, [awayFrom0(0.7), anywhere]),
  ofTwo(ops.maximum, Math.max, [lattice(0.02), lattice(0.05)]),
  ofTwo(ops.minimum, Math.min, [lattice(0.02), lattice(0.05)]),
  ofTwo(ops.less, (a, b) => (a < b ? 1 : 0), [lattice(0.02), lattice(0.05)]),
  ofTwo(ops.greater, (a, b) => (a > b ? 1 : 0), [lattice(0.02), lattice(0.05)]),
  ofTwo(ops.equal, (a, b) => (a === b ? 1 : 0), [lattice(0), lattice(0)]),
  ofTwo(ops.lessEqual, (a, b) => (a <= b ? 1 : 0), [lattice(0.02), lattice(0.05)]),
  ofTwo(ops.greaterEqual, (a, b) => (a >= b ? 1 : 0), [lattice(0.02), lattice(0.05)]),
  ofTwo(ops.notEqual, (a, b) => (a !== b ? 1 : 0), [lattice(0), lattice(0)], { constants: [0, 1] }),
  ofTwo(ops.and, (a, b) => (a !== 0 && b !== 0 ? 1 : 0), [oftenZero, oftenZero], { constants: [0, 1] }),
  ofTwo(ops.or, (a, b) => (a !== 0 || b !== 0 ? 1 : 0), [oftenZero, oftenZero], { constants: [0, 1] }),
  ofTwo(ops.hypot, Math.hypot, [awayFrom0(0.7), awayFrom0(0.7)]),
  ofTwo(ops.logAddExp, (a, b) => Math.log(Math.exp(a) + Math.exp(b)), [anywhere, anywhere]),
  ofEntries(ops.huber, plainHuber, [lattice(0.03), listOf(fc.constantFrom(0.7, 1.1))]),
  ofEntries(
    ops.huber,
    x => plainHuber(x, 1),
    [lattice(0.03)],
    {},
    x => ops.huber(x),
  ),
  ofTwo(ops.mod, (a, b) => a - b * Math.floor(a / b), [
    lattice(0.03),
    listOf(fc.constantFrom(-0.7, 0.7, 1.1)),
  ]),
  ofEntries(ops.add, (a, b, c) => a + b + c, [anywhere, anywhere, anywhere], { linearIn: [[0, 1, 2]] }),
  ofEntries(ops.minimumImage, (d, box) => d - box * Math.round(d / box), [
    lattice(0.03),
    listOf(fc.constantFrom(1, 0.5)),
  ]),
  ofEntries(
    ops.minimumImage,
    d => d - Math.round(d),
    [lattice(0.03)],
    {},
    d => ops.minimumImage(d, 1),
  ),
  ofEntries(ops.cosineCutoff, cutoffWave, [lattice(0.02), lattice(3.55)]),
  ofEntries(
    ops.cosineCutoff,
    d => cutoffWave(d, 1.5),
    [lattice(0.02)],
    {},
    d => ops.cosineCutoff(d, 1.5),
  ),

  ofEntries(ops.pow, (a, b) => a ** b, [between(0.5, 2), anywhere]),
  ofEntries(ops.pow, (a, b) => a ** b, [between(0.5, 2), listOf(fc.integer({ min: -2, max: 3 }))]),
  [-1.5, -1, 0, 0.5, 1, 2, 3].flatMap(exponent => {
    const isWhole = Number.isInteger(exponent);
    const range = isWhole ? awayFrom0(0.7) : between(0.7, 2);
    return ofEntries(
      ops.pow,
      a => a ** exponent,
      [range],
      {},
      a => ops.pow(a, exponent),
    );
  }),

  ofEntries(
    ops.where,
    (condition, a, b) => (condition === 0 ? b : a),
    [listOf(fc.integer({ min: -1, max: 1 })), anywhere, anywhere],
    { constants: [0], linearIn: [[1, 2]] },
  ),
  ofEntries(ops.clamp, (a, low, high) => Math.min(Math.max(a, low), high), [
    lattice(0),
    lattice(0.03),
    lattice(0.07),
  ]),
].flat();

/*
 * Reductions over one axis, several axes, all axes or none. Axes are counted from either end. The result keeps them
 * with length 1, or has them removed.
 */

/** Shapes and axes. `axis` is the argument of an op; `axes` lists the same axes, counted from the front. */
const axisChoices: readonly { shape: readonly number[]; axis?: ops.Axes; axes: readonly number[] }[] = [
  { shape: [], axes: [] },
  { shape: [3], axes: [0] },
  { shape: [3], axis: 0, axes: [0] },
  { shape: [2, 3, 2], axes: [0, 1, 2] },
  { shape: [2, 3, 2], axis: 1, axes: [1] },
  { shape: [2, 3, 2], axis: -1, axes: [2] },
  { shape: [2, 3, 2], axis: [-1, 0], axes: [0, 2] },
  { shape: [2, 3], axis: [], axes: [] },
];

type Reduction = (a: Value, axis?: ops.Axes, keepDims?: boolean) => Value;

/** Cases of a reduction, two for each choice of axes: the result has the axes removed, or keeps them. */
function ofReduction(
  op: Reduction,
  plain: (entries: number[]) => number,
  entries: Entries,
  linearIn: Case['linearIn'] = [],
  exported: Op = op as Op,
): Case[] {
  return axisChoices.flatMap(({ shape, axis, axes }) =>
    [false, true].map(keepDims =>
      ofOne(exported, a => op(a, axis, keepDims), reduced(plain, axes, keepDims), shape, entries, linearIn),
    ),
  );
}

/** Case of an op of one operand that is not elementwise. */
function ofOne(
  op: Op,
  record: (a: Value) => Value,
  plain: (a: Plain) => Plain,
  shape: readonly number[],
  entries: Entries = anywhere,
  linearIn: Case['linearIn'] = [[0]],
): Case {
  return ofMany(op, record, plain, [shape], linearIn, entries);
}

/** Case of an op of several operands that is not elementwise. */
function ofMany(
  op: Op,
  record: Case['record'],
  plain: Case['plain'],
  shapes: readonly (readonly number[])[],
  linearIn: Case['linearIn'],
  ...entries: readonly Entries[]
): Case {
  const operands = shapes.map((shape, i) => ({ shape, entries: entries[i] ?? anywhere, isConstant: false }));
  return { op: nameOf(op), record, plain, operands, isElementwise: false, linearIn };
}

/** Sum of the squared deviations from the mean, divided by n − ddof. */
const spread = (ddof: number) => (entries: number[]) => {
  const centre = average(entries);
  return total(entries.map(each => (each - centre) ** 2)) / (entries.length - ddof);
};

const spreadChoices = [
  { shape: [3], axis: undefined, axes: [0] },
  { shape: [2, 3], axis: -1, axes: [1] },
  { shape: [2, 3, 2], axis: [0, 2], axes: [0, 2] },
];

const sumOfExp = (entries: number[]) => total(entries.map(Math.exp));

const reductionCases: Case[] = [
  ofReduction(ops.sum, total, anywhere, [[0]]),
  ofReduction(ops.prod, entries => entries.reduce((product, each) => product * each, 1), anywhere),
  ...[2, 3, 5, 6, 7, 8].map(count =>
    ofOne(
      ops.prod,
      a => ops.prod(a, 0),
      reduced(entries => entries.reduce((product, each) => product * each, 1), [0], false),
      [count, 2],
      listOf(fc.integer({ min: -2, max: 3 })),
      [],
    ),
  ),
  ofReduction(ops.mean, average, anywhere, [[0]]),
  ofReduction(ops.max, entries => Math.max(...entries), distinct(0.1)),
  ofReduction(ops.min, entries => Math.min(...entries), distinct(0.1)),
  ofReduction(ops.logSumExp, entries => Math.log(sumOfExp(entries)), anywhere),
  ofReduction(ops.norm, entries => Math.hypot(...entries), awayFrom0(0.7)),
  ofReduction(ops.variance, spread(0), anywhere),
  ofReduction(
    (a, axis, keepDims) => ops.variance(a, axis, keepDims, 0.5),
    spread(0.5),
    anywhere,
    [],
    ops.variance,
  ),
  spreadChoices.map(({ shape, axis, axes }) =>
    ofOne(
      ops.std,
      a => ops.std(a, axis, true, 1),
      reduced(entries => Math.sqrt(spread(1)(entries)), axes, true),
      shape,
      distinct(0.5),
      [],
    ),
  ),
].flat();

/*
 * Composed ops along axes, shapes, rows by index, and matrices.
 */

const softmax = (x: number, entries: number[]) => Math.exp(x) / sumOfExp(entries);
const logSoftmax = (x: number, entries: number[]) => x - Math.log(sumOfExp(entries));

const normalised = (epsilon: number) => (x: number, entries: number[]) => {
  const centre = average(entries);
  return (x - centre) / Math.sqrt(average(entries.map(each => (each - centre) ** 2)) + epsilon);
};

const apart = distinct(0.5);

const alongCases: Case[] = [
  ofOne(ops.softmax, a => ops.softmax(a), alongAxes(softmax, [1]), [2, 3], anywhere, []),
  ofOne(ops.softmax, a => ops.softmax(a, 0), alongAxes(softmax, [0]), [2, 3], anywhere, []),
  ofOne(ops.softmax, a => ops.softmax(a, [-1, 0]), alongAxes(softmax, [0, 2]), [2, 2, 3], anywhere, []),
  ofOne(ops.logSoftmax, a => ops.logSoftmax(a), alongAxes(logSoftmax, [1]), [2, 3], anywhere, []),
  ofOne(
    ops.logSoftmax,
    a => ops.logSoftmax(a, [0, -1]),
    alongAxes(logSoftmax, [0, 2]),
    [2, 2, 3],
    anywhere,
    [],
  ),
  ofOne(ops.layerNorm, a => ops.layerNorm(a), alongAxes(normalised(1e-5), [1]), [2, 3], apart, []),
  ofMany(
    ops.layerNorm,
    (a, gain, bias) => ops.layerNorm(a, { gain, bias, axis: [0, -1], epsilon: 0.1 }),
    (a, gain, bias) => {
      const scaledAndMoved = elementwise((x, factor, term) => x * factor + term);
      return scaledAndMoved(alongAxes(normalised(0.1), [0, 1])(a), gain, bias);
    },
    [[2, 3], [3], []],
    [[1, 2]],
    apart,
  ),
];

const radialBasis = (d: Plain, centers: Plain, gamma: Plain): Plain =>
  build([...d.shape, ...centers.shape], index => {
    const [distance, center] = [at(d, index.slice(0, -1)), at(centers, index.slice(-1))];
    return Math.exp(-at(gamma, []) * (distance - center) ** 2);
  });

const distances = (a: Plain, b: Plain): Plain =>
  build([a.shape[0] as number, b.shape[0] as number], ([i = 0, j = 0]) => {
    const components = Array.from({ length: a.shape[1] as number }, (_, k) => at(a, [i, k]) - at(b, [j, k]));
    return Math.hypot(...components);
  });

const near = between(-1, 0);
const far = between(1, 2);

const distanceCases: Case[] = [
  ofOne(
    ops.gaussians,
    d => ops.gaussians(d, [0, 1], 1.5),
    d => radialBasis(d, { shape: [2], data: [0, 1] }, { shape: [], data: [1.5] }),
    [2, 3],
    anywhere,
    [],
  ),
  ofMany(ops.gaussians, ops.gaussians as Case['record'], radialBasis, [[3], [2], []], []),
  ofMany(ops.gaussians, ops.gaussians as Case['record'], radialBasis, [[], [4], []], []),
  ofMany(
    ops.pairDistances,
    ops.pairDistances as Case['record'],
    distances,
    [
      [2, 3],
      [3, 3],
    ],
    [],
    near,
    far,
  ),
  ofMany(
    ops.pairDistances,
    ops.pairDistances as Case['record'],
    distances,
    [
      [1, 2],
      [4, 2],
    ],
    [],
    far,
    near,
  ),
];

const reshaped = (shape: readonly number[]) => (a: Plain) => ({ shape, data: a.data });
const repeated = (shape: readonly number[]) => (a: Plain) => build(shape, index => at(a, index));

const permuted = (order: readonly number[]) => (a: Plain) =>
  build(
    order.map(axis => a.shape[axis] as number),
    index =>
      at(
        a,
        order.map((_, axis) => index[order.indexOf(axis)] as number),
      ),
  );

const boxed = (start: readonly number[], shape: readonly number[]) => (a: Plain) =>
  build(shape, index =>
    at(
      a,
      index.map((position, axis) => position + (start[axis] as number)),
    ),
  );

const padded = (before: readonly number[], shape: readonly number[]) => (a: Plain) =>
  build(shape, index => {
    const inner = index.map((position, axis) => position - (before[axis] as number));
    return inner.every((position, axis) => position >= 0 && position < (a.shape[axis] as number))
      ? at(a, inner)
      : 0;
  });

const stepped =
  (start: readonly number[], shape: readonly number[], steps: readonly number[]) => (a: Plain) =>
    build(shape, index =>
      at(
        a,
        index.map((position, axis) => (start[axis] as number) + position * (steps[axis] as number)),
      ),
    );

const flipped = (axes: readonly number[]) => (a: Plain) =>
  build(a.shape, index =>
    at(
      a,
      index.map((position, axis) =>
        axes.includes(axis) ? (a.shape[axis] as number) - 1 - position : position,
      ),
    ),
  );

const tiled = (shape: readonly number[]) => (a: Plain) =>
  build(shape, index =>
    at(
      a,
      index
        .slice(shape.length - a.shape.length)
        .map((position, axis) => position % (a.shape[axis] as number)),
    ),
  );

/** Scan of a function along an axis. */
const runningIn =
  (axis: number, f: (result: number, entry: number) => number) =>
  (a: Plain): Plain =>
    build(a.shape, index => {
      const entries = Array.from({ length: (index[axis] as number) + 1 }, (_, i) =>
        at(a, index.with(axis, i)),
      );
      return entries.reduce(f);
    });

/** Case of an op that makes a constant on the tape of its operand. */
function constantOf(
  op: Op,
  record: (a: Value) => Value,
  shape: readonly number[],
  entry: (index: Indices) => number,
) {
  return ofOne(op, record, () => build(shape, entry), [2], anywhere, []);
}

const shapeCases: Case[] = [
  ofOne(ops.broadcastTo, a => ops.broadcastTo(a, [2, 3]), repeated([2, 3]), [3]),
  ofOne(ops.broadcastTo, a => ops.broadcastTo(a, [2, 2]), repeated([2, 2]), []),
  ofOne(ops.broadcastTo, a => ops.broadcastTo(a, [4, 2, 3]), repeated([4, 2, 3]), [2, 1]),
  ofOne(ops.broadcastTo, a => ops.broadcastTo(a, [2]), repeated([2]), [2]),
  ofOne(ops.reshape, a => ops.reshape(a, [3, 2]), reshaped([3, 2]), [2, 3]),
  ofOne(ops.reshape, a => ops.reshape(a, [-1]), reshaped([6]), [2, 3]),
  ofOne(ops.reshape, a => ops.reshape(a, [2, -1, 1]), reshaped([2, 3, 1]), [6]),
  ofOne(ops.reshape, a => ops.reshape(a, [1, 1]), reshaped([1, 1]), []),
  ofOne(ops.expandDims, a => ops.expandDims(a, 0), reshaped([1, 2, 3]), [2, 3]),
  ofOne(ops.expandDims, a => ops.expandDims(a, 1), reshaped([2, 1, 3]), [2, 3]),
  ofOne(ops.expandDims, a => ops.expandDims(a, -1), reshaped([2, 3, 1]), [2, 3]),
  ofOne(ops.expandDims, a => ops.expandDims(a, 0), reshaped([1]), []),
  ofOne(ops.transpose, a => ops.transpose(a), permuted([1, 0]), [2, 3]),
  ofOne(ops.transpose, a => ops.transpose(a), permuted([2, 1, 0]), [2, 3, 4]),
  ofOne(ops.transpose, a => ops.transpose(a, [1, 2, 0]), permuted([1, 2, 0]), [2, 3, 4]),
  ofOne(ops.transpose, a => ops.transpose(a, [-1, 0, 1]), permuted([2, 0, 1]), [2, 3, 4]),
  ofOne(ops.transpose, a => ops.transpose(a), permuted([]), []),
  ofOne(ops.slice, a => ops.slice(a, 1, 4), boxed([1], [3]), [5]),
  ofOne(ops.slice, a => ops.slice(a, -2), boxed([3], [2]), [5]),
  ofOne(ops.slice, a => ops.slice(a, 1, 2), boxed([1, 0], [1, 4]), [3, 4]),
  ofOne(ops.slice, a => ops.slice(a, [0, -1]), boxed([0, 3], [3, 1]), [3, 4]),
  ofOne(ops.slice, a => ops.slice(a, [1, 1], [3, -1]), boxed([1, 1], [2, 2]), [3, 4]),
  ofOne(ops.slice, a => ops.slice(a, 0), boxed([0], [5]), [5]),
  ofOne(ops.slice, a => ops.slice(a, 2, 2), boxed([2], [0]), [5]),
  ofOne(ops.pad, a => ops.pad(a, [[1, 2]]), padded([1], [6]), [3]),
  ofOne(
    ops.pad,
    a =>
      ops.pad(a, [
        [0, 1],
        [2, 0],
      ]),
    padded([0, 2], [3, 4]),
    [2, 2],
  ),
  ofOne(ops.pad, a => ops.pad(a, []), padded([], []), []),
  ofOne(ops.slice, a => ops.slice(a, 1, 6, 2), stepped([1], [3], [2]), [7]),
  ofOne(ops.slice, a => ops.slice(a, 0, [], 3), stepped([0], [3], [3]), [7]),
  ofOne(ops.slice, a => ops.slice(a, [0, -3], [], [2, 3]), stepped([0, 1], [2, 1], [2, 3]), [4, 4]),
  ofOne(ops.slice, a => ops.slice(a, [1, 0], [2], [1, 2]), stepped([1, 0], [1, 2], [1, 2]), [3, 3]),
  ofOne(ops.slice, a => ops.slice(a, 2, 2, 2), stepped([2], [0], [2]), [5]),
  ofOne(ops.squeeze, a => ops.squeeze(a), reshaped([2, 3]), [1, 2, 1, 3]),
  ofOne(ops.squeeze, a => ops.squeeze(a, -1), reshaped([1, 2]), [1, 2, 1]),
  ofOne(ops.squeeze, a => ops.squeeze(a, [0, 2]), reshaped([2]), [1, 2, 1]),
  ofOne(ops.flip, a => ops.flip(a), flipped([0, 1]), [2, 3]),
  ofOne(ops.flip, a => ops.flip(a, -1), flipped([1]), [2, 3]),
  ofOne(ops.flip, a => ops.flip(a, [0, 2]), flipped([0, 2]), [2, 1, 3]),
  ofOne(ops.tile, a => ops.tile(a, 2), tiled([6]), [3]),
  ofOne(ops.tile, a => ops.tile(a, [2, 1, 3]), tiled([2, 2, 9]), [2, 3]),
  ofOne(ops.tile, a => ops.tile(a, 3), tiled([2, 9]), [2, 3]),
  ofOne(ops.tile, a => ops.tile(a, [2, 0]), tiled([4, 0]), [2, 3]),
  ofOne(ops.split, a => ops.split(a, 2)[1] as Value, boxed([2, 0], [2, 3]), [4, 3]),
  ofOne(ops.split, a => ops.split(a, 3, -1)[0] as Value, boxed([0, 0], [4, 1]), [4, 3]),
  ofOne(ops.split, a => ops.split(a, [1, 3], 1)[1] as Value, boxed([0, 1], [2, 2]), [2, 5]),
  ofOne(ops.split, a => ops.split(a, [1, 3], 1)[2] as Value, boxed([0, 3], [2, 2]), [2, 5]),
  ofOne(
    ops.cumsum,
    a => ops.cumsum(a),
    runningIn(0, (p, q) => p + q),
    [7],
  ),
  ofOne(
    ops.cumsum,
    a => ops.cumsum(a),
    a => runningIn(0, (p, q) => p + q)(reshaped([6])(a)),
    [2, 3],
  ),
  ofOne(
    ops.cumsum,
    a => ops.cumsum(a, 0),
    runningIn(0, (p, q) => p + q),
    [4, 2],
  ),
  ofOne(
    ops.cumsum,
    a => ops.cumsum(a, -1),
    runningIn(2, (p, q) => p + q),
    [2, 2, 5],
  ),
  ofOne(
    ops.cumsum,
    a => ops.cumsum(a, 1),
    runningIn(1, (p, q) => p + q),
    [2, 0],
  ),
  ofOne(
    ops.cumprod,
    a => ops.cumprod(a),
    runningIn(0, (p, q) => p * q),
    [5],
    anywhere,
    [],
  ),
  ofOne(
    ops.cumprod,
    a => ops.cumprod(a, 1),
    runningIn(1, (p, q) => p * q),
    [2, 4],
    oftenZero,
    [],
  ),
  ofOne(
    ops.cumprod,
    a => ops.cumprod(a, 0),
    runningIn(0, (p, q) => p * q),
    [3, 2],
    anywhere,
    [],
  ),
  constantOf(
    ops.eye,
    a => ops.eye(a.tape, 3),
    [3, 3],
    ([i, k]) => (i === k ? 1 : 0),
  ),
  constantOf(
    ops.eye,
    a => ops.eye(a.tape, 2, 3),
    [2, 3],
    ([i, k]) => (i === k ? 1 : 0),
  ),
  constantOf(
    ops.arange,
    a => ops.arange(a.tape, 4),
    [4],
    ([i]) => i as number,
  ),
  constantOf(
    ops.arange,
    a => ops.arange(a.tape, 1, 2, 0.3),
    [4],
    ([i]) => 1 + 0.3 * (i as number),
  ),
  constantOf(
    ops.arange,
    a => ops.arange(a.tape, 1, -1, -0.5),
    [4],
    ([i]) => 1 - 0.5 * (i as number),
  ),
  constantOf(
    ops.arange,
    a => ops.arange(a.tape, 2, 1),
    [0],
    () => 0,
  ),
];

const joined =
  (axis: number) =>
  (...parts: Plain[]) => {
    const [first] = parts as [Plain];
    const length = total(parts.map(({ shape }) => shape[axis] as number));
    return build(first.shape.with(axis, length), index => {
      let position = index[axis] as number;
      for (const part of parts) {
        const partLength = part.shape[axis] as number;
        if (position < partLength) return at(part, index.with(axis, position));
        position -= partLength;
      }
      throw new RangeError('past the end');
    });
  };

const picked = (index: Plain) => (a: Plain) =>
  build([...index.shape, ...a.shape.slice(1)], position => {
    const rank = index.shape.length;
    return at(a, [at(index, position.slice(0, rank)), ...position.slice(rank)]);
  });

const segmented = (index: Plain, count: number) => (a: Plain) =>
  build([count, ...a.shape.slice(index.shape.length)], ([segment, ...rest]) => {
    const rows = indicesOf(index.shape).filter(row => at(index, row) === segment);
    return total(rows.map(row => at(a, [...row, ...rest])));
  });

const largestOfSegments = (index: Plain, count: number) => (a: Plain) =>
  build([count, ...a.shape.slice(index.shape.length)], ([segment, ...rest]) => {
    const rows = indicesOf(index.shape).filter(row => at(index, row) === segment);
    return Math.max(...rows.map(row => at(a, [...row, ...rest])));
  });

const negated = (a: Plain): Plain => ({ shape: a.shape, data: a.data.map(entry => -entry) });

const sharesOfSegments = (index: Plain) => (a: Plain) => {
  const rank = index.shape.length;
  return build(a.shape, position => {
    const segment = at(index, position.slice(0, rank));
    const rows = indicesOf(index.shape).filter(row => at(index, row) === segment);
    const rest = position.slice(rank);
    return softmax(
      at(a, position),
      rows.map(row => at(a, [...row, ...rest])),
    );
  });
};

const list = (...entries: number[]): Plain => ({ shape: [entries.length], data: entries });
const grid: Plain = { shape: [2, 2], data: [2, 0, 2, 1] };
const gridIndex = tensor(Int32Array.of(2, 0, 2, 1), [2, 2]);

const averaged = (index: Plain, count: number) => (a: Plain) => {
  const sums = segmented(index, count)(a);
  return build(sums.shape, position => {
    const rows = index.data.filter(row => row === position[0]).length;
    return at(sums, position) / Math.max(rows, 1);
  });
};

/**
 * Moves `count` axes, of which `axis` is the first, to the front and applies `f`. Then moves the first `resultCount` axes
 * back, to the place of `axis`.
 */
const onAxis = (axis: number, count: number, f: (a: Plain) => Plain, resultCount: number) => (a: Plain) => {
  const before = Array.from({ length: axis }, (_, i) => i);
  const moved = Array.from({ length: count }, (_, i) => axis + i);
  const after = a.shape.map((_, i) => i).slice(axis + count);
  const result = f(permuted([...moved, ...before, ...after])(a));
  const order = result.shape.map((_, i) => i);
  const front = order.splice(0, resultCount);
  return permuted(order.toSpliced(axis, 0, ...front))(result);
};

/**
 * Uses of an index: the index as a plain tensor and as an argument of an op, the number of segments, none of them empty,
 * and the shape of the operand.
 */
const segmentUses: readonly (readonly [Plain, ops.Index, number, readonly number[]])[] = [
  [list(1, 0, 1, 2), [1, 0, 1, 2], 3, [4, 2]],
  [list(1, 0, 1), Int32Array.of(1, 0, 1), 2, [3]],
  [grid, gridIndex, 3, [2, 2, 3]],
];

const indexCases: Case[] = [
  ofMany(
    ops.concat,
    (a, b) => ops.concat([a, b]),
    joined(0),
    [
      [2, 3],
      [1, 3],
    ],
    [[0, 1]],
  ),
  ofMany(
    ops.concat,
    (a, b, c) => ops.concat([a, b, c], -1),
    joined(1),
    [
      [2, 1],
      [2, 0],
      [2, 3],
    ],
    [[0, 1, 2]],
  ),
  ofMany(
    ops.concat,
    a => ops.concat([a, a, a], 1),
    a => joined(1)(a, a, a),
    [[2, 2]],
    [[0]],
  ),
  ofMany(ops.concat, a => ops.concat([a]), joined(0), [[2]], [[0]]),
  ofOne(ops.gather, a => ops.gather(a, [3, 0, 3]), picked(list(3, 0, 3)), [4, 2]),
  ofOne(ops.gather, a => ops.gather(a, Int32Array.of(1, 1)), picked(list(1, 1)), [3]),
  ofOne(ops.gather, a => ops.gather(a, gridIndex), picked(grid), [3, 2]),
  ofOne(ops.gather, a => ops.gather(a, []), picked(list()), [3, 2]),
  ofOne(ops.segmentSum, a => ops.segmentSum(a, [1, 0, 1, 3], 5), segmented(list(1, 0, 1, 3), 5), [4, 2]),
  ofOne(ops.segmentSum, a => ops.segmentSum(a, Int32Array.of(1, 1), 2), segmented(list(1, 1), 2), [2]),
  ofOne(ops.segmentSum, a => ops.segmentSum(a, gridIndex, 3), segmented(grid, 3), [2, 2, 3]),
  ofOne(ops.segmentSum, a => ops.segmentSum(a, [], 2), segmented(list(), 2), [0, 3]),
  ofOne(ops.gather, a => ops.gather(a, [2, 0], 1), onAxis(1, 1, picked(list(2, 0)), 1), [2, 3]),
  ofOne(ops.gather, a => ops.gather(a, gridIndex, -2), onAxis(1, 1, picked(grid), 2), [2, 3, 2]),
  ofOne(
    ops.segmentSum,
    a => ops.segmentSum(a, [1, 0, 1], 2, 1),
    onAxis(1, 1, segmented(list(1, 0, 1), 2), 1),
    [2, 3],
  ),
  ofOne(
    ops.segmentSum,
    a => ops.segmentSum(a, gridIndex, 3, 1),
    onAxis(1, 2, segmented(grid, 3), 1),
    [3, 2, 2],
  ),
  ofOne(ops.segmentMean, a => ops.segmentMean(a, [1, 0, 1, 3], 5), averaged(list(1, 0, 1, 3), 5), [4, 2]),
  ofOne(ops.segmentMean, a => ops.segmentMean(a, gridIndex, 3), averaged(grid, 3), [2, 2, 3]),
  ofOne(
    ops.segmentMean,
    a => ops.segmentMean(a, [1, 1, 0], 2, -1),
    onAxis(1, 1, averaged(list(1, 1, 0), 2), 1),
    [2, 3],
  ),
  ofOne(ops.segmentMean, a => ops.segmentMean(a, [], 2), averaged(list(), 2), [0, 3]),
  ofOne(
    ops.takeAlongAxis,
    a => ops.takeAlongAxis(a, gridIndex, 1),
    a => build([2, 2], ([i = 0, k = 0]) => at(a, [i, at(grid, [i, k])])),
    [2, 3],
  ),
  ofOne(
    ops.takeAlongAxis,
    a => ops.takeAlongAxis(a, tensor(Int32Array.of(1, 0, 1, 1, 0, 0), [3, 2]), -2),
    a => build([3, 2], ([i = 0, k = 0]) => at(a, [[1, 0, 1, 1, 0, 0][2 * i + k] as number, k])),
    [2, 2],
  ),
  ofMany(
    ops.stack,
    (a, b) => ops.stack([a, b, a]),
    (a, b) => ({ shape: [3, 2], data: [...a.data, ...b.data, ...a.data] }),
    [[2], [2]],
    [[0, 1]],
  ),
  ofMany(
    ops.stack,
    (a, b) => ops.stack([a, b], -1),
    (a, b) => build([2, 3, 2], ([i = 0, j = 0, k]) => at(k === 0 ? a : b, [i, j])),
    [
      [2, 3],
      [2, 3],
    ],
    [[0, 1]],
  ),
  ofMany(
    ops.stack,
    (a, b) => ops.stack([a, b]),
    (a, b) => ({ shape: [2], data: [...a.data, ...b.data] }),
    [[], []],
    [[0, 1]],
  ),
  ...segmentUses.flatMap(([index, indexArgument, count, shape]) => [
    ofOne(
      ops.segmentMax,
      a => ops.segmentMax(a, indexArgument, count),
      largestOfSegments(index, count),
      shape,
      distinct(0.1),
      [],
    ),
    ofOne(
      ops.segmentMin,
      a => ops.segmentMin(a, indexArgument, count),
      a => negated(largestOfSegments(index, count)(negated(a))),
      shape,
      distinct(0.1),
      [],
    ),
    ofOne(
      ops.segmentSoftmax,
      a => ops.segmentSoftmax(a, indexArgument, count + 1),
      sharesOfSegments(index),
      shape,
      anywhere,
      [],
    ),
  ]),
];

function matrixProduct(a: Plain, b: Plain): Plain {
  const left = a.shape.length === 1 ? reshaped([1, ...a.shape])(a) : a;
  const right = b.shape.length === 1 ? reshaped([...b.shape, 1])(b) : b;
  const leading = broadcast([left, right].map(({ shape, data }) => ({ shape: shape.slice(0, -2), data })));
  const [rows, inner, columns] = [left.shape.at(-2), left.shape.at(-1), right.shape.at(-1)] as [
    number,
    number,
    number,
  ];
  const whole = build([...leading, rows, columns], index => {
    const [front, i, j] = [index.slice(0, -2), index.at(-2), index.at(-1)] as [number[], number, number];
    return total(
      Array.from({ length: inner }, (_, k) => at(left, [...front, i, k]) * at(right, [...front, k, j])),
    );
  });
  const remaining = [...(a.shape.length === 1 ? [] : [rows]), ...(b.shape.length === 1 ? [] : [columns])];
  return reshaped([...leading, ...remaining])(whole);
}

const matmulShapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 3],
    [3, 4],
  ],
  [[3], [3]],
  [[3], [3, 2]],
  [[2, 3], [3]],
  [
    [2, 2, 3],
    [3, 2],
  ],
  [[3], [2, 3, 2]],
  [
    [2, 1, 2, 3],
    [3, 3, 1],
  ],
  [
    [2, 0],
    [0, 3],
  ],
];

const matmulCases: Case[] = matmulShapes.map(shapes => {
  return ofMany(ops.matmul, ops.matmul as Case['record'], matrixProduct, shapes, [[0], [1]]);
});

/** Case of einsum, compared with one sum over all letters. */
const ofLetters = (specification: string, lengths: Readonly<Record<string, number>>) => {
  const [left = '', right = ''] = specification.split('->');
  const parts = left.split(',');
  const letters = Object.keys(lengths);
  const shapeOf = (part: string) => [...part].map(letter => lengths[letter] as number);
  const plain = (...operands: Plain[]) =>
    build(shapeOf(right), index => {
      const isHere = (all: Indices) =>
        [...right].every((letter, axis) => all[letters.indexOf(letter)] === index[axis]);
      const places = indicesOf(letters.map(letter => lengths[letter] as number)).filter(isHere);
      const entry = (all: Indices, part: string, operand: Plain) =>
        at(
          operand,
          [...part].map(letter => all[letters.indexOf(letter)] as number),
        );
      return total(
        places.map(all =>
          operands.reduce((product, operand, i) => product * entry(all, parts[i] as string, operand), 1),
        ),
      );
    });
  return ofMany(
    ops.einsum,
    (...operands) => ops.einsum(specification, ...operands),
    plain,
    parts.map(shapeOf),
    parts.map((_, i) => [i]),
  );
};

const einsumCases: Case[] = [
  ofLetters('ij,jk->ik', { i: 2, j: 3, k: 2 }),
  ofLetters('ij,kj->ki', { i: 2, j: 3, k: 2 }),
  ofLetters('bij,bjk->bik', { b: 2, i: 2, j: 3, k: 2 }),
  ofLetters('ibj,kj->bki', { b: 2, i: 2, j: 3, k: 1 }),
  ofLetters('ij,ij->', { i: 2, j: 3 }),
  ofLetters('ij,ij->ji', { i: 2, j: 3 }),
  ofLetters('i,j->ij', { i: 2, j: 3 }),
  ofLetters('ii->i', { i: 3 }),
  ofLetters('iji->j', { i: 2, j: 3 }),
  ofLetters('ijj,j->i', { i: 2, j: 3 }),
  ofLetters('ijk->k', { i: 2, j: 2, k: 3 }),
  ofLetters('ijk->kij', { i: 2, j: 2, k: 3 }),
  ofLetters('i,ij,j->', { i: 2, j: 3 }),
  ofLetters('abc,cd,db,e->ae', { a: 2, b: 2, c: 3, d: 2, e: 2 }),
  ofLetters('ij,k->i', { i: 2, j: 2, k: 0 }),
  ofMany(
    ops.einsum,
    (a, b) => ops.einsum('...ij,...jk->...ik', a, b),
    matrixProduct,
    [
      [2, 1, 2, 3],
      [3, 3, 1],
    ],
    [[0], [1]],
  ),
  ofMany(
    ops.einsum,
    (a, b) => ops.einsum('ba,cb', a, b),
    (a, b) => permuted([1, 0])(matrixProduct(b, a)),
    [
      [3, 2],
      [2, 3],
    ],
    [[0], [1]],
  ),
  ofOne(
    ops.einsum,
    a => ops.einsum('...i', a),
    a => a,
    [1, 2, 3],
  ),
];

const inner = (a: Plain, b: Plain): Plain => {
  const products = elementwise((x, y) => x * y)(a, b);
  return reduced(total, [products.shape.length - 1])(products);
};

const vectorProduct = (a: Plain, b: Plain): Plain =>
  build(broadcast([a, b]), index => {
    const i = index.at(-1) as number;
    const [x, y] = [a, b].map(each => (k: number) => at(each, index.with(index.length - 1, k % 3))) as [
      (k: number) => number,
      (k: number) => number,
    ];
    return x(i + 1) * y(i + 2) - x(i + 2) * y(i + 1);
  });

const difference = elementwise((x, y) => x - y);
const lengths = (a: Plain): Plain => elementwise(Math.sqrt)(inner(a, a));
const column = ({ shape, data }: Plain): Plain => ({ shape: [...shape, 1], data });

/** Angle by the law of cosines. */
const plainAngle: Case['plain'] = (a, b, c) => {
  const [p, q, r] = [lengths(difference(a, b)), lengths(difference(c, b)), lengths(difference(a, c))];
  return elementwise((x, y, z) => Math.acos((x * x + y * y - z * z) / (2 * x * y)))(p, q, r);
};

/** Angle between the projections of a − b and d − c on a plane perpendicular to c − b. */
const plainDihedral: Case['plain'] = (a, b, c, d) => {
  const axis = difference(c, b);
  const along = elementwise((x, length) => x / length)(axis, column(lengths(axis)));
  const across = (v: Plain) =>
    difference(v, elementwise((share, x) => share * x)(column(inner(v, along)), along));
  const [p, q] = [across(difference(a, b)), across(difference(d, c))];
  return elementwise(Math.atan2)(inner(vectorProduct(along, p), q), inner(p, q));
};

/** Case of an op of points near corners that are not on a line. */
function ofPoints(
  op: typeof ops.angle | typeof ops.dihedral,
  plain: Case['plain'],
  corners: readonly (readonly number[])[],
  shapes: readonly (readonly number[])[],
): Case {
  const moved = (points: Plain[]) =>
    points.map((point, i) => elementwise((x, y) => x + y)(point, list(...(corners[i] as number[]))));
  const record = (...points: Value[]) =>
    (op as Case['record'])(
      ...points.map((point, i) => ops.add(point, point.tape.constant(corners[i] as number[]))),
    );
  const entries = shapes.map(() => between(-0.5, 0.5));
  return ofMany(op, record, (...points) => plain(...moved(points)), shapes, [], ...entries);
}

const bent = [
  [2, 0, 0],
  [0, 0, 0],
  [0, 2, 0],
];
const twisted = [
  [2, 0, 0],
  [0, 0, 0],
  [0, 0, 2],
  [-1, 2, 2],
];

const vectorShapes = [
  [[3], [3]],
  [
    [2, 3],
    [2, 3],
  ],
  [
    [2, 1, 3],
    [4, 3],
  ],
];

const vectorCases: Case[] = [
  vectorShapes.map(shapes => ofMany(ops.vecdot, (a, b) => ops.vecdot(a, b), inner, shapes, [[0], [1]])),
  vectorShapes.map(shapes => ofMany(ops.cross, (a, b) => ops.cross(a, b), vectorProduct, shapes, [[0], [1]])),
  ofMany(
    ops.cross,
    (a, b) => ops.cross(a, b, 0),
    (a, b) => permuted([1, 0])(vectorProduct(permuted([1, 0])(a), permuted([1, 0])(b))),
    [
      [3, 2],
      [3, 2],
    ],
    [[0], [1]],
  ),
  ofPoints(ops.angle, plainAngle, bent, [[3], [3], [3]]),
  ofPoints(ops.angle, plainAngle, bent, [[2, 3], [3], [2, 1, 3]]),
  ofPoints(ops.dihedral, plainDihedral, twisted, [[3], [3], [3], [3]]),
  ofPoints(ops.dihedral, plainDihedral, twisted, [[2, 3], [3], [2, 3], [1, 3]]),
].flat();

/** Applies `f` to the entries along an axis. `f` returns a list of `count` entries. */
const rearranged =
  (axis: number, count: number, f: (entries: number[]) => number[]) =>
  (a: Plain): Plain =>
    build(a.shape.with(axis, count), index => {
      const entries = Array.from({ length: a.shape[axis] as number }, (_, i) => at(a, index.with(axis, i)));
      return f(entries)[index[axis] as number] as number;
    });

const places = (entries: number[]) =>
  entries.map((_, i) => i).sort((i, k) => (entries[i] as number) - (entries[k] as number) || i - k);
const ascending = (entries: number[]) => [...entries].sort((x, y) => x - y);
const descending = (entries: number[]) => ascending(entries).reverse();
const descendingPlaces = (entries: number[]) => places(entries.map(entry => -entry));
const placeOfLargest = (entries: number[]) => entries.indexOf(Math.max(...entries));
const placeOfSmallest = (entries: number[]) => entries.indexOf(Math.min(...entries));

/** Case of operands whose entries may tie, for which no gradient is tested. */
function ofTies(
  op: Op,
  record: (a: Value) => Value,
  f: (entries: number[]) => number[],
  count: number,
): Case {
  const entries = listOf(fc.constantFrom(0.1, 0.5, 0.9));
  const use = ofOne(op, record, rearranged(1, count, f), [2, 6], entries, []);
  return { ...use, operands: use.operands.map(operand => ({ ...operand, isConstant: true })) };
}

const orderShapes = [
  { shape: [5], axis: 0 },
  { shape: [1], axis: 0 },
  { shape: [2, 4], axis: 1 },
  { shape: [3, 2, 2], axis: 0 },
  { shape: [2, 3, 2], axis: 1 },
  { shape: [2, 0], axis: 1 },
  { shape: [0, 2], axis: 1 },
];

const orderCases: Case[] = [
  orderShapes.flatMap(({ shape, axis }) => {
    const length = shape[axis] as number;
    const isLast = axis === shape.length - 1;
    const count = Math.min(2, length);
    const axisArgument = isLast ? [] : [axis];
    const caseOf = (op: Op, record: (a: Value) => Value, f: (entries: number[]) => number[], size = length) =>
      ofOne(op, record, rearranged(axis, size, f), shape, distinct(0.1), []);
    return [
      caseOf(ops.sort, a => ops.sort(a, ...axisArgument), ascending),
      caseOf(ops.argsort, a => ops.argsort(a, ...axisArgument), places),
      caseOf(ops.topK, a => ops.topK(a, count, ...axisArgument)[0], descending, count),
      caseOf(ops.topK, a => ops.topK(a, count, ...axisArgument)[1], descendingPlaces, count),
    ];
  }),
  [ops.argmax, ops.argmin].flatMap(op => {
    const place = op === ops.argmax ? placeOfLargest : placeOfSmallest;
    return axisChoices.flatMap(({ shape, axis, axes }) => {
      if (typeof axis === 'object') return [];
      return [false, true].map(keepDims =>
        ofOne(op, a => op(a, axis, keepDims), reduced(place, axes, keepDims), shape, distinct(0.1), []),
      );
    });
  }),
  ofTies(ops.sort, a => ops.sort(a), ascending, 6),
  ofTies(ops.argsort, a => ops.argsort(a), places, 6),
  ofTies(ops.topK, a => ops.topK(a, 4)[1], descendingPlaces, 4),
  ofTies(
    ops.argmax,
    a => ops.argmax(a, 1, true),
    entries => [placeOfLargest(entries)],
    1,
  ),
  ofTies(
    ops.argmin,
    a => ops.argmin(a, 1, true),
    entries => [placeOfSmallest(entries)],
    1,
  ),
  ofMany(
    ops.takeAlongAxis,
    (a, by) => ops.takeAlongAxis(a, ops.argsort(by, 0), 0),
    (a, by) => {
      const order = rearranged(0, 4, places)(by);
      return build([4, 2], ([i = 0, k = 0]) => at(a, [at(order, [i, k]), k]));
    },
    [
      [4, 2],
      [4, 2],
    ],
    [[0]],
    anywhere,
    distinct(0.1),
  ),
  ofMany(
    ops.takeAlongAxis,
    (a, by) => ops.takeAlongAxis(a, ops.argmax(by, -1, true), -1),
    (a, by) => {
      const place = reduced(placeOfLargest, [1], true)(by);
      return build([2, 1], ([i = 0]) => at(a, [i, at(place, [i, 0])]));
    },
    [
      [2, 3],
      [2, 3],
    ],
    [[0]],
    anywhere,
    distinct(0.1),
  ),
  ofMany(
    ops.gather,
    (a, by) => ops.gather(a, ops.argmax(by, 1)),
    (a, by) => picked(reduced(placeOfLargest, [1])(by))(a),
    [
      [3, 2],
      [4, 3],
    ],
    [[0]],
    anywhere,
    distinct(0.1),
  ),
  ofMany(
    ops.gather,
    (a, by) => ops.gather(a, ops.topK(by, 2)[1], 1),
    (a, by) => onAxis(1, 1, picked(rearranged(1, 2, descendingPlaces)(by)), 2)(a),
    [
      [2, 3, 2],
      [2, 3],
    ],
    [[0]],
    anywhere,
    distinct(0.1),
  ),
  ofMany(
    ops.gather,
    (a, by) => ops.gather(a, ops.argmin(by)),
    (a, by) => picked({ shape: [], data: [placeOfSmallest([...by.data])] })(a),
    [[3, 2], [3]],
    [[0]],
    anywhere,
    distinct(0.1),
  ),
].flat();

/** Adds `by` to the diagonal of matrices, so that matrices of small entries are well-conditioned. */
const raised = (by: readonly number[]) => (a: Plain) =>
  build(a.shape, index => {
    const [i, k] = index.slice(-2) as [number, number];
    return at(a, index) + (i === k ? (by[i] as number) : 0);
  });

/** Symmetric matrices with these lower triangles. */
const mirrored = (a: Plain) =>
  build(a.shape, index => {
    const [i, k] = index.slice(-2) as [number, number];
    return at(a, [...index.slice(0, -2), Math.max(i, k), Math.min(i, k)]);
  });

type Matrix = number[][];

/** Applies `f` to each matrix, a list of rows. */
const ofMatrices = (f: (matrix: Matrix) => Matrix | number[] | number) => (a: Plain) => {
  const [n = 0] = a.shape.slice(-1);
  const results = indicesOf(a.shape.slice(0, -2)).map(front =>
    f(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, k) => at(a, [...front, i, k])))),
  );
  const [first] = results as [Matrix | number[] | number];
  const resultShape = Array.isArray(first) ? (Array.isArray(first[0]) ? [n, n] : [n]) : [];
  return { shape: [...a.shape.slice(0, -2), ...resultShape], data: results.flat(2) as number[] };
};

/** Gauss-Jordan elimination with row exchanges. */
function eliminated(matrix: Matrix, columns: Matrix): { det: number; solution: Matrix } {
  const rows = matrix.map((row, i) => [...row, ...(columns[i] as number[])]);
  let det = 1;
  for (let k = 0; k < rows.length; k++) {
    const size = (row: number[]) => Math.abs(row[k] as number);
    const best = rows.reduce((p, row, i) => (i > k && size(row) > size(rows[p] as number[]) ? i : p), k);
    [rows[k], rows[best]] = [rows[best] as number[], rows[k] as number[]];
    const pivot = rows[k]?.[k] as number;
    det *= best === k ? pivot : -pivot;
    rows[k] = (rows[k] as number[]).map(entry => entry / pivot);
    for (const [i, row] of rows.entries()) {
      if (i === k) continue;
      const factor = row[k] as number;
      rows[i] = row.map((entry, column) => entry - factor * (rows[k]?.[column] as number));
    }
  }
  return { det, solution: rows.map(row => row.slice(rows.length)) };
}

const identity = (n: number): Matrix =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, k) => (i === k ? 1 : 0)));

/** Cholesky factor by outer products. */
function choleskyFactor(matrix: Matrix): Matrix {
  const rest = matrix.map(row => [...row]);
  const lower = matrix.map(row => row.map(() => 0));
  for (let k = 0; k < rest.length; k++) {
    const pivot = Math.sqrt(rest[k]?.[k] as number);
    for (let i = k; i < rest.length; i++) (lower[i] as number[])[k] = (rest[i]?.[k] as number) / pivot;
    for (let i = k; i < rest.length; i++) {
      for (let j = k; j < rest.length; j++)
        (rest[i] as number[])[j] =
          (rest[i]?.[j] as number) - (lower[i]?.[k] as number) * (lower[j]?.[k] as number);
    }
  }
  return lower;
}

/** Eigenvalues of a matrix of at most three rows. For three rows, the cosine formula solves the cubic equation. */
function roots(matrix: Matrix): number[] {
  const entry = (i: number, k: number) => matrix[i]?.[k] as number;
  if (matrix.length === 1) return [entry(0, 0)];
  if (matrix.length === 2) {
    const middle = (entry(0, 0) + entry(1, 1)) / 2;
    const off = Math.hypot((entry(0, 0) - entry(1, 1)) / 2, entry(0, 1));
    return [middle - off, middle + off];
  }
  const middle = (entry(0, 0) + entry(1, 1) + entry(2, 2)) / 3;
  const centred = matrix.map((row, i) => row.map((each, k) => (i === k ? each - middle : each)));
  const size = Math.sqrt(total(centred.flat().map(each => each ** 2)) / 6);
  const half =
    eliminated(
      centred.map(row => row.map(each => each / size)),
      identity(3),
    ).det / 2;
  const angle = Math.acos(half) / 3;
  return [4, 2, 0]
    .map(thirds => middle + 2 * size * Math.cos(angle + (thirds * Math.PI) / 3))
    .sort((p, q) => p - q);
}

const small = between(-0.5, 0.5);
const sizes = [
  [1, 1],
  [2, 2],
  [3, 3],
  [2, 3, 3],
  [4, 4],
];
const upToThreeRows = sizes.slice(0, 4);

/** Case of an op of matrices to whose diagonals `by` is added. */
function ofRaised(
  op: Op,
  record: (a: Value) => Value,
  plain: (a: Plain) => Plain,
  shape: readonly number[],
  by: readonly number[] = [2, 3, 4, 5],
): Case {
  const n = shape.at(-1) as number;
  const diagonal = Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? (by[i % n] as number) : 0));
  const added = tensor(Float64Array.from(diagonal), [n, n]);
  return ofOne(
    op,
    a => record(ops.add(a, a.tape.constant(added))),
    a => plain(raised(by)(a)),
    shape,
    small,
    [],
  );
}

const linearCases: Case[] = [
  ofOne(
    ops.det,
    ops.det,
    ofMatrices(([[a = 0, b = 0] = [], [c = 0, d = 0] = []]) => a * d - b * c),
    [2, 2],
    anywhere,
    [],
  ),
  sizes.map(shape =>
    ofRaised(
      ops.det,
      ops.det,
      ofMatrices(matrix => eliminated(matrix, identity(matrix.length)).det),
      shape,
    ),
  ),
  sizes.map(shape =>
    ofRaised(
      ops.inverse,
      ops.inverse,
      ofMatrices(matrix => eliminated(matrix, identity(matrix.length)).solution),
      shape,
    ),
  ),
  sizes.map(shape =>
    ofRaised(ops.cholesky, ops.cholesky, a => ofMatrices(choleskyFactor)(mirrored(a)), shape),
  ),
  upToThreeRows.map(shape =>
    ofRaised(ops.eigvalsh, ops.eigvalsh, a => ofMatrices(roots)(mirrored(a)), shape, [0, 2, 5]),
  ),
  [[3], [3, 2], [2, 3, 1]].map(shape =>
    ofMany(
      ops.solve,
      (a, b) => ops.solve(ops.add(a, ops.mul(3, ops.eye(a.tape, 3))), b),
      (a, b) => {
        const inverted = ofMatrices(matrix => eliminated(matrix, identity(3)).solution)(raised([3, 3, 3])(a));
        return matrixProduct(inverted, b);
      },
      [[2, 3, 3], shape],
      [],
      small,
      anywhere,
    ),
  ),
].flat();

/** First uniform numbers that the generator gives for seed 1 and index 3. */
const uniform = [0.5386304398096573, 0.9252429158111175, 0.34321707283642017, 0.4677844388045563];
/** True for entries that dropout drops for seed 1, index 3 and a rate of 0.25. */
const dropped = [false, false, false, false, false, true];

const randomCases: Case[] = [
  ofOne(
    ops.dropout,
    a => ops.dropout(a, { rate: 0, seed: 1 }),
    a => a,
    [2, 3],
  ),
  ofOne(
    ops.dropout,
    a => ops.dropout(a, { rate: 0.25, seed: 1, index: 3 }),
    a => ({ ...a, data: a.data.map((entry, i) => (dropped[i] ? 0 : entry / 0.75)) }),
    [2, 3],
  ),
  constantOf(
    ops.noise,
    a => ops.noise(a.tape, [2, 2], { seed: 1, index: 3, distribution: 'uniform' }),
    [2, 2],
    ([i = 0, k = 0]) => uniform[2 * i + k] as number,
  ),
];

export const cases: readonly Case[] = [
  ...elementwiseCases,
  ...reductionCases,
  ...alongCases,
  ...distanceCases,
  ...shapeCases,
  ...indexCases,
  ...matmulCases,
  ...einsumCases,
  ...vectorCases,
  ...orderCases,
  ...linearCases,
  ...randomCases,
];
