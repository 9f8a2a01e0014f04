import * as ops from 'posetape/ops';
import { type Builder, broadcast, maximalSize, type Node, sizeOf } from './builder.ts';
import type { Attributes, OpName } from './program.ts';

/** Function that adds a step of one op to the program, and perhaps steps for its operands. */
type Recipe = (builder: Builder) => void;

/** An op of one value. */
const unary =
  (op: OpName): Recipe =>
  b =>
    b.add(op, [b.any()]);

/** An op of one value. With probability `share`, `restrict` maps the value to numbers for which the op is finite. */
const within =
  (op: OpName, restrict: (b: Builder, x: Node) => Node, share = 0.6): Recipe =>
  b => {
    const x = b.any();
    b.add(op, [b.random.chance(share) ? restrict(b, x) : x]);
  };

/**
 * An op of two operands that broadcast: two values, a value and a literal, or one value twice. `adapt` may replace the
 * operand that is drawn second.
 */
const binary =
  (op: OpName, adapt: (b: Builder, y: Node | number) => Node | number = (_, y) => y): Recipe =>
  b => {
    const x = b.any();
    if (b.random.chance(0.1)) return void b.add(op, [x, x]);
    const y = adapt(b, b.operand(x));
    const first = typeof y !== 'number' && b.random.chance(0.1) ? b.literal() : x;
    b.add(op, op !== 'div' && op !== 'pow' && b.random.chance(0.5) ? [y, x] : [first, y]);
  };

const tanh = (b: Builder, x: Node) => b.add('tanh', [x]);
const positive = (b: Builder, x: Node) => b.positive(x);

const quotient = binary('div', (b, y) => (typeof y !== 'number' && b.random.chance(0.5) ? b.positive(y) : y));

/** One axis counted from either end, a list of axes, an empty list, or `undefined` for all axes. */
function axesOf(b: Builder, { length: rank }: readonly number[]): Attributes['axis'] {
  const share = b.random.unit();
  if (rank === 0 || share < 0.25) return undefined;
  if (share < 0.85) return b.random.whole(-rank, rank - 1);
  const axes = b.random.shuffled(Array.from({ length: rank }, (_, axis) => axis));
  return axes
    .slice(0, b.random.whole(share < 0.88 ? 0 : 1, rank))
    .map(axis => (b.random.chance(0.5) ? axis : axis - rank));
}

/** List of the axes, counted from the front. */
function listed(axis: Attributes['axis'], { length: rank }: readonly number[]): number[] {
  if (axis === undefined) return Array.from({ length: rank }, (_, each) => each);
  return (typeof axis === 'number' ? [axis] : axis).map(each => (each < 0 ? each + rank : each));
}

/** Adds an op along axes. The result keeps these axes with length 1, or has them removed. */
function reduce(b: Builder, op: OpName, x: Node, allowsEmpty: boolean): void {
  const axis = axesOf(b, x.shape);
  const reduced = listed(axis, x.shape);
  if (!allowsEmpty && reduced.some(each => x.shape[each] === 0)) return;
  const keepDims = b.random.pick([undefined, false, true]);
  const kept = x.shape.map((length, each) => (reduced.includes(each) ? 1 : length));
  const shape = keepDims ? kept : kept.filter((_, each) => !reduced.includes(each));
  b.add(op, [x], { axis, keepDims }, shape);
}

/** Recipe for {@link reduce}. `allowsEmpty` is true if the op allows axes of length 0. */
const reduction =
  (op: OpName, allowsEmpty: boolean): Recipe =>
  b =>
    reduce(b, op, b.any(), allowsEmpty);

/** Axes for an op that keeps the shape, undefined for the last axis. Null if one of these axes has length 0. */
function normalisedAxes(b: Builder, x: Node): Attributes['axis'] | null {
  const axis = b.random.chance(0.3) ? undefined : (axesOf(b, x.shape) ?? -1);
  return listed(axis ?? -1, x.shape).some(each => x.shape[each] === 0) ? null : axis;
}

const softmax =
  (op: OpName): Recipe =>
  b => {
    const x = b.ranked(1);
    const axis = normalisedAxes(b, x);
    if (axis !== null) b.add(op, [x], { axis }, x.shape);
  };

/** A comparison, whose result may also be used as a number. */
const comparison =
  (op: OpName): Recipe =>
  b => {
    const x = b.any();
    const y = b.operand(x);
    const result = b.add(op, b.random.chance(0.5) ? [x, y] : [y, x]);
    if (b.random.chance(0.4)) b.add('mul', [result, b.broadcastable(result)]);
  };

/** Adds a masked product of numbers that may be infinite where the mask is 0, and an op that could hide NaN in the product. */
function masked(b: Builder): void {
  const { random } = b;
  const x = b.any();
  const zeros = random.pick([
    () => b.mask(x.shape),
    () => b.add('relu', [x]),
    () => b.add('floor', [x]),
    () => b.add('less', [x, b.operand(x)]),
  ])();
  const unsafe = random.chance(0.6) ? b.add('div', [random.pick([1, -3]), zeros]) : guarded(b, x);
  // `zeros` and `unsafe` both broadcast with x, but perhaps not with each other.
  const fits = broadcast([zeros.shape, unsafe.shape]) !== undefined;
  const product = b.add('scaled', [zeros, fits ? unsafe : x]);
  if (random.chance(0.4))
    b.add(random.pick(['less', 'equal', 'maximum', 'pow', 'minimum']), [product, b.literal()]);
  else if (random.chance(0.5)) b.add('where', [product, b.broadcastable(product), b.literal()]);
  else b.add(random.pick(['exp', 'tanh', 'sign']), [product]);
}

