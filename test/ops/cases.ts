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
  indicesOf,
  type Plain,
  reduced,
  total,
} from './plain.ts';

/** One way to use an op, and what it should give. */
export interface Case {
  readonly op: OpName;
  readonly record: (...operands: Value[]) => Value;
  readonly operands: readonly OperandRange[];
  /** The same in plain loops. */
  readonly plain: (...operands: Plain[]) => Plain;
  /** One entry of the result from one entry of each operand, so that any equal shapes will do. */
  readonly isElementwise: boolean;
  /** The sets of operands in which, the others fixed, it is linear. */
  readonly linearIn: readonly (readonly number[])[];
}

/** The range of an operand's entries: inside the domain, and farther from a kink than a difference steps. */
export interface OperandRange {
  readonly shape: readonly number[];
  readonly entries: Entries;
  /** No gradient is wanted: the derivative is zero by definition, or the slope is none. */
  readonly isFixed: boolean;
}

/** As many entries as asked for. */
export type Entries = (size: number) => fc.Arbitrary<number[]>;

/** An exported op, whatever it takes. */
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

/** From −2 to 2, but not within `gap` of 0. */
const awayFrom0 = (gap: number): Entries => listOf(real(-2, 2).map(x => (x < 0 ? x - gap : x + gap)));

/** Multiples of 0.1 and `offset`: operands of unequal offset are never nearly equal. */
const lattice = (offset: number): Entries =>
  listOf(fc.integer({ min: -20, max: 20 }).map(k => k / 10 + offset));

/** Multiples of `gap`, none twice. */
const distinct =
  (gap: number): Entries =>
  size =>
    fc
      .uniqueArray(fc.integer({ min: -2 * size, max: 2 * size }), { minLength: size, maxLength: size })
      .map(list => list.map(k => k * gap));

const anywhere = between(-2, 2);

/*
 * Elementwise ops: each in several shapes, and those of two operands with a literal in either place.
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
  /** Operands that no gradient is wanted for. */
  readonly fixed?: readonly number[];
  readonly linearIn?: readonly (readonly number[])[];
}

function ofEntries(
  op: Op,
  plain: (...entries: number[]) => number,
  ranges: readonly Entries[],
  { fixed = [], linearIn = [] }: ElementwiseOptions = {},
  record: Case['record'] = op as Case['record'],
): Case[] {
  return (shapesOf[ranges.length] ?? []).map(shapes => ({
    op: nameOf(op),
    record,
    plain: elementwise(plain),
    operands: ranges.map((entries, i) => ({
      shape: shapes[i] as readonly number[],
      entries,
      isFixed: fixed.includes(i),
    })),
    isElementwise: true,
    linearIn,
  }));
}

/** An op of two operands, also with the literal 1.5 on either side. */
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
const cutoffWave = (d: number, cutoff: number) =>
  d < cutoff ? 0.5 * (Math.cos((Math.PI * d) / cutoff) + 1) : 0;

const both = { linearIn: [[0, 1]] };
const either = { linearIn: [[0], [1]] };

