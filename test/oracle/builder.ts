import {
  type Attributes,
  type Leaf,
  type Operand,
  type OpName,
  type Program,
  read,
  written,
} from './program.ts';
import type { Random } from './random.ts';

/**
 * Kind of numbers in a program: `ties` has few different numbers, `special` has NaN and infinities among other numbers,
 * and `extreme` has very large and very small ones among other numbers.
 */
export type Kind = 'plain' | 'ties' | 'special' | 'extreme';

/** Value of a program under construction. */
export interface Node {
  readonly shape: readonly number[];
  /** True for a leaf that is an index: of the kind `index` or `rows`. */
  readonly isIndex: boolean;
  /** True if its entries may be NaN, infinite or very large. */
  readonly wild: boolean;
  /** `map`: result of an op that has no arguments but its operands and is not in {@link notMaps}. */
  readonly origin: 'leaf' | 'map' | 'other';
  readonly leaf?: Leaf;
  readonly step?: {
    readonly op: OpName;
    readonly of: readonly (Node | number | null)[];
    readonly with?: Attributes;
  };
}

/** Record whose fields may be `undefined`. */
type Possibly<T> = { readonly [K in keyof T]: T[K] | undefined };

/** Operand of an op: a value, a literal, or `null` if the operand is left out. */
export type NodeOperand = Node | number | null;

/** Maximal number of entries of a value. */
export const maximalSize = 48;

const shapes = [
  [],
  [],
  [1],
  [2],
  [3],
  [3],
  [4],
  [0],
  [1, 1],
  [1, 3],
  [2, 3],
  [3, 2],
  [2, 2],
  [3, 3],
  [3, 1],
  [2, 0],
  [0, 3],
  [2, 1, 3],
  [2, 2, 2],
  [1, 2, 1],
  [5],
  [6],
];

const specials = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1, 2, -0.5];
const extremes = [1e300, -1e300, 1e-300, -1e-300, 5e-324, 2.5e-310, 1e150, 1e-150, 0, 1, -700, 710];

/** Program under construction: collects its values, and finds operands that fit. */
export class Builder {
  readonly random: Random;
  readonly kind: Kind;
  readonly #nodes: Node[] = [];
  #favourite: Node | undefined;

  constructor(random: Random, kind: Kind) {
    this.random = random;
    this.kind = kind;
  }

  /** All values that may be wanted: all values except indices given as arrays. */
  values(): Node[] {
    return this.#nodes.filter(({ leaf }) => leaf?.is !== 'rows');
  }

  parameters(): Node[] {
    return this.#nodes.filter(({ leaf }) => leaf?.is === 'parameter');
  }

  /** Results that no step uses. */
  unused(): Node[] {
    const used = new Set(this.#nodes.flatMap(({ step }) => step?.of ?? []));
    return this.#nodes.filter(node => node.step && !used.has(node));
  }

  // Leaves.

  anyShape(): readonly number[] {
    // Ops of empty tensors mostly have empty results, so few empty tensors are drawn.
    const shape = this.random.pick(shapes);
    return sizeOf(shape) > 0 || this.random.chance(0.2) ? shape : this.anyShape();
  }

  /** Adds a leaf of random numbers. With `tame`, the numbers are finite and of a few units in every kind of program. */
  fresh(shape: readonly number[], is?: 'parameter' | 'constant' | 'fill', tame?: 'tame'): Node {
    const { random } = this;
    const share = random.unit();
    const chosen = is ?? (share < 0.55 ? 'parameter' : share < 0.93 ? 'constant' : 'fill');
    const wild = !tame && (this.kind === 'special' || this.kind === 'extreme') && random.chance(0.5);
    const draw =
      chosen === 'fill' && random.chance(0.6) ? () => random.pick([0, -0, 1, 2, -1]) : this.#numbers(wild);
    const float32 = chosen !== 'fill' && random.chance(0.05);
    const count = chosen === 'fill' ? 1 : sizeOf(shape);
    const data = Array.from({ length: count }, () => written(float32 ? Math.fround(draw()) : draw()));
    return this.#leaf({ is: chosen, shape, data, ...(float32 && { float32 }) }, wild);
  }

  /** Adds a constant of these numbers. */
  constant(shape: readonly number[], data: readonly number[]): Node {
    return this.#leaf({ is: 'constant', shape, data: data.map(written) }, false);
  }

  /** Adds a constant or parameter to use as a condition: nearly half of its entries are 0 or −0. */
  mask(shape: readonly number[]): Node {
    const { random } = this;
    const taken = [1, 1, 2, -0.5, Number.NaN, Number.POSITIVE_INFINITY, -1, 1e-300];
    const entry = () => (random.chance(0.45) ? random.pick([0, 0, -0]) : random.pick(taken));
    const data = Array.from({ length: sizeOf(shape) }, () => written(entry()));
    return this.#leaf({ is: random.chance(0.7) ? 'constant' : 'parameter', shape, data }, true);
  }

  /** Returns an index of this shape with entries below `rows`: a new one, or an existing one. */
  index(shape: readonly number[], rows: number): Node {
    const { random } = this;
    const fits = ({ leaf }: Node) =>
      leaf?.shape.join() === shape.join() && leaf.data.every(entry => read(entry) < rows);
    const existing = this.#nodes.filter(node => node.isIndex && fits(node));
    if (existing.length > 0 && random.chance(0.5)) return random.pick(existing);
    const data = Array.from({ length: sizeOf(shape) }, () => random.whole(0, rows - 1));
    return this.#leaf({ is: random.chance(0.6) ? 'index' : 'rows', shape, data }, false);
  }

  #leaf(leaf: Leaf, wild: boolean): Node {
    const isIndex = leaf.is === 'index' || leaf.is === 'rows';
    const node: Node = { shape: leaf.shape, isIndex, wild, origin: 'leaf', leaf };
    this.#nodes.push(node);
    return node;
  }

