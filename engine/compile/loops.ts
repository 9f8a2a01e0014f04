import type { Value } from '../tape.ts';
import { LoopBody, type Root, reducesOuter } from './body.ts';
import { Expressions, isGuessedTest } from './expression.ts';
import {
  baseOf,
  type Graph,
  graphOf,
  isGiven,
  isSameWithoutOnes,
  longAxes,
  type Node,
  ownCost,
} from './graph.ts';
import type { Buffer, Clear, LoopStep, MatmulStep, Operand, Plan } from './plan.ts';
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

/** Expressions are read and written by recursion: a chain of more nodes than this is stored in between. */
const longestChain = 200;

/** Roots that share a loop. */
interface Group {
  readonly roots: Root[];
  /** Its place in the order of execution. */
  order: number;
  readonly stage: number;
  readonly matmul?: Node;
}

/** The nodes that a group computes, and those that it reads. */
interface Visited {
  readonly inside: ReadonlySet<Node>;
  readonly read: ReadonlySet<Node>;
}

/**
 * Makes the plan of a structure, from the first tape that has it. With `guesses`, masked products are taken for plain
 * ones, and sums turned round: the plan's results then hold if they are finite, which `isGuess` says must be looked at.
 */
export function planOf(
  live: readonly Value[],
  wanted: readonly Value[],
  structure: Structure,
  { guesses = false }: { guesses?: boolean } = {},
): Plan {
  const plannerOf = (mayGuess: boolean) => new Planner(graphOf(live, wanted, structure, mayGuess), mayGuess);
  const planner = plannerOf(guesses);
  const plan = planner.plan();
  return planner.isUnsure ? plannerOf(false).plan() : plan;
}

class Planner {
  readonly #graph: Graph;
  /** Nodes that lie in a buffer of their own. */
  readonly #stored = new Set<Node>();
  /** Those of them that end a long chain. */
  readonly #ends = new Set<Node>();
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
    this.#cutChains();
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

  /** Stores the nodes where a chain of computations gets too long. */
  #cutChains(): void {
    const lengths = new Map<Node, number>();
    for (const node of this.#graph.nodes) {
      if (isGiven(node) || this.#isBarrier(node)) continue;
      const before = node.inputs.reduce((most, input) => Math.max(most, lengths.get(input) ?? 0), 0);
      if (before < longestChain || node.form.kind === 'reshape') {
        lengths.set(node, before + 1);
        continue;
      }
      this.#ends.add(node);
      this.#stored.add(node);
    }
  }

  /** Stores what this node reads in another order than it comes about. */
  #storeForReaders({ form, inputs, shape }: Node): void {
    const [first, second] = inputs as [Node, Node];
    switch (form.kind) {
      case 'matmul':
        // A product reads arrays: even one number everywhere, such as the seed of a gradient, is laid out for it.
        for (const base of [baseOf(first), baseOf(second)]) {
          if (base.form.kind !== 'leaf') this.#stored.add(base);
        }
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
      form.kind === 'scatter' ||
      form.kind === 'matmul' ||
      (form.kind === 'reduce' && reducesOuter(node)) ||
      this.#ends.has(node)
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
      const stage = this.#stageOf(node);
      if (!this.#isBarrier(node) && !this.#stored.has(node)) continue;
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
      // What is used twice is looked at once: ways through a graph are many more than its nodes.
      const seen = new Set<Node>();
      const visit = (node: Node) => {
        if (isGiven(node) || this.#isBarrier(node) || seen.has(node)) return;
        seen.add(node);
        const home = this.#home.get(node);
        if (home && home.order < group.order) return;
        const before = first.get(node);
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
        if (node.form.kind === 'scatter') visit(node.inputs[part] as Node);
        else if (this.#isBarrier(node)) node.inputs.forEach(visit);
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
    const alike = new Map<Size, Group[]>();
    for (const group of groups) {
      const outer = outerOf(group);
      if (outer === undefined) continue;
      const known = alike.get(outer);
      if (known) known.push(group);
      else alike.set(outer, [group]);
    }
    // A graph of many poses has many groups: what each visits is found once, until something is stored.
    const visits = new Map<Group, Visited>();
    const visited = (group: Group): Visited => {
      const known = visits.get(group) ?? this.#visited(group);
      visits.set(group, known);
      return known;
    };
    const orders = ordersOf(groups);
    for (const group of groups) {
      const outer = outerOf(group);
      if (outer === undefined) continue;
      for (const node of visited(group).inside) {
        const { form, shape } = node;
        const isCandidate = form.kind === 'map' && this.#costOf(node) >= dear && longAxes(shape)[0] === outer;
        if (!isCandidate || this.#stored.has(node)) continue;
        const leaves = this.#leavesInPlace(node);
        const replaced = leaves?.filter(leaf => `${longAxes(leaf.shape)}` === `${longAxes(shape)}`) ?? [];
        const [base] = replaced;
        if (!leaves || !base || replaced.length > 1) continue;
        const readers = (alike.get(outer) ?? []).filter(each => visited(each).read.has(base));
        const before = readers.at(readers.indexOf(group) - 1) as Group;
        const isLast =
          readers.length > 1 && readers.at(-1) === group && !this.#visited(group, node).read.has(base);
        if (!isLast || !leaves.every(leaf => (orders.get(leaf) as number) < before.order)) continue;
        this.#store(node);
        this.#home.set(node, before);
        before.roots.push({ node, part: 0, space: shape });
        orders.set(node, before.order);
        visits.clear();
      }
    }
  }

  /** The nodes that a group computes, and those that it reads; `without` one and what that alone needs. */
  #visited(group: Group, without?: Node): Visited {
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
    const leaves = new Set<Node>();
    const seen = new Set<Node>();
    const isInPlace = (reader: Node): boolean =>
      reader.inputs.every((input, i) => {
        if (isGiven(input)) return true;
        if (!readsInPlace(reader, i)) return false;
        if (this.#isBarrier(input) || this.#stored.has(input)) leaves.add(input);
        else if (!seen.has(input)) {
          seen.add(input);
          return isInPlace(input);
        }
        return true;
      });
    return isInPlace(node) ? [...leaves] : undefined;
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

/** When each node is complete: the order of the last group that puts something into it. */
function ordersOf(groups: readonly Group[]): Map<Node, number> {
  const orders = new Map<Node, number>();
  for (const { matmul, roots, order } of groups) {
    for (const node of matmul ? [matmul] : roots.map(root => root.node)) {
      orders.set(node, Math.max(order, orders.get(node) ?? 0));
    }
  }
  return orders;
}