const elementwiseCases: Case[] = [
  ofEntries(ops.abs, Math.abs, [awayFrom0(0.1)]),
  ofEntries(ops.neg, x => -x, [anywhere], { linearIn: [[0]] }),
  ofEntries(ops.square, x => x * x, [anywhere]),
  ofEntries(ops.sign, Math.sign, [awayFrom0(0.1)]),
  ofEntries(ops.floor, Math.floor, [lattice(0.05)]),
  ofEntries(ops.exp, Math.exp, [anywhere]),
  ofEntries(ops.expm1, Math.expm1, [anywhere]),
  ofEntries(ops.log, Math.log, [between(0.5, 3)]),
  ofEntries(ops.log1p, Math.log1p, [between(-0.5, 2)]),
  ofEntries(ops.sqrt, Math.sqrt, [between(0.5, 3)]),
  ofEntries(ops.sin, Math.sin, [anywhere]),
  ofEntries(ops.cos, Math.cos, [anywhere]),
  ofEntries(ops.tanh, Math.tanh, [anywhere]),
  ofEntries(ops.sigmoid, sigmoid, [between(-5, 5)]),
  ofEntries(ops.softplus, softplus, [between(-5, 5)]),
  ofEntries(ops.shiftedSoftplus, x => softplus(x) - Math.log(2), [between(-5, 5)]),
  ofEntries(ops.relu, x => Math.max(x, 0), [awayFrom0(0.1)]),
  ofEntries(ops.stopGradient, x => x, [anywhere], { fixed: [0] }),

  ofTwo(ops.add, (a, b) => a + b, [anywhere, anywhere], both),
  ofTwo(ops.sub, (a, b) => a - b, [anywhere, anywhere], both),
  ofTwo(ops.mul, (a, b) => a * b, [anywhere, anywhere], either),
  ofTwo(ops.scaled, (a, b) => a * b, [anywhere, anywhere], either),
  ofTwo(ops.div, (a, b) => a / b, [anywhere, awayFrom0(0.7)], { linearIn: [[0]] }),
  ofTwo(ops.maximum, Math.max, [lattice(0.02), lattice(0.05)]),
  ofTwo(ops.minimum, Math.min, [lattice(0.02), lattice(0.05)]),
  ofTwo(ops.less, (a, b) => (a < b ? 1 : 0), [lattice(0.02), lattice(0.05)]),
  ofTwo(ops.greater, (a, b) => (a > b ? 1 : 0), [lattice(0.02), lattice(0.05)]),
  ofTwo(ops.equal, (a, b) => (a === b ? 1 : 0), [lattice(0), lattice(0)]),
  ofEntries(ops.add, (a, b, c) => a + b + c, [anywhere, anywhere, anywhere], { linearIn: [[0, 1, 2]] }),
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
    { fixed: [0], linearIn: [[1, 2]] },
  ),
  ofEntries(ops.clamp, (a, low, high) => Math.min(Math.max(a, low), high), [
    lattice(0),
    lattice(0.03),
    lattice(0.07),
  ]),
].flat();

/*
 * Reductions: over one axis, some, all or none, counted from either end, which go or stay.
 */

const axisChoices: readonly { shape: readonly number[]; axis?: ops.Axes; means: readonly number[] }[] = [
  { shape: [], means: [] },
  { shape: [3], means: [0] },
  { shape: [3], axis: 0, means: [0] },
  { shape: [2, 3, 2], means: [0, 1, 2] },
  { shape: [2, 3, 2], axis: 1, means: [1] },
  { shape: [2, 3, 2], axis: -1, means: [2] },
  { shape: [2, 3, 2], axis: [-1, 0], means: [0, 2] },
  { shape: [2, 3], axis: [], means: [] },
];

type Reduction = (a: Value, axis?: ops.Axes, keepDims?: boolean) => Value;

function ofReduction(
  op: Reduction,
  plain: (entries: number[]) => number,
  entries: Entries,
  linearIn: Case['linearIn'] = [],
): Case[] {
  return axisChoices.flatMap(({ shape, axis, means }) =>
    [false, true].map(keepDims =>
      along(op, a => op(a, axis, keepDims), reduced(plain, means, keepDims), shape, entries, linearIn),
    ),
  );
}

/** An op of one operand that is not elementwise. */
function along(
  op: Op,
  record: (a: Value) => Value,
  plain: (a: Plain) => Plain,
  shape: readonly number[],
  entries: Entries = anywhere,
  linearIn: Case['linearIn'] = [[0]],
): Case {
  return ofMany(op, record, plain, [shape], linearIn, entries);
}