/** A quotient that depends on the sign of a zero. */
function overZero(b: Builder): void {
  const { random } = b;
  const zero = random.chance(0.5) ? b.mask(random.pick([[2], [3], [2, 2]])) : b.fresh([], 'fill');
  const signed = random.pick([
    () => b.add('add', [zero, random.pick([0, -0])]),
    () => b.add('sub', random.chance(0.5) ? [zero, 0] : [0, zero]),
    () => b.add('mul', [zero, b.literal()]),
    () => b.add(random.pick(['neg', 'abs', 'sign', 'floor']), [zero]),
    () => b.add(random.pick(['maximum', 'minimum']), [zero, 0]),
  ])();
  b.add('div', [random.pick([1, -2]), signed]);
}

/** A condition that broadcasts with `x`: a comparison, any numbers, combined masks, or a sum of a mask. */
function condition(b: Builder, x: Node): Node {
  const { random } = b;
  if (random.chance(0.3)) return x;
  const ways = [
    () => b.add(random.pick(['less', 'greater', 'equal'] as const), [x, b.operand(x)]),
    () => b.broadcastable(x),
    () => b.mask(x.shape),
    () => b.mask(random.chance(0.5) ? x.shape.slice(1) : x.shape.map(() => 1)),
    () =>
      b.add(random.pick(['mul', 'sub', 'add', 'maximum'] as const), [b.mask(x.shape), b.add('less', [x, 0])]),
    () => b.add('sub', [1, b.add('less', [x, b.operand(x)])]),
    () => b.add('where', [b.mask(x.shape), b.add('less', [0, x]), random.pick([0, 2, -1])]),
    () => {
      const axis = x.shape.length > 0 ? -1 : undefined;
      const of = random.chance(0.5) ? b.add('less', [x, b.operand(x)]) : x;
      const shape = of.shape.map((length, i) =>
        axis === undefined || i === of.shape.length - 1 ? 1 : length,
      );
      return b.add('sum', [of], { axis, keepDims: true }, shape);
    },
    () => b.add('floor', [x]),
    () => b.add('sign', [x]),
  ];
  return random.pick(ways)();
}

/** A branch of a selection by `x`. Entries that the selection drops may be NaN or infinite. */
function guarded(b: Builder, x: Node): Node {
  const ways = [
    () => b.add('div', [b.random.pick([1, 3, -0.5]), x]),
    () => b.add('div', [b.operand(x), x]),
    () => b.add('log', [x]),
    () => b.add('sqrt', [x]),
    () => b.add('pow', [x, b.random.pick([-1, 0.5, -2, 1.5])]),
    () => b.add('exp', [b.add('mul', [x, 1000])]),
    () => b.add('mul', [x, b.fresh(x.shape)]),
    () => b.broadcastable(x),
  ];
  return b.random.pick(ways)();
}

/** A sum or norm of selected numbers, which may be multiplied by their condition. */
function sparse(b: Builder): void {
  const { random } = b;
  const x = random.chance(0.5) ? b.any() : b.mask(b.any().shape);
  const branch = random.chance(0.2) ? x : guarded(b, x);
  const selected = b.add('where', [x, branch, 0]);
  const result = random.chance(0.3)
    ? b.add('mul', [selected, random.chance(0.5) ? x : b.broadcastable(selected)])
    : selected;
  reduce(b, random.chance(0.8) ? 'sum' : 'norm', result, true);
}

const where: Recipe = b => {
  const { random } = b;
  if (random.chance(0.3)) return sparse(b);
  const x = b.any();
  const isGuarded = random.chance(0.5);
  const test = condition(b, x);
  const divisor = random.chance(0.3) ? test : x;
  const yes = isGuarded ? guarded(b, divisor) : random.chance(0.2) ? b.literal() : b.broadcastable(x);
  const no = random.chance(0.55) ? random.pick([0, 0, 0, 1, -0, 2.5]) : b.broadcastable(x);
  const shape = broadcast([test, yes, no].flatMap(each => (typeof each === 'number' ? [] : [each.shape])));
  if (!shape || sizeOf(shape) > maximalSize) return;
  const swapped = random.chance(0.25);
  const selected = b.add('where', swapped ? [test, no, yes] : [test, yes, no]);
  const result = random.chance(0.3)
    ? b.add('mul', [selected, random.chance(0.5) ? test : b.broadcastable(selected)])
    : selected;
  // In a sum, the engine may skip entries that are 0.
  if (random.chance(0.4)) reduce(b, 'sum', result, true);
};