  #numbers(wild: boolean): () => number {
    const { random } = this;
    const style = random.unit();
    const plain = () => {
      if (this.kind === 'ties' || style < 0.2) return random.whole(-2, 3);
      if (style < 0.4) return random.whole(-4, 4) / 2;
      return random.whole(-200, 200) / (style < 0.9 ? 100 : 64);
    };
    if (!wild) return plain;
    const others = this.kind === 'extreme' ? extremes : specials;
    return () => (random.chance(0.4) ? random.pick(others) : plain());
  }

  /** A random literal. */
  literal(): number {
    const { random } = this;
    if (this.kind === 'special' && random.chance(0.15)) return random.pick(specials);
    return random.pick([0, 1, 2, -1, 0.5, -0.5, 3, 0.3, -1.7, 1e-3, -0]);
  }

  // Operands.

  /** Makes the next call of {@link real} return the newest value, if it fits. */
  favourNewest(): void {
    this.#favourite = this.#nodes.at(-1);
  }

  /** Picks a real value whose shape satisfies `holds`, preferably a recent one; undefined if there is none. */
  real(holds: (shape: readonly number[]) => boolean = () => true): Node | undefined {
    const { random } = this;
    const favourite = this.#favourite;
    this.#favourite = undefined;
    if (favourite && !favourite.isIndex && holds(favourite.shape)) return favourite;
    const fitting = this.values().filter(({ isIndex, shape }) => !isIndex && holds(shape));
    const calm = fitting.filter(({ wild }) => !wild);
    const from = calm.length > 0 && random.chance(0.7) ? calm : fitting;
    if (from.length === 0) return undefined;
    return random.chance(0.5) ? random.pick(from.slice(-3)) : random.pick(from);
  }

  /** Picks a real value, or adds a leaf. */
  any(): Node {
    return this.real() ?? this.fresh(this.anyShape());
  }

  /** Picks a real value of at least `least` axes, or adds a leaf. */
  ranked(least: number): Node {
    const fits = (shape: readonly number[]) => shape.length >= least;
    const shape = () => this.random.pick(shapes.filter(each => each.length >= least && sizeOf(each) > 0));
    return this.real(fits) ?? this.fresh(shape());
  }

  /** Picks or adds a value that broadcasts with `others` to at most {@link maximalSize} entries. */
  broadcastable(...others: readonly Node[]): Node {
    const { random } = this;
    const fits = (shape: readonly number[]) => {
      const all = broadcast([shape, ...others.map(each => each.shape)]);
      return all !== undefined && sizeOf(all) <= maximalSize;
    };
    const existing = random.chance(0.65) ? this.real(fits) : undefined;
    if (existing) return existing;
    const [{ shape }] = others as [Node];
    const dropped = shape.slice(random.whole(0, shape.length));
    const squeezed = dropped.map(length => (random.chance(0.3) ? 1 : length));
    const grown = random.chance(0.15)
      ? [2, ...shape.map(() => 1).slice(squeezed.length), ...squeezed]
      : squeezed;
    return this.fresh(fits(grown) ? grown : shape.map(() => 1));
  }

  /** A {@link broadcastable} value, or a literal. */
  operand(...others: readonly Node[]): Node | number {
    return this.random.chance(0.15) ? this.literal() : this.broadcastable(...others);
  }

  /** Adds steps that compute a positive value from this value. */
  positive(of: Node): Node {
    const ways = [
      () => this.add('add', [this.add('square', [of]), this.random.pick([1, 0.5, 0.01])]),
      () => this.add('exp', [this.add('tanh', [of])]),
      () => this.add('add', [this.add('abs', [of]), 0.5]),
      () => this.add('sigmoid', [of]),
    ];
    return this.random.pick(ways)();
  }

  // Steps.

  /** Adds a step. The default of `shape` is the shape that the operands broadcast to. */
  add(
    op: OpName,
    of: readonly NodeOperand[],
    attributes: Possibly<Attributes> = {},
    shape: readonly number[] = shapeOfMap(op, of),
  ): Node {
    const values = of.filter(each => typeof each === 'object' && each !== null);
    const wild =
      values.some(each => each.wild) || of.some(each => typeof each === 'number' && !Number.isFinite(each));
    const isMap = Object.keys(attributes).length === 0 && !notMaps.has(op);
    const defined = Object.entries(attributes).filter(([, value]) => value !== undefined);
    const step = { op, of, ...(defined.length > 0 && { with: Object.fromEntries(defined) }) };
    const node: Node = { shape, isIndex: false, wild, origin: isMap ? 'map' : 'other', step };
    this.#nodes.push(node);
    return node;
  }

  /** Returns the program of the values that `want`, `y` and `wrt` depend on. */
  program({
    want,
    y,
    wrt,
    order,
  }: {
    want: readonly Node[];
    y: Node | undefined;
    wrt: readonly Node[];
    order: 0 | 1 | 2;
  }): Program {
    const needed = new Set<Node>();
    for (const node of [...want, ...wrt, ...(y ? [y] : [])]) needed.add(node);
    for (const node of this.#nodes.toReversed()) {
      if (needed.has(node)) for (const each of node.step?.of ?? []) if (isNode(each)) needed.add(each);
    }
    const nodes = this.#nodes.filter(node => needed.has(node));
    const leaves = nodes.filter(({ leaf }) => leaf);
    const steps = nodes.filter(({ step }) => step);
    const numbers = new Map([...leaves, ...steps].map((node, id) => [node, id]));
    const id = (node: Node) => numbers.get(node) as number;
    const operand = (each: NodeOperand): Operand => {
      if (isNode(each)) return id(each);
      return each === null ? null : `${written(each)}`;
    };
    return {
      leaves: leaves.map(({ leaf }) => leaf as Leaf),
      steps: steps.map(({ step }) => ({
        ...(step as NonNullable<Node['step']>),
        of: step?.of.map(operand) as Operand[],
      })),
      want: want.map(id),
      ...(y && { y: id(y) }),
      wrt: wrt.map(id),
      order,
    };
  }
}