/** An op of several operands that is not elementwise. */
function ofMany(
  op: Op,
  record: Case['record'],
  plain: Case['plain'],
  shapes: readonly (readonly number[])[],
  linearIn: Case['linearIn'],
  ...entries: readonly Entries[]
): Case {
  const operands = shapes.map((shape, i) => ({ shape, entries: entries[i] ?? anywhere, isFixed: false }));
  return { op: nameOf(op), record, plain, operands, isElementwise: false, linearIn };
}

const sumOfExp = (entries: number[]) => total(entries.map(Math.exp));

const reductionCases: Case[] = [
  ofReduction(ops.sum, total, anywhere, [[0]]),
  ofReduction(ops.mean, average, anywhere, [[0]]),
  ofReduction(ops.max, entries => Math.max(...entries), distinct(0.1)),
  ofReduction(ops.min, entries => Math.min(...entries), distinct(0.1)),
  ofReduction(ops.logSumExp, entries => Math.log(sumOfExp(entries)), anywhere),
  ofReduction(ops.norm, entries => Math.hypot(...entries), awayFrom0(0.7)),
].flat();

/*
 * Composed along axes, shapes, rows by index, matrices.
 */

const softmax = (x: number, entries: number[]) => Math.exp(x) / sumOfExp(entries);
const logSoftmax = (x: number, entries: number[]) => x - Math.log(sumOfExp(entries));

const normalised = (epsilon: number) => (x: number, entries: number[]) => {
  const centre = average(entries);
  return (x - centre) / Math.sqrt(average(entries.map(each => (each - centre) ** 2)) + epsilon);
};

const apart = distinct(0.5);