/** Random lengths whose product is `size`. */
function factors(b: Builder, size: number): number[] {
  if (size === 0) return b.random.pick([[0], [0, 2], [1, 0], [3, 0, 1]]);
  const shape: number[] = [];
  let rest = size;
  for (let length = 2; length <= rest; length++) {
    while (rest % length === 0 && b.random.chance(0.8)) {
      shape.push(length);
      rest /= length;
    }
  }
  if (rest > 1) shape.push(rest);
  if (b.random.chance(0.3)) shape.push(1);
  return b.random.shuffled(shape);
}

/** Random shape of an index. */
function indexShape(b: Builder): number[] {
  return b.random.pick([[], [0], [1], [2], [3], [3], [4], [5], [2, 2], [1, 3], [2, 0]]);
}

/** An op of one value and an optional number. */
const withNumber =
  (op: OpName): Recipe =>
  b => {
    const x = b.any();
    b.add(op, [x, b.random.chance(0.3) ? null : b.random.pick([0.5, 0.2, 1, -0.3])]);
  };

/** An op whose result is a condition. Most results are used in a selection. */
const truthOf =
  (op: OpName): Recipe =>
  b => {
    const x = b.random.chance(0.5) ? b.any() : b.mask(b.any().shape);
    const result = b.add(op, [x]);
    if (b.random.chance(0.6)) b.add('where', [result, b.broadcastable(result), b.random.pick([0, 1])]);
  };

/** Variance or standard deviation. */
const spread =
  (op: OpName): Recipe =>
  b => {
    const x = b.any();
    const axis = axesOf(b, x.shape);
    const reduced = listed(axis, x.shape);
    const count = sizeOf(reduced.map(each => x.shape[each] as number));
    const ddof = count > 1 ? b.random.pick([undefined, 0, 1]) : undefined;
    if (count === 0) return;
    const keepDims = b.random.pick([undefined, false, true]);
    const kept = x.shape.map((length, each) => (reduced.includes(each) ? 1 : length));
    const shape = keepDims ? kept : kept.filter((_, each) => !reduced.includes(each));
    b.add(op, [x], { axis, keepDims, ddof }, shape);
  };

/** Cumulative sum or product, along an axis or of the flattened operand. */
const scan =
  (op: OpName): Recipe =>
  b => {
    const x = b.any();
    const isFlat = x.shape.length === 0 || b.random.chance(0.3);
    const axis = isFlat ? undefined : b.random.whole(-x.shape.length, x.shape.length - 1);
    b.add(op, [x], { axis }, isFlat ? [sizeOf(x.shape)] : x.shape);
  };

/** An op of segments along any axis. Its index has 0 to 2 axes. */
const segments =
  (op: OpName): Recipe =>
  b => {
    const x = b.any();
    const rank = x.shape.length;
    const argument = rank === 0 || b.random.chance(0.6) ? undefined : b.random.whole(-rank, rank - 1);
    const along = (argument ?? 0) < 0 ? (argument as number) + rank : (argument ?? 0);
    const at = x.shape.slice(along, along + b.random.pick([1, 1, 1, 2, 0]));
    const count = b.random.whole(sizeOf(at) > 0 ? 1 : 0, 4);
    const shape = x.shape.toSpliced(along, at.length, count);
    if (sizeOf(shape) <= maximalSize) b.add(op, [x, b.index(at, count)], { count, axis: argument }, shape);
  };

/** Adds a product of vectors of length 3. */
function vectors(b: Builder, op: 'vecdot' | 'cross'): void {
  const isVector = (shape: readonly number[]) => shape.at(-1) === 3;
  const x = b.real(isVector) ?? b.fresh(b.random.pick([[3], [2, 3], [1, 3], [3, 3]]));
  const fits = (shape: readonly number[]) => {
    const all = broadcast([shape, x.shape]);
    return isVector(shape) && all !== undefined && sizeOf(all) <= maximalSize;
  };
  const y = b.random.chance(0.2) ? x : ((b.random.chance(0.6) ? b.real(fits) : undefined) ?? b.fresh([3]));
  const shape = broadcast([x.shape, y.shape]) as number[];
  b.add(op, [x, y], {}, op === 'cross' ? shape : shape.slice(0, -1));
}

/** Adds, in four cases of five, takeAlongAxis of a value that has the shape of `like`, by `indices`. */
function take(b: Builder, like: Node, indices: Node, axis: number): void {
  if (b.random.chance(0.2)) return;
  const isLike = (shape: readonly number[]) => shape.join() === like.shape.join();
  const x = b.random.chance(0.5) ? like : (b.real(isLike) ?? b.fresh(like.shape));
  b.add('takeAlongAxis', [x, indices], { axis }, indices.shape);
}