/** Ops that are not counted as maps, among them all that may return their operand itself. */
const notMaps: ReadonlySet<OpName> = new Set([
  'squeeze',
  'flip',
  'cumsum',
  'cumprod',
  'onesLike',
  'zerosLike',
  'vecdot',
  'cross',
  'det',
  'inverse',
  'solve',
  'cholesky',
  'eigvalsh',
  'stopGradient',
  'transpose',
  'reshape',
  'slice',
  'pad',
  'gather',
  'matmul',
  'concat',
]);

function isNode(each: NodeOperand): each is Node {
  return typeof each === 'object' && each !== null;
}

function shapeOfMap(op: OpName, of: readonly NodeOperand[]): readonly number[] {
  const shape = broadcast(of.filter(isNode).map(each => each.shape));
  if (!shape) throw new RangeError(`${op}: the operands that were drawn do not broadcast`);
  return shape;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** Shape that these shapes broadcast to; undefined if they do not broadcast. */
export function broadcast(all: readonly (readonly number[])[]): readonly number[] | undefined {
  const rank = Math.max(0, ...all.map(shape => shape.length));
  const result: number[] = [];
  for (let back = rank; back >= 1; back--) {
    const lengths = all
      .map(shape => shape.at(-back) as number)
      .filter((_, i) => (all[i] as readonly number[]).length >= back);
    const others = [...new Set(lengths.filter(length => length !== 1))];
    if (others.length > 1) return undefined;
    result.push(others[0] ?? 1);
  }
  return result;
}
