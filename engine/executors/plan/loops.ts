import type { Value } from '../../tape.ts';
import { type Expr, Expressions, isGuessedTest, type Path } from './expression.ts';
import { type Graph, graphOf, longAxes, type Node, ownCost } from './graph.ts';
import type { Buffer, Clear, LoopStep, MatmulStep, Operand, Plan, Sink } from './plan.ts';
import { statementsOf } from './statements.ts';
import { one, type Size, type Structure } from './structure.ts';

/*
 * From a graph to fused loops. Nothing is computed but what a root needs: a root is something that has to lie in an
 * array, because its receiver reads it in another order or at another time than it comes about. Between roots, values are
 * pulled in as expressions, so that an elementwise chain with its broadcasts, gathers and inner sums becomes the body of
 * one loop. Roots that run over the same outermost axis and do not wait for each other share a loop.
 */

/** An expression at least this dear (in additions) is stored rather than computed in two loops. */
const dear = 6;

/** Something that must lie in the arena, and the loop nest that puts it there. */
interface Root {
  readonly node: Node;
  /** Which part of a scattered node; 0 for all others. */
  readonly part: number;
  /** The axes the loops run over. */
  readonly space: readonly Size[];
}

/** Roots that share a loop. */
interface Group {
  readonly roots: Root[];
  /** Its place in the order of execution. */
  order: number;
  readonly stage: number;
  readonly matmul?: Node;
}

/**
 * Makes the plan of a structure, from the first tape that has it. With `guesses`, masked products are taken for plain
 * ones: the plan's results then hold if they are finite, which `isGuess` says must be looked at.
 */
export function planOf(
  live: readonly Value[],
  wanted: readonly Value[],
  structure: Structure,
  { guesses = false }: { guesses?: boolean } = {},
): Plan {
  const graph = graphOf(live, wanted, structure);
  const planner = new Planner(graph, guesses);
  const plan = planner.plan();
  return planner.isUnsure ? new Planner(graph, false).plan() : plan;
}

class Planner {
  readonly #graph: Graph;
  /** Nodes that lie in a buffer of their own. */
  readonly #stored = new Set<Node>();
  readonly #costs = new Map<Node, number>();
  readonly #stages = new Map<Node, number>();
  /** Where a stored node that could also be computed in place is stored. */
  readonly #home = new Map<Node, Group>();
  readonly #buffers = new Map<Node, Buffer>();
  readonly #guesses: boolean;
  /** The buffers that hold what depends on a guess. */
  readonly #guessed = new Set<number>();
  /** Whether a guess may be wrong without showing. */
  isUnsure = false;

  constructor(graph: Graph, guesses: boolean) {
    this.#graph = graph;
    this.#guesses = guesses;
  }