const alongCases: Case[] = [
  along(ops.softmax, a => ops.softmax(a), alongAxes(softmax, [1]), [2, 3], anywhere, []),
  along(ops.softmax, a => ops.softmax(a, 0), alongAxes(softmax, [0]), [2, 3], anywhere, []),
  along(ops.softmax, a => ops.softmax(a, [-1, 0]), alongAxes(softmax, [0, 2]), [2, 2, 3], anywhere, []),
  along(ops.logSoftmax, a => ops.logSoftmax(a), alongAxes(logSoftmax, [1]), [2, 3], anywhere, []),
  along(
    ops.logSoftmax,
    a => ops.logSoftmax(a, [0, -1]),
    alongAxes(logSoftmax, [0, 2]),
    [2, 2, 3],
    anywhere,
    [],
  ),
  along(ops.layerNorm, a => ops.layerNorm(a), alongAxes(normalised(1e-5), [1]), [2, 3], apart, []),
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

const fieldCases: Case[] = [
  along(
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

const shapeCases: Case[] = [
  along(ops.broadcastTo, a => ops.broadcastTo(a, [2, 3]), repeated([2, 3]), [3]),
  along(ops.broadcastTo, a => ops.broadcastTo(a, [2, 2]), repeated([2, 2]), []),
  along(ops.broadcastTo, a => ops.broadcastTo(a, [4, 2, 3]), repeated([4, 2, 3]), [2, 1]),
  along(ops.broadcastTo, a => ops.broadcastTo(a, [2]), repeated([2]), [2]),
  along(ops.reshape, a => ops.reshape(a, [3, 2]), reshaped([3, 2]), [2, 3]),
  along(ops.reshape, a => ops.reshape(a, [-1]), reshaped([6]), [2, 3]),
  along(ops.reshape, a => ops.reshape(a, [2, -1, 1]), reshaped([2, 3, 1]), [6]),
  along(ops.reshape, a => ops.reshape(a, [1, 1]), reshaped([1, 1]), []),
  along(ops.expandDims, a => ops.expandDims(a, 0), reshaped([1, 2, 3]), [2, 3]),
  along(ops.expandDims, a => ops.expandDims(a, 1), reshaped([2, 1, 3]), [2, 3]),
  along(ops.expandDims, a => ops.expandDims(a, -1), reshaped([2, 3, 1]), [2, 3]),
  along(ops.expandDims, a => ops.expandDims(a, 0), reshaped([1]), []),
  along(ops.transpose, a => ops.transpose(a), permuted([1, 0]), [2, 3]),
  along(ops.transpose, a => ops.transpose(a), permuted([2, 1, 0]), [2, 3, 4]),
  along(ops.transpose, a => ops.transpose(a, [1, 2, 0]), permuted([1, 2, 0]), [2, 3, 4]),
  along(ops.transpose, a => ops.transpose(a, [-1, 0, 1]), permuted([2, 0, 1]), [2, 3, 4]),
  along(ops.transpose, a => ops.transpose(a), permuted([]), []),
  along(ops.slice, a => ops.slice(a, 1, 4), boxed([1], [3]), [5]),
  along(ops.slice, a => ops.slice(a, -2), boxed([3], [2]), [5]),
  along(ops.slice, a => ops.slice(a, 1, 2), boxed([1, 0], [1, 4]), [3, 4]),
  along(ops.slice, a => ops.slice(a, [0, -1]), boxed([0, 3], [3, 1]), [3, 4]),
  along(ops.slice, a => ops.slice(a, [1, 1], [3, -1]), boxed([1, 1], [2, 2]), [3, 4]),
  along(ops.slice, a => ops.slice(a, 0), boxed([0], [5]), [5]),
  along(ops.slice, a => ops.slice(a, 2, 2), boxed([2], [0]), [5]),
  along(ops.pad, a => ops.pad(a, [[1, 2]]), padded([1], [6]), [3]),
  along(
    ops.pad,
    a =>
      ops.pad(a, [
        [0, 1],
        [2, 0],
      ]),
    padded([0, 2], [3, 4]),
    [2, 2],
  ),
  along(ops.pad, a => ops.pad(a, []), padded([], []), []),
];

const joined =
  (axis: number) =>
  (...parts: Plain[]) => {
    const [first] = parts as [Plain];
    const length = total(parts.map(({ shape }) => shape[axis] as number));
    return build(first.shape.with(axis, length), index => {
      let position = index[axis] as number;
      for (const part of parts) {
        const own = part.shape[axis] as number;
        if (position < own) return at(part, index.with(axis, position));
        position -= own;
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

const list = (...entries: number[]): Plain => ({ shape: [entries.length], data: entries });
const grid: Plain = { shape: [2, 2], data: [2, 0, 2, 1] };
const gridIndex = tensor(Int32Array.of(2, 0, 2, 1), [2, 2]);

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
  along(ops.gather, a => ops.gather(a, [3, 0, 3]), picked(list(3, 0, 3)), [4, 2]),
  along(ops.gather, a => ops.gather(a, Int32Array.of(1, 1)), picked(list(1, 1)), [3]),
  along(ops.gather, a => ops.gather(a, gridIndex), picked(grid), [3, 2]),
  along(ops.gather, a => ops.gather(a, []), picked(list()), [3, 2]),
  along(ops.segmentSum, a => ops.segmentSum(a, [1, 0, 1, 3], 5), segmented(list(1, 0, 1, 3), 5), [4, 2]),
  along(ops.segmentSum, a => ops.segmentSum(a, Int32Array.of(1, 1), 2), segmented(list(1, 1), 2), [2]),
  along(ops.segmentSum, a => ops.segmentSum(a, gridIndex, 3), segmented(grid, 3), [2, 2, 3]),
  along(ops.segmentSum, a => ops.segmentSum(a, [], 2), segmented(list(), 2), [0, 3]),
];

function product(a: Plain, b: Plain): Plain {
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
  const kept = [...(a.shape.length === 1 ? [] : [rows]), ...(b.shape.length === 1 ? [] : [columns])];
  return reshaped([...leading, ...kept])(whole);
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
  return ofMany(ops.matmul, ops.matmul as Case['record'], product, shapes, [[0], [1]]);
});

export const cases: readonly Case[] = [
  ...elementwiseCases,
  ...reductionCases,
  ...alongCases,
  ...fieldCases,
  ...shapeCases,
  ...indexCases,
  ...matmulCases,
];