/** Index of an extreme entry. Most indices are used to take entries or rows. */
const extremeIndex =
  (op: 'argmax' | 'argmin'): Recipe =>
  b => {
    const x = b.ranked(1);
    const { length: rank } = x.shape;
    const axis = b.random.chance(0.3) ? undefined : b.random.whole(-rank, rank - 1);
    const along = axis === undefined ? undefined : (axis + rank) % rank;
    const count = along === undefined ? sizeOf(x.shape) : (x.shape[along] as number);
    if (count === 0) return;
    const keepDims = b.random.pick([undefined, false, true]);
    const isReduced = (_: number, i: number) => along === undefined || i === along;
    const kept = x.shape.map((length, i) => (isReduced(length, i) ? 1 : length));
    const shape = keepDims ? kept : x.shape.filter((length, i) => !isReduced(length, i));
    const index = b.add(op, [x], { axis, keepDims }, shape);
    if (keepDims && axis !== undefined) return take(b, x, index, axis);
    if (b.random.chance(0.3)) return;
    const isTable = (lengths: readonly number[]) => lengths[0] === count;
    const table = b.real(isTable) ?? b.fresh(b.random.pick([[count], [count, 2]]));
    const rows = [...shape, ...table.shape.slice(1)];
    if (sizeOf(rows) <= maximalSize) b.add('gather', [table, index], {}, rows);
  };

/** Adds an op of points, mostly near corners that are not on a line. */
function points(b: Builder, op: 'angle' | 'dihedral', count: number): void {
  const { random } = b;
  const corners = [
    [2, 0, 0],
    [0, 0, 0],
    [0, 0, 2],
    [-1, 2, 2],
  ];
  const isPoint = (shape: readonly number[]) => shape.at(-1) === 3 && shape.length < 3;
  const operands = Array.from({ length: count }, (_, i) => {
    const x = (random.chance(0.5) ? b.real(isPoint) : undefined) ?? b.fresh([3], undefined, 'tame');
    if (random.chance(0.1)) return x;
    return b.add('add', [b.add('mul', [0.5, b.add('tanh', [x])]), b.constant([3], corners[i] as number[])]);
  });
  const shape = broadcast(operands.map(each => each.shape));
  if (shape) b.add(op, operands, {}, shape.slice(0, -1));
}

/**
 * Adds symmetric matrices, whose number of rows is one of `rows`. They are positive definite with distinct eigenvalues,
 * unless their numbers are wild.
 */
function definiteMatrices(b: Builder, rows: readonly number[] = [1, 2, 3, 3, 4]): Node {
  const { random } = b;
  const x = b.real(shape => sizeOf(shape) > 0) ?? b.fresh([]);
  const n = random.pick(rows);
  const leading = random.pick([[], [], [2]]);
  const factor = b.add('sum', [b.add('mul', [b.add('tanh', [x]), 0.4 / sizeOf(x.shape)])], {}, []);
  const shape = [...leading, n, n];
  const lower = Array.from({ length: sizeOf(leading) * n * n }, () => random.whole(-10, 10) / 20);
  const data = lower.map((_, i) => {
    const [row, column] = [Math.floor(i / n) % n, i % n];
    const matrix = i - (i % (n * n));
    return lower[matrix + Math.max(row, column) * n + Math.min(row, column)] as number;
  });
  const symmetric = b.constant(shape, data);
  const diagonal = b.constant(
    [n, n],
    Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 2 + 2 * Math.floor(i / n) : 0)),
  );
  return b.add('add', [b.add('mul', [symmetric, factor]), diagonal]);
}

/** An op of segments along the first axes, as many as its index has: 0 to 2. */
const firstSegments =
  (op: OpName): Recipe =>
  b => {
    const x = b.any();
    const at = x.shape.slice(0, b.random.pick([1, 1, 1, 2, 0]));
    const count = b.random.whole(sizeOf(at) > 0 ? 1 : 0, 4);
    const shape = op === 'segmentSoftmax' ? x.shape : [count, ...x.shape.slice(at.length)];
    if (sizeOf(shape) <= maximalSize) b.add(op, [x, b.index(at, count)], { count }, shape);
  };