  plan(): Plan {
    for (const node of this.#graph.nodes) this.#storeForReaders(node);
    for (const node of this.#graph.wanted) this.#stored.add(node);
    const groups = this.#groups();
    this.#shareAcross(groups);
    this.#bringForward(groups);
    const cleared = new Set<Node>();
    const steps = groups.map(group =>
      group.matmul ? this.#matmulStep(group.matmul) : this.#loopStep(group, cleared),
    );
    return {
      steps,
      buffers: [...this.#buffers.values()],
      inputPlaces: this.#graph.inputPlaces,
      wanted: this.#graph.wanted.map(node => this.#buffer(node).id),
      isGuess: this.#guessed.size > 0,
    };
  }

  // What must be stored.

  /** Stores what this node reads in another order than it comes about. */
  #storeForReaders({ form, inputs, shape }: Node): void {
    const [first, second] = inputs as [Node, Node];
    switch (form.kind) {
      case 'matmul':
        this.#store(baseOf(first));
        this.#store(baseOf(second));
        break;
      case 'gather':
        this.#store(baseOf(first));
        break;
      case 'reshape':
        if (!isSameWithoutOnes(first.shape, shape)) this.#store(baseOf(first));
        break;
      case 'transpose':
      case 'slice':
        if (this.#costOf(first) >= dear) this.#store(baseOf(first));
        break;
      case 'map':
      case 'broadcast':
        for (const input of inputs) {
          if (!isPrefix(input.shape, shape) && this.#costOf(input) >= dear) this.#store(baseOf(input));
        }
        break;
      default:
    }
  }

  #store(node: Node): void {
    if (!isGiven(node)) this.#stored.add(node);
  }

  /** Whether the node comes about in a buffer and nowhere else: its readers wait until its loop is over. */
  #isBarrier(node: Node): boolean {
    const { form } = node;
    return (
      form.kind === 'scatter' || form.kind === 'matmul' || (form.kind === 'reduce' && reducesOuter(node))
    );
  }

  /** What an entry costs to compute from what is stored or given, in additions. */
  #costOf(node: Node): number {
    if (this.#isBarrier(node) || isGiven(node)) return 1;
    let cost = this.#costs.get(node);
    if (cost === undefined) {
      cost = ownCost(node) + node.inputs.reduce((total, input) => total + this.#costOf(input), 0);
      // A sum inside the loop runs over some entries; how many is not known here.
      if (node.form.kind === 'reduce') cost *= 4;
      this.#costs.set(node, cost);
    }
    return cost;
  }

  // When it can be computed.

  /** The first stage at which a node can be computed in place. */
  #stageOf(node: Node): number {
    const known = this.#stages.get(node);
    if (known !== undefined) return known;
    let stage = 0;
    for (const [i, input] of node.inputs.entries()) stage = Math.max(stage, this.#stageFor(node, i, input));
    if (node.form.kind === 'scatter') {
      for (const placement of node.form.placements) {
        if (placement.kind === 'rows') stage = Math.max(stage, this.#stageOf(placement.index));
      }
    }
    this.#stages.set(node, stage);
    return stage;
  }

  /** Each part of a scattered node is laid in as soon as it is there; its readers wait for the last. */
  #stageOfPart({ node, part }: Root): number {
    if (node.form.kind !== 'scatter') return this.#stageOf(node);
    return this.#stageFor(node, part, node.inputs[part] as Node);
  }

  /** The first stage at which input `i` is there for its reader. */
  #stageFor(reader: Node, i: number, input: Node): number {
    const base = baseOf(input);
    if (isGiven(base)) return 0;
    if (this.#isBarrier(base)) return this.#stageOf(base) + 1;
    const waits = this.#stored.has(base) && !readsInPlace(reader, i);
    return waits ? this.#stageOf(base) + 1 : this.#stageOf(input);
  }

  // Which loops there are.

  #groups(): Group[] {
    const groups = new Map<string, Group>();
    const join = (key: string, stage: number, root: Root | undefined, matmul?: Node) => {
      const group = groups.get(key) ?? { roots: [], order: 0, stage, ...(matmul && { matmul }) };
      groups.set(key, group);
      if (root) group.roots.push(root);
    };
    for (const node of this.#graph.nodes) {
      if (!this.#isBarrier(node) && !this.#stored.has(node)) continue;
      const stage = this.#stageOf(node);
      if (node.form.kind === 'matmul') {
        join(`${stage} matmul ${node.id}`, stage, undefined, node);
        continue;
      }
      for (const root of rootsOf(node)) {
        const [outer] = longAxes(root.space);
        const own = this.#stageOfPart(root);
        join(`${own} over ${outer ?? 'nothing'}`, own, root);
      }
    }
    const rank = (group: Group) =>
      group.matmul ? 2 : longAxes(group.roots[0]?.space ?? []).length > 0 ? 1 : 0;
    const ordered = [...groups.values()].sort((a, b) => a.stage - b.stage || rank(a) - rank(b));
    for (const [order, group] of ordered.entries()) {
      group.order = order;
      for (const { node } of group.roots) if (!this.#isBarrier(node)) this.#home.set(node, group);
    }
    return ordered;
  }

  /** Stores what is dear and needed in several loops in the first of them. */
  #shareAcross(groups: readonly Group[]): void {
    const first = new Map<Node, Group>();
    for (const group of groups) {
      const outer = longAxes(group.roots[0]?.space ?? [])[0];
      const visit = (node: Node) => {
        if (isGiven(node) || this.#isBarrier(node)) return;
        const home = this.#home.get(node);
        if (home && home.order < group.order) return;
        const before = first.get(node);
        if (before === group) return;
        if (
          before &&
          node.form.kind !== 'reshape' &&
          this.#costOf(node) >= dear &&
          longAxes(node.shape)[0] === outer &&
          outer !== undefined
        ) {
          this.#store(node);
          this.#home.set(node, before);
          before.roots.push({ node, part: 0, space: node.shape });
          return;
        }
        if (!before) first.set(node, group);
        for (const input of node.inputs) visit(input);
      };
      for (const { node, part } of group.roots) {
        if (this.#isBarrier(node)) visit(node.inputs[part] as Node);
        else visit(node);
      }
    }
  }

  /**
   * Computes what is dear in an earlier loop, where that keeps its result in place of what it is made of: the slope of
   * softplus beside softplus itself, so that the matrix product they are made of ends there. It takes no memory, and
   * what the two have in common is computed once.
   */
  #bringForward(groups: readonly Group[]): void {
    const outerOf = ({ roots: [root] }: Group) => longAxes(root?.space ?? [])[0];
    for (const group of groups) {
      const outer = outerOf(group);
      if (outer === undefined) continue;
      for (const node of this.#visited(group).inside) {
        const { form, shape } = node;
        const isCandidate = form.kind === 'map' && this.#costOf(node) >= dear && longAxes(shape)[0] === outer;
        if (!isCandidate || this.#stored.has(node)) continue;
        const leaves = this.#leavesInPlace(node);
        const replaced = leaves?.filter(leaf => `${longAxes(leaf.shape)}` === `${longAxes(shape)}`) ?? [];
        const [base] = replaced;
        if (!leaves || !base || replaced.length > 1) continue;
        const readers = groups.filter(each => outerOf(each) === outer && this.#visited(each).read.has(base));
        const before = readers.at(readers.indexOf(group) - 1) as Group;
        const isLast =
          readers.length > 1 && readers.at(-1) === group && !this.#visited(group, node).read.has(base);
        if (!isLast || !leaves.every(leaf => this.#orderOf(leaf, groups) < before.order)) continue;
        this.#store(node);
        this.#home.set(node, before);
        before.roots.push({ node, part: 0, space: shape });
      }
    }
  }

  /** The nodes that a group computes, and those that it reads; `without` one and what that alone needs. */
  #visited(group: Group, without?: Node): { inside: Set<Node>; read: Set<Node> } {
    const [inside, read] = [new Set<Node>(), new Set<Node>()];
    const visit = (node: Node, isRoot = false) => {
      if (isGiven(node) || node === without || inside.has(node)) return;
      const home = this.#home.get(node);
      if (!isRoot && (this.#isBarrier(node) || (home && home.order < group.order))) {
        read.add(node);
        return;
      }
      inside.add(node);
      for (const input of node.inputs) visit(input);
    };
    for (const { node, part } of group.roots) {
      if (node.form.kind === 'scatter') visit(node.inputs[part] as Node);
      else visit(node, true);
    }
    return { inside, read };
  }

  /** What lies in a buffer and is read for an entry, each at the entry's own place; undefined if one is not. */
  #leavesInPlace(node: Node): Node[] | undefined {
    const leaves: Node[] = [];
    const isInPlace = (reader: Node): boolean =>
      reader.inputs.every((input, i) => {
        if (isGiven(input)) return true;
        if (!readsInPlace(reader, i)) return false;
        if (!this.#isBarrier(input) && !this.#stored.has(input)) return isInPlace(input);
        leaves.push(input);
        return true;
      });
    return isInPlace(node) ? [...new Set(leaves)] : undefined;
  }

  #orderOf(node: Node, groups: readonly Group[]): number {
    const places = groups.filter(
      ({ matmul, roots }) => matmul === node || roots.some(root => root.node === node),
    );
    return Math.max(...places.map(({ order }) => order));
  }

  // What stands in them.

  #buffer(node: Node): Buffer {
    let buffer = this.#buffers.get(node);
    if (!buffer) {
      buffer = { id: this.#buffers.size, node, shape: node.shape };
      this.#buffers.set(node, buffer);
    }
    return buffer;
  }

  #loopStep(group: Group, cleared: Set<Node>): LoopStep {
    const body = new LoopBody(
      group.order,
      this.#access(group),
      new Expressions(this.#guesses),
      this.#guessed,
    );
    const sinks = group.roots.map(root => body.sinkOf(root, this.#buffer(root.node).id));
    for (const { buffer, value } of sinks) if (value.isGuess) this.#guessed.add(buffer);
    if (body.expressions.isUnsure || sinks.some(({ value }) => isGuessedTest(value))) this.isUnsure = true;
    const clears: Clear[] = [];
    for (const { node } of group.roots) {
      const number = clearedTo(node);
      if (number === undefined || cleared.has(node)) continue;
      cleared.add(node);
      clears.push({ buffer: this.#buffer(node).id, number });
    }
    return {
      kind: 'loop',
      body: statementsOf(sinks, body.expressions),
      clears,
      reads: [...body.reads],
      writes: [...new Set(group.roots.map(({ node }) => this.#buffer(node).id))],
      ops: [...body.ops],
    };
  }

  /** Where a group finds a node: in a buffer, or nowhere yet. */
  #access(group: Group): (node: Node) => Buffer | undefined {
    return node => {
      if (this.#isBarrier(node)) return this.#buffer(node);
      const home = this.#home.get(node);
      return home && home.order < group.order ? this.#buffer(node) : undefined;
    };
  }

  #matmulStep(node: Node): MatmulStep {
    if (node.form.kind !== 'matmul') throw new Error(`plan: ${node.name} is no matrix product`);
    const { transposeA, transposeB } = node.form;
    const operands = node.inputs.map((input): Operand => {
      const base = baseOf(input);
      return base.form.kind === 'leaf'
        ? { kind: 'input', number: base.form.input }
        : { kind: 'buffer', number: this.#buffer(base).id };
    });
    const [a, b] = operands as [Operand, Operand];
    if (operands.some(({ kind, number }) => kind === 'buffer' && this.#guessed.has(number))) {
      this.#guessed.add(this.#buffer(node).id);
    }
    const [rows, columns] = (node.inputs[0] as Node).shape.slice(-2) as [Size, Size];
    const [m, n] = node.shape.slice(-2) as [Size, Size];
    return {
      kind: 'matmul',
      node,
      a,
      b,
      transposeA,
      transposeB,
      batch: node.shape.slice(0, -2),
      m,
      k: transposeA ? rows : columns,
      n,
      clears: [],
      reads: operands.flatMap(({ kind, number }) => (kind === 'buffer' ? [number] : [])),
      writes: [this.#buffer(node).id],
    };
  }
}

/** Reads nodes as expressions inside one loop nest. */
class LoopBody {
  readonly expressions: Expressions;
  /** The buffers loaded from. */
  readonly reads = new Set<number>();
  readonly ops = new Set<string>();
  readonly #order: number;
  readonly #bufferOf: (node: Node) => Buffer | undefined;
  readonly #guessed: ReadonlySet<number>;
  readonly #known = new Map<string, Expr>();

  constructor(
    order: number,
    bufferOf: (node: Node) => Buffer | undefined,
    expressions: Expressions,
    guessed: ReadonlySet<number>,
  ) {
    this.#order = order;
    this.#bufferOf = bufferOf;
    this.expressions = expressions;
    this.#guessed = guessed;
  }

  sinkOf({ node, part, space }: Root, buffer: number): Sink {
    this.ops.add(node.name);
    const { path, index } = this.#loopsOver(space);
    const { form } = node;
    if (form.kind === 'scatter') {
      const value = this.#read(node.inputs[part] as Node, index);
      const placement = form.placements[part] as (typeof form.placements)[number];
      const at = this.#place(placement, index);
      const kind =
        form.overlaps && !(placement.kind === 'box' && form.placements.length === 1) ? 'add' : 'store';
      return { kind, path, buffer, position: this.#inBuffer(buffer, node.shape, at), value };
    }
    if (form.kind === 'reduce' && reducesOuter(node)) {
      const value = this.#read(node.inputs[0] as Node, index);
      const zero = this.expressions.number(0);
      const at = index.map((each, axis) => (form.axes.includes(axis) ? zero : each));
      const isNumber = longAxes(node.shape).length === 0;
      const position = this.#inBuffer(buffer, node.shape, at);
      const isSum = form.reducer === 'sum';
      const kind = isNumber ? (isSum ? 'fold-sum' : 'fold-largest') : isSum ? 'add' : 'largest';
      return { kind, path, buffer, position, value };
    }
    const value = this.#computed(node, index);
    return { kind: 'store', path, buffer, position: this.#inBuffer(buffer, node.shape, index), value };
  }

  /** The loops over a space, outer to inner, and the index of each axis in them. */
  #loopsOver(space: readonly Size[]): { path: Path; index: Expr[] } {
    let path: Path = [];
    const index = space.map(size => {
      if (size === one) return this.expressions.number(0);
      path = [...path, size];
      return this.expressions.index(path);
    });
    return { path, index };
  }

  /** A node's entry: from its buffer, if it lies in one already, else computed. */
  #read(node: Node, index: readonly Expr[]): Expr {
    const { form } = node;
    if (form.kind === 'fill') return this.expressions.number(form.number);
    if (form.kind === 'leaf') return this.expressions.input(form.input, this.#position(node.shape, index));
    const buffer = this.#bufferOf(node);
    if (buffer) {
      return this.#load(buffer, this.#inBuffer(buffer.id, node.shape, index));
    }
    return this.#computed(node, index);
  }

  #computed(node: Node, index: readonly Expr[]): Expr {
    const key = `${node.id} ${index.map(each => each.id)}`;
    const known = this.#known.get(key);
    if (known) return known;
    const expr = this.#compute(node, index);
    this.#known.set(key, expr);
    return expr;
  }

  #compute(node: Node, index: readonly Expr[]): Expr {
    const { form, inputs, shape } = node;
    const { expressions } = this;
    const [first, second] = inputs as [Node, Node];
    switch (form.kind) {
      case 'fill':
      case 'leaf':
        return this.#read(node, index);
      case 'map':
        this.ops.add(node.name);
        return form.expression(
          expressions.algebra,
          ...inputs.map(input => this.#read(input, this.#aligned(input.shape, index))),
        );
      case 'broadcast':
        return this.#read(first, this.#aligned(first.shape, index));
      case 'reshape':
        return this.#reshaped(first, shape, index);
      case 'transpose':
        return this.#read(
          first,
          first.shape.map((_, axis) => index[form.permutation.indexOf(axis)] as Expr),
        );
      case 'slice':
        return this.#read(
          first,
          index.map((each, axis) => expressions.plus(expressions.start(form.starts[axis] as number), each)),
        );
      case 'gather': {
        const rows = this.#rows(second, index.slice(0, second.shape.length));
        return this.#read(first, [rows, ...index.slice(second.shape.length)]);
      }
      case 'reduce': {
        this.ops.add(node.name);
        return this.#folded(form.reducer, form.axes, first, index);
      }
      default:
        throw new Error(`plan: loop ${this.#order} reads ${node.name} before it is stored`);
    }
  }

  /** A sum or maximum over inner loops, one for each reduced axis. */
  #folded(reducer: 'sum' | 'max', axes: readonly number[], of: Node, kept: readonly Expr[]): Expr {
    let path = kept.reduce<Path>((deepest, { path }) => (path.length > deepest.length ? path : deepest), []);
    const loops: Path[] = [];
    const index = kept.map((each, axis) => {
      const size = of.shape[axis] as Size;
      if (!axes.includes(axis) || size === one) return each;
      path = [...path, size];
      loops.push(path);
      return this.expressions.index(path);
    });
    const body = this.#read(of, index);
    return loops.reduceRight((inside, loop) => this.expressions.fold(reducer, loop, inside), body);
  }

  /** The index of an input that broadcasts, from that of the result. */
  #aligned(shape: readonly Size[], index: readonly Expr[]): Expr[] {
    const lead = index.length - shape.length;
    return shape.map((size, axis) =>
      size === one ? this.expressions.number(0) : (index[axis + lead] as Expr),
    );
  }

  #reshaped(of: Node, shape: readonly Size[], index: readonly Expr[]): Expr {
    if (isSameWithoutOnes(of.shape, shape)) {
      const long = index.filter((_, axis) => shape[axis] !== one);
      let next = 0;
      return this.#read(
        of,
        of.shape.map(size => (size === one ? this.expressions.number(0) : (long[next++] as Expr))),
      );
    }
    // Numbers keep their order, so the place in the one shape is the place in the other.
    const base = baseOf(of);
    const place = this.#position(shape, index);
    if (base.form.kind === 'leaf') return this.expressions.input(base.form.input, place);
    const buffer = this.#bufferOf(base);
    if (!buffer) throw new Error(`plan: loop ${this.#order} reshapes ${base.name} before it is stored`);
    return this.#load(buffer, this.expressions.plus(this.expressions.offset(buffer.id), place));
  }

  #load({ id }: Buffer, position: Expr): Expr {
    this.reads.add(id);
    return this.expressions.load(position, this.#guessed.has(id));
  }

  #rows(index: Node, at: readonly Expr[]): Expr {
    if (index.form.kind !== 'leaf') throw new Error('plan: an index is given, not computed');
    return this.expressions.input(index.form.input, this.#position(index.shape, at));
  }

  #place(
    placement: Extract<Node['form'], { kind: 'scatter' }>['placements'][number],
    index: readonly Expr[],
  ): Expr[] {
    const { expressions } = this;
    switch (placement.kind) {
      case 'rows': {
        const rank = placement.index.shape.length;
        return [this.#rows(placement.index, index.slice(0, rank)), ...index.slice(rank)];
      }
      case 'box':
        return index.map((each, axis) =>
          expressions.plus(expressions.start(placement.starts[axis] as number), each),
        );
      case 'after': {
        const { axis, before } = placement;
        const from = before.reduce(
          (total, part) => expressions.plus(total, expressions.size(part.shape[axis] as Size)),
          expressions.number(0),
        );
        return index.map((each, i) => (i === axis ? expressions.plus(from, each) : each));
      }
    }
  }

  #inBuffer(buffer: number, shape: readonly Size[], index: readonly Expr[]): Expr {
    return this.#position(shape, index, this.expressions.offset(buffer));
  }

  /** The position of an entry in a row-major array: outer axes first, so that what does not change stays outside. */
  #position(shape: readonly Size[], index: readonly Expr[], from: Expr = this.expressions.number(0)): Expr {
    const { expressions } = this;
    return index.reduce((position, each, axis) => {
      if (shape[axis] === one) return position;
      const stride = shape
        .slice(axis + 1)
        .reduce<Expr>(
          (product, size) => expressions.times(product, expressions.size(size)),
          expressions.number(1),
        );
      return expressions.plus(position, expressions.times(each, stride));
    }, from);
  }
}

/** Whether a node is there before the first step. */
function isGiven(node: Node): boolean {
  return node.form.kind === 'leaf' || node.form.kind === 'fill';
}

/** The node whose numbers, in the same order, a chain of reshapes stands for. */
function baseOf(node: Node): Node {
  return node.form.kind === 'reshape' ? baseOf(node.inputs[0] as Node) : node;
}

/** Whether a sum runs over its outermost axis: then it must see all of the loop, and is there only afterwards. */
function reducesOuter({ form, inputs }: Node): boolean {
  if (form.kind !== 'reduce') return false;
  const { shape } = inputs[0] as Node;
  const outer = shape.findIndex(size => size !== one);
  return outer >= 0 && form.axes.includes(outer);
}

function isSameWithoutOnes(a: readonly Size[], b: readonly Size[]): boolean {
  return `${longAxes(a)}` === `${longAxes(b)}`;
}

/** Whether a shape, broadcast to another, varies along its outer axes only: then it is computed outside the inner loop. */
function isPrefix(shape: readonly Size[], whole: readonly Size[]): boolean {
  const aligned = whole.map((_, axis) => shape[axis - (whole.length - shape.length)] ?? one);
  let isOutside = false;
  for (const [axis, size] of whole.entries()) {
    if (size === one) continue;
    if (aligned[axis] === one) isOutside = true;
    else if (isOutside) return false;
  }
  return true;
}

/** Whether a reader takes input `i` entry by entry in the order in which it is computed. */
function readsInPlace({ form, inputs, shape }: Node, i: number): boolean {
  const input = inputs[i] as Node;
  switch (form.kind) {
    case 'matmul':
    case 'gather':
    case 'transpose':
    case 'slice':
      return false;
    case 'reshape':
      return isSameWithoutOnes(input.shape, shape);
    case 'map':
    case 'broadcast':
      return isPrefix(input.shape, shape);
    default:
      return true;
  }
}

/** What puts a node into its buffer: each part of a scattered one in its own loop. */
function rootsOf(node: Node): Root[] {
  const { form, inputs, shape } = node;
  if (form.kind === 'scatter') return inputs.map((input, part) => ({ node, part, space: input.shape }));
  if (form.kind === 'reduce' && reducesOuter(node))
    return [{ node, part: 0, space: (inputs[0] as Node).shape }];
  return [{ node, part: 0, space: shape }];
}

/** What a buffer must hold before the first number arrives, where numbers arrive one on top of the other. */
function clearedTo({ form, shape }: Node): number | undefined {
  if (form.kind === 'scatter') return form.overlaps ? 0 : undefined;
  if (form.kind !== 'reduce' || longAxes(shape).length === 0) return undefined;
  return form.reducer === 'sum' ? 0 : -Infinity;
}