export const recipes: Record<OpName, Recipe> = {
  // Arithmetic
  abs: unary('abs'),
  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  scaled: b => (b.random.chance(0.7) ? masked(b) : binary('scaled')(b)),
  div: b => (b.random.chance(0.3) ? overZero(b) : quotient(b)),
  neg: unary('neg'),
  square: unary('square'),
  pow: b => {
    const x = b.any();
    const { random } = b;
    if (random.chance(0.5)) return void b.add('pow', [x, random.pick([2, 3, 0, 1, -1, -2])]);
    const base = random.chance(0.8) ? b.positive(x) : x;
    if (random.chance(0.4)) return void b.add('pow', [base, random.pick([0.5, 1.5, -0.5, 2.5, 0.3])]);
    b.add('pow', random.chance(0.2) ? [random.pick([2, 0.5, 0, 1]), x] : [base, b.broadcastable(base)]);
  },
  sign: unary('sign'),
  floor: unary('floor'),
  ceil: unary('ceil'),
  trunc: unary('trunc'),
  round: b =>
    b.add('round', [b.random.chance(0.5) ? b.add('mul', [b.any(), b.random.pick([0.5, 3])]) : b.any()]),
  mod: binary('mod', (b, y) => (typeof y !== 'number' && b.random.chance(0.7) ? b.positive(y) : y)),
  reciprocal: within('reciprocal', positive, 0.4),

  // Elementwise functions
  exp: within('exp', tanh, 0.4),
  expm1: within('expm1', tanh, 0.4),
  log: within('log', positive),
  log1p: within('log1p', positive),
  sqrt: within('sqrt', (b, x) => (b.random.chance(0.5) ? b.positive(x) : b.add('square', [x]))),
  sin: unary('sin'),
  cos: unary('cos'),
  tanh: unary('tanh'),
  erf: unary('erf'),
  erfc: unary('erfc'),
  gelu: unary('gelu'),
  atan: unary('atan'),
  asin: within('asin', tanh),
  acos: within('acos', tanh),
  atan2: binary('atan2'),
  sigmoid: unary('sigmoid'),
  softplus: unary('softplus'),
  shiftedSoftplus: unary('shiftedSoftplus'),
  relu: unary('relu'),
  silu: unary('silu'),
  leakyRelu: withNumber('leakyRelu'),
  elu: withNumber('elu'),
  rsqrt: within('rsqrt', positive),
  log2: within('log2', positive),
  log10: within('log10', positive),
  tan: within('tan', tanh),
  sinh: within('sinh', tanh, 0.4),
  cosh: within('cosh', tanh, 0.4),
  hypot: binary('hypot'),
  logAddExp: binary('logAddExp'),
  clamp: b => {
    const x = b.any();
    const low = b.operand(x);
    const shape = typeof low === 'number' ? x.shape : (broadcast([x.shape, low.shape]) as number[]);
    b.add('clamp', [x, low, b.random.chance(0.5) ? b.literal() : b.fresh(shape.map(() => 1))]);
  },
  maximum: binary('maximum'),
  minimum: binary('minimum'),
  less: comparison('less'),
  greater: comparison('greater'),
  equal: comparison('equal'),
  lessEqual: comparison('lessEqual'),
  greaterEqual: comparison('greaterEqual'),
  notEqual: comparison('notEqual'),
  not: truthOf('not'),
  isNan: truthOf('isNan'),
  and: comparison('and'),
  or: comparison('or'),
  stopGradient: b => {
    const x = b.any();
    const fixed = b.add('stopGradient', [x]);
    if (b.random.chance(0.5)) b.add('mul', [fixed, x]);
  },
  where,
  huber: b => {
    const x = b.any();
    const delta = b.random.pick([
      () => null,
      () => b.random.pick([1, 0.5, 2]),
      () => b.positive(b.broadcastable(x)),
    ])();
    b.add('huber', [x, delta]);
  },
  gaussians: b => {
    const x = b.any();
    const gamma = b.random.chance(0.5) ? b.random.pick([0.5, 1, 0]) : b.fresh([], undefined, 'tame');
    const count = b.random.pick([1, 2, 3, 0]);
    if (sizeOf(x.shape) * count > maximalSize) return;
    const shape = [...x.shape, count];
    if (b.random.chance(0.5))
      b.add('gaussians', [x, gamma], { centers: [-1, 0, 1.5].slice(0, count) }, shape);
    else b.add('gaussians', [x, gamma, b.fresh([count])], {}, shape);
  },
  cosineCutoff: b => {
    const x = b.any();
    b.add('cosineCutoff', [
      x,
      b.random.chance(0.7) ? b.random.pick([1, 2, 0.7]) : b.positive(b.broadcastable(x)),
    ]);
  },

  // Along axes
  sum: reduction('sum', true),
  prod: reduction('prod', true),
  mean: reduction('mean', false),
  max: reduction('max', false),
  min: reduction('min', false),
  logSumExp: reduction('logSumExp', true),
  norm: reduction('norm', true),
  variance: spread('variance'),
  std: spread('std'),
  cumsum: scan('cumsum'),
  cumprod: scan('cumprod'),
  softmax: softmax('softmax'),
  logSoftmax: softmax('logSoftmax'),
  layerNorm: b => {
    const x = b.ranked(1);
    const axis = normalisedAxes(b, x);
    if (axis === null) return;
    const [gain, bias] = [0, 1].map(() => {
      if (b.random.chance(0.4)) return null;
      return b.random.chance(0.2) ? b.literal() : b.broadcastable(x);
    }) as [Node | number | null, Node | number | null];
    const shape = broadcast(
      [x, gain, bias].flatMap(each => (typeof each === 'object' && each ? [each.shape] : [])),
    );
    if (shape && sizeOf(shape) <= maximalSize)
      b.add('layerNorm', [x, gain, bias], { axis, epsilon: b.random.pick([undefined, 1, 0.1]) }, shape);
  },

  // Shape
  broadcastTo: b => {
    const x = b.any();
    const repeated = x.shape.map(length => (length === 1 ? b.random.pick([1, 2, 3, 0]) : length));
    const shape = [...b.random.pick([[], [1], [2], [2, 1]]), ...repeated];
    if (sizeOf(shape) <= maximalSize) b.add('broadcastTo', [x], { shape }, shape);
  },
  reshape: b => {
    const x = b.any();
    const shape = factors(b, sizeOf(x.shape));
    const open = b.random.whole(0, shape.length);
    const withUnknown = sizeOf(shape) > 0 && shape.length > open ? shape.with(open, -1) : shape;
    b.add('reshape', [x], { shape: b.random.chance(0.5) ? withUnknown : shape }, shape);
  },
  expandDims: b => {
    const x = b.any();
    const axis = b.random.whole(-1 - x.shape.length, x.shape.length);
    const at = axis < 0 ? axis + x.shape.length + 1 : axis;
    b.add('expandDims', [x], { axis }, x.shape.toSpliced(at, 0, 1));
  },
  transpose: b => {
    const x = b.any();
    const { length: rank } = x.shape;
    if (b.random.chance(0.3)) return void b.add('transpose', [x], {}, x.shape.toReversed());
    const order = b.random.shuffled(Array.from({ length: rank }, (_, axis) => axis));
    const axes = order.map(axis => (b.random.chance(0.2) ? axis - rank : axis));
    b.add(
      'transpose',
      [x],
      { axes },
      order.map(axis => x.shape[axis] as number),
    );
  },
  slice: b => {
    const x = b.ranked(1);
    const { random } = b;
    const axes = random.whole(1, x.shape.length);
    const boxes = x.shape.map((length, axis) => {
      if (axis >= axes) return [0, length] as const;
      const from = random.whole(0, length);
      return [from, random.chance(0.9) ? random.whole(Math.min(from + 1, length), length) : from] as const;
    });
    const negative = (position: number, axis: number) =>
      random.chance(0.2) && position < (x.shape[axis] as number)
        ? position - (x.shape[axis] as number)
        : position;
    const start = boxes.slice(0, axes).map(([from], axis) => negative(from, axis));
    const isOpen = boxes.every(([, to], axis) => to === x.shape[axis]) && random.chance(0.5);
    const end = isOpen ? undefined : boxes.slice(0, axes).map(([, to], axis) => negative(to, axis));
    const argument =
      axes === 1 && random.chance(0.5) ? { start: start[0] as number, end: end?.[0] } : { start, end };
    const steps = random.chance(0.7) ? [] : boxes.slice(0, axes).map(() => random.whole(1, 3));
    const shape = boxes.map(([from, to], axis) => Math.ceil((to - from) / (steps[axis] ?? 1)));
    b.add('slice', [x], steps.length > 0 ? { start, end, step: steps } : argument, shape);
  },
  pad: b => {
    const x = b.any();
    const widths = x.shape.map(() => [b.random.whole(0, 2), b.random.pick([0, 0, 1])] as const);
    const shape = x.shape.map(
      (length, axis) => length + ((widths[axis]?.[0] ?? 0) + (widths[axis]?.[1] ?? 0)),
    );
    if (sizeOf(shape) <= maximalSize) b.add('pad', [x], { widths }, shape);
  },
  concat: b => {
    const x = b.ranked(1);
    const axis = b.random.whole(0, x.shape.length - 1);
    const isLike = (shape: readonly number[]) =>
      shape.length === x.shape.length && shape.every((length, i) => i === axis || length === x.shape[i]);
    const count = b.random.whole(1, 3);
    const parts = Array.from({ length: count }, () => (b.random.chance(0.4) ? x : (b.real(isLike) ?? x)));
    const total = [x, ...parts].reduce((sum, { shape }) => sum + (shape[axis] as number), 0);
    const shape = x.shape.with(axis, total);
    const argument =
      axis === 0 && b.random.chance(0.5) ? undefined : b.random.pick([axis, axis - x.shape.length]);
    if (sizeOf(shape) <= maximalSize)
      b.add('concat', b.random.shuffled([x, ...parts]), { axis: argument }, shape);
  },
  stack: b => {
    const x = b.any();
    const isLike = (shape: readonly number[]) => shape.join() === x.shape.join();
    const count = b.random.whole(0, 2);
    const others = Array.from({ length: count }, () => (b.random.chance(0.4) ? x : (b.real(isLike) ?? x)));
    const parts = b.random.shuffled([x, ...others]);
    const axis = b.random.whole(-1 - x.shape.length, x.shape.length);
    const shape = x.shape.toSpliced(axis < 0 ? axis + x.shape.length + 1 : axis, 0, parts.length);
    const argument = axis === 0 && b.random.chance(0.5) ? undefined : axis;
    if (sizeOf(shape) <= maximalSize) b.add('stack', parts, { axis: argument }, shape);
  },
  split: b => {
    const x = b.ranked(1);
    const axis = b.random.whole(-x.shape.length, x.shape.length - 1);
    const at = axis < 0 ? axis + x.shape.length : axis;
    const length = x.shape[at] as number;
    const divisors = [1, 2, 3].filter(each => length % each === 0);
    const equalParts = b.random.chance(0.5) ? b.random.pick(divisors) : undefined;
    const positions = [b.random.whole(0, length), b.random.whole(0, length)].sort((p, q) => p - q);
    const ends = equalParts
      ? Array.from({ length: equalParts }, (_, i) => ((i + 1) * length) / equalParts)
      : [...positions, length];
    const part = b.random.whole(0, ends.length - 1);
    const partLength = (ends[part] as number) - (part > 0 ? (ends[part - 1] as number) : 0);
    b.add('split', [x], { parts: equalParts ?? positions, axis, part }, x.shape.with(at, partLength));
  },
  squeeze: b => {
    const x = b.any();
    const single = x.shape.flatMap((length, axis) => (length === 1 ? [axis] : []));
    const dropsAll = b.random.chance(0.4) || single.length === 0;
    const axis = dropsAll ? 0 : b.random.pick(single);
    const gone = dropsAll ? single : [axis];
    const argument = dropsAll ? undefined : b.random.chance(0.5) ? axis : axis - x.shape.length;
    b.add(
      'squeeze',
      [x],
      { axis: argument },
      x.shape.filter((_, each) => !gone.includes(each)),
    );
  },
  flip: b => {
    const x = b.any();
    b.add('flip', [x], { axis: axesOf(b, x.shape) }, x.shape);
  },
  tile: b => {
    const x = b.any();
    const { random } = b;
    const count = random.whole(1, 3);
    const times = Array.from({ length: count }, () => random.pick([1, 1, 2, 3, 0]));
    const rank = Math.max(count, x.shape.length);
    const shape = Array.from({ length: rank }, (_, axis) => {
      return (times[axis - rank + count] ?? 1) * (x.shape[axis - rank + x.shape.length] ?? 1);
    });
    const argument = count === 1 && random.chance(0.5) ? (times[0] as number) : times;
    if (sizeOf(shape) <= maximalSize) b.add('tile', [x], { times: argument }, shape);
  },
  onesLike: unary('onesLike'),
  zerosLike: unary('zerosLike'),
  eye: b => {
    const [rows, columns] = [b.random.whole(0, 3), b.random.pick([undefined, 2, 3])];
    b.add('eye', [b.any()], { rows, columns }, [rows, columns ?? rows]);
  },
  arange: b => {
    const [start, end, step] = b.random.pick([
      [0, 3, 1],
      [2, -1, -0.75],
      [-1, 1, 0.5],
      [1, 0, 1],
    ] as const);
    const count = Math.max(0, Math.ceil((end - start) / step));
    b.add('arange', [b.any()], { start, end, step }, [count]);
  },

  // Rows by index
  gather: b => {
    const x = b.ranked(1);
    const argument = b.random.chance(0.6) ? undefined : b.random.whole(-x.shape.length, x.shape.length - 1);
    const along = (argument ?? 0) < 0 ? (argument as number) + x.shape.length : (argument ?? 0);
    const rows = x.shape[along] as number;
    const at = indexShape(b);
    const shape = x.shape.toSpliced(along, 1, ...at);
    if ((rows === 0 && sizeOf(at) > 0) || sizeOf(shape) > maximalSize) return;
    b.add('gather', [x, b.index(at, rows)], { axis: argument }, shape);
  },
  segmentSum: segments('segmentSum'),
  segmentMean: segments('segmentMean'),
  segmentMax: firstSegments('segmentMax'),
  segmentMin: firstSegments('segmentMin'),
  segmentSoftmax: firstSegments('segmentSoftmax'),
  takeAlongAxis: b => {
    const x = b.ranked(1);
    const axis = b.random.whole(-x.shape.length, x.shape.length - 1);
    const at = axis < 0 ? axis + x.shape.length : axis;
    const length = x.shape[at] as number;
    const shape = x.shape.with(at, length === 0 ? 0 : b.random.pick([1, 2, 3]));
    if (sizeOf(shape) <= maximalSize) b.add('takeAlongAxis', [x, b.index(shape, length)], { axis }, shape);
  },

  // Sorting, and taking entries in that order
  sort: b => {
    const x = b.ranked(1);
    b.add('sort', [x], { axis: b.random.whole(-x.shape.length, x.shape.length - 1) }, x.shape);
  },
  argsort: b => {
    const x = b.ranked(1);
    const axis = b.random.whole(-x.shape.length, x.shape.length - 1);
    take(b, x, b.add('argsort', [x], { axis }, x.shape), axis);
  },
  topK: b => {
    const x = b.ranked(1);
    const axis = b.random.whole(-x.shape.length, x.shape.length - 1);
    const length = x.shape.at(axis) as number;
    const count = b.random.whole(0, Math.min(length, 3));
    const part = b.random.pick([0, 1]);
    const at = axis < 0 ? axis + x.shape.length : axis;
    const result = b.add('topK', [x], { count, axis, part }, x.shape.with(at, count));
    if (part === 1) take(b, x, result, axis);
  },
  argmax: extremeIndex('argmax'),
  argmin: extremeIndex('argmin'),

  // Vectors
  angle: b => points(b, 'angle', 3),
  dihedral: b => points(b, 'dihedral', 4),
  vecdot: b => vectors(b, 'vecdot'),
  cross: b => vectors(b, 'cross'),
  minimumImage: b => {
    const x = b.any();
    b.add('minimumImage', [
      x,
      b.random.chance(0.6) ? b.random.pick([1, 2, 0.7]) : b.positive(b.broadcastable(x)),
    ]);
  },

  // Random numbers, which pytorch.py draws from the same seed
  dropout: b => {
    const x = b.any();
    b.add('dropout', [x], { rate: b.random.pick([0, 0.5, 0.3]), seed: b.random.whole(0, 99) }, x.shape);
  },
  noise: b => {
    const shape = b.anyShape();
    b.add('noise', [b.any()], { shape, seed: b.random.whole(0, 99) }, shape);
  },

  // Matrices
  einsum: b => {
    const { random } = b;
    const x = b.ranked(1);
    const letters = random.shuffled(['i', 'j', 'k']).slice(0, Math.min(x.shape.length, 3));
    if (x.shape.length > 3) return;
    const lengths = new Map<string, number>();
    const first = x.shape.map((length, axis) => {
      // Repeat a letter if the lengths allow it.
      const again = [...lengths].find(([, known]) => known === length);
      const letter = again && random.chance(0.2) ? again[0] : (letters[axis] as string);
      lengths.set(letter, length);
      return letter;
    });
    const parts = [first];
    const operands = [x];
    if (random.chance(0.8)) {
      const chosen = random.shuffled([...lengths.keys()]).slice(0, random.whole(0, lengths.size));
      if (random.chance(0.5)) {
        chosen.splice(random.whole(0, chosen.length), 0, 'm');
        lengths.set('m', random.pick([1, 2, 3]));
      }
      const shape = chosen.map(letter => lengths.get(letter) as number);
      const isLike = (other: readonly number[]) => other.join() === shape.join();
      if (sizeOf(shape) > maximalSize) return;
      operands.push((random.chance(0.5) ? b.real(isLike) : undefined) ?? b.fresh(shape));
      parts.push(chosen);
    }
    const all = [...new Set(parts.flat())];
    const result = random.shuffled(all).slice(0, random.whole(0, all.length));
    const shape = result.map(letter => lengths.get(letter) as number);
    if (sizeOf(shape) > maximalSize) return;
    const specification = `${parts.map(part => part.join('')).join(',')}->${result.join('')}`;
    b.add('einsum', operands, { specification }, shape);
  },
  det: b => {
    const a = definiteMatrices(b);
    b.add('det', [a], {}, a.shape.slice(0, -2));
  },
  inverse: b => {
    const a = definiteMatrices(b);
    b.add('inverse', [a], {}, a.shape);
  },
  solve: b => {
    const a = definiteMatrices(b);
    const n = a.shape.at(-1) as number;
    const columns = b.random.pick([undefined, 1, 2]);
    const shape = columns === undefined ? [n] : [n, columns];
    const right = b.real(each => each.join() === shape.join()) ?? b.fresh(shape);
    const leading = a.shape.slice(0, -2);
    b.add('solve', [a, right], {}, [...leading, ...shape]);
  },
  cholesky: b => {
    const a = definiteMatrices(b);
    b.add('cholesky', [a], {}, a.shape);
  },
  eigvalsh: b => {
    const a = definiteMatrices(b, [1, 2, 2, 2, 3]);
    b.add('eigvalsh', [a], {}, a.shape.slice(0, -1));
  },
  matmul: b => {
    const { random } = b;
    const x = b.ranked(1);
    const inner = x.shape.at(-1) as number;
    const transposed = (y: Node) => {
      const { length: rank } = y.shape;
      const axes = [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
      return b.add(
        'transpose',
        [y],
        { axes },
        axes.map(axis => y.shape[axis] as number),
      );
    };
    const productOf = (left: readonly number[], right: readonly number[]) => {
      const leading = broadcast([left.slice(0, -2), right.slice(0, -2)]);
      const isFit = left.at(-1) === right.at(right.length === 1 ? 0 : -2);
      if (!leading || !isFit) return undefined;
      const shape = [...leading, ...left.slice(-2, -1), ...(right.length === 1 ? [] : right.slice(-1))];
      return sizeOf(shape) <= maximalSize ? shape : undefined;
    };
    const existing = b.real(shape => shape.length > 0 && productOf(x.shape, shape) !== undefined);
    const again = x.shape.length > 1 && random.chance(0.25) ? transposed(x) : undefined;
    const columns = random.pick([1, 2, 3, 0]);
    const fresh = () =>
      b.fresh(random.pick([[inner], [inner, columns], [inner, 2], [2, inner, 1], [1, inner, 3]]));
    const y = again ?? (random.chance(0.5) ? existing : undefined) ?? fresh();
    const shape = productOf(x.shape, y.shape);
    if (shape) b.add('matmul', [x, y], {}, shape);
  },
  pairDistances: b => {
    const isPoints = (shape: readonly number[]) => shape.length === 2;
    const x =
      b.real(isPoints) ??
      b.fresh(
        b.random.pick([
          [2, 3],
          [3, 2],
          [1, 3],
        ]),
      );
    const fits = (shape: readonly number[]) => isPoints(shape) && shape[1] === x.shape[1];
    const y = b.random.chance(0.3) ? x : b.random.chance(0.5) ? b.real(fits) : undefined;
    const to = y ?? b.fresh([b.random.whole(1, 3), x.shape[1] as number]);
    b.add('pairDistances', [x, to], {}, [x.shape[0] as number, to.shape[0] as number]);
  },
};

/** Names of all exported ops. This file compiles only if each has a recipe. */
export const opNames: readonly OpName[] = Object.keys(ops) as OpName[];
