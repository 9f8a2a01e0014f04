import type { Graph } from './graph.ts';
import { baseOf, type Node, needsNoStep, ownCost } from './node.ts';
import { isPrefix, longAxes, one, outermost, type Size, sameWithoutOnes } from './sizes.ts';

/*
 * The pass that decides which nodes are stored in buffers. All others are computed inline, in the loops of their
 * readers: an elementwise chain with its broadcasts, gathers and inner sums becomes the body of one loop.
 */

/** The least cost of an entry, in additions, for which a node is stored rather than computed in two loops. */
export const expensive = 6;

/**
 * The longest chain of nodes computed inline. Expressions are read and printed by recursion, which must not overflow
 * the stack.
 */
const longestChain = 200;

/**
 * The most work in one loop, in additions. JavaScript engines do not optimise functions longer than this, and may
 * reject them in WebAssembly.
 */
export const largestLoop = 6000;

/** The decisions of the pass. */
export interface Storage {
  /** Nodes with a buffer. */
  readonly stored: ReadonlySet<Node>;
  /**
   * Nodes whose readers need a later loop: those complete only when their loop is over, and those stored to avoid repeated sums
   * or long chains.
   */
  readonly barriers: ReadonlySet<Node>;
  /** For each node, the cost in additions of one of its entries. An entry of a barrier, input or fill is only read: cost 1. */
  readonly costs: ReadonlyMap<Node, number>;
}

/**
 * Decides which nodes are stored. If a node waits for others ({@link Node.after}), its inputs that do not wait for the same
 * nodes are stored: if they were computed inline, everything that they are computed from would have to be kept.
 */
export function storageOf({ nodes, wanted }: Graph): Storage {
  const barriers = new Set(nodes.filter(isBarrier));
  for (const node of repeatedFolds(nodes)) barriers.add(node);
  for (const node of chainEnds(nodes, barriers)) barriers.add(node);
  const costs = costsOf(nodes, barriers);
  const stored = new Set([...barriers, ...wanted]);
  for (const node of nodes) {
    for (const [i, input] of node.inputs.entries()) {
      const base = baseOf(input);
      const isFilledOperand = node.form.kind === 'matmul' && base.form.kind === 'fill';
      const crossesDelay = node.after && base.after !== node.after;
      if (isFilledOperand || (!needsNoStep(base) && (crossesDelay || mustBeStored(node, i, costs))))
        stored.add(base);
    }
  }
  return { stored, barriers, costs };
}

/**
 * True if a node is complete only when its loop is over: a scatter, a matrix product, a sum over the outermost axis.
 */
function isBarrier(node: Node): boolean {
  const { kind } = node.form;
  return kind === 'scatter' || kind === 'matmul' || (kind === 'reduce' && reducesOuter(node));
}

/** True if a sum or maximum runs over its outermost axis, so that it is complete only after the loop. */
export function reducesOuter({ form, inputs }: Node): boolean {
  if (form.kind !== 'reduce') return false;
  const { shape } = inputs[0] as Node;
  const outer = shape.findIndex(size => size !== one);
  return outer >= 0 && form.axes.includes(outer);
}

/**
 * True if input `i` must be stored: its reader does not read it in the order in which it is computed, or would compute
 * an expensive entry of it several times.
 */
function mustBeStored({ form, inputs, shape }: Node, i: number, costs: ReadonlyMap<Node, number>): boolean {
  const input = inputs[i] as Node;
  const isExpensive = (costs.get(input) as number) >= expensive;
  switch (form.kind) {
    case 'matmul':
      return true;
    case 'gather':
      return i === 0;
    case 'reshape':
      return !sameWithoutOnes(input.shape, shape);
    case 'transpose':
    case 'slice':
      return isExpensive;
    case 'map':
    case 'broadcast':
      return isExpensive && !isPrefix(input.shape, shape);
    default:
      return false;
  }
}

/**
 * Sums and maxima that would be computed repeatedly inside the terms of another fold. A fold loops over all its kept axes
 * first, then over the reduced ones. So if a kept axis follows a reduced one in the shape, an inner sum would be computed again
 * for each iteration of that kept axis.
 */
function repeatedFolds(nodes: readonly Node[]): Node[] {
  const folds: Node[] = [];
  const seen = new Set<Node>();
  for (const node of nodes) {
    const { form, inputs } = node;
    if (form.kind !== 'reduce' || reducesOuter(node)) continue;
    const { shape } = inputs[0] as Node;
    const first = shape.findIndex((size, axis) => size !== one && form.axes.includes(axis));
    const isLast = shape.every((size, axis) => axis <= first || size === one || form.axes.includes(axis));
    if (first >= 0 && !isLast) findFolds(inputs[0] as Node, seen, folds);
  }
  return folds;
}

/** Adds to `folds` the sums and maxima that are computed inline for a node. */
function findFolds(node: Node, seen: Set<Node>, folds: Node[]): void {
  const stack = [node];
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (seen.has(next) || needsNoStep(next) || isBarrier(next)) continue;
    seen.add(next);
    if (next.form.kind === 'reduce' && longAxes(next.shape).length > 0) folds.push(next);
    stack.push(...next.inputs);
  }
}

/** The work that a node adds to a loop, in additions. Reading its operands counts as 3. */
export function workOf(node: Node): number {
  return 3 + ownCost(node);
}

/** The nodes at which a chain of computations becomes too long, or the work of one loop too large. */
function chainEnds(nodes: readonly Node[], barriers: ReadonlySet<Node>): Node[] {
  const lengths = new Map<Node, number>();
  const work = new Map<Node, number>();
  /**
   * Nodes whose work is counted already. A node's work is added only to its first reader. If it were added along every
   * path, the total would grow exponentially.
   */
  const counted = new Set<Node>();
  const ends: Node[] = [];
  for (const node of nodes) {
    if (needsNoStep(node)) continue;
    let [length, total] = [0, workOf(node)];
    for (const input of node.inputs) {
      length = Math.max(length, lengths.get(input) ?? 0);
      if (!counted.has(input)) total += work.get(input) ?? 0;
      counted.add(input);
    }
    if (barriers.has(node)) continue;
    if (node.form.kind !== 'reshape' && (length >= longestChain || total > largestLoop)) {
      ends.push(node);
      continue;
    }
    lengths.set(node, length + 1);
    work.set(node, total);
  }
  return ends;
}

/** The costs of all nodes: see {@link Storage.costs}. */
function costsOf(nodes: readonly Node[], barriers: ReadonlySet<Node>): Map<Node, number> {
  const costs = new Map<Node, number>();
  for (const node of nodes) {
    if (needsNoStep(node) || barriers.has(node)) {
      costs.set(node, 1);
      continue;
    }
    let cost = ownCost(node);
    for (const input of node.inputs) cost += costs.get(input) as number;
    // The length of an inner sum is not known here. It is assumed to be 4.
    costs.set(node, node.form.kind === 'reduce' ? 4 * cost : cost);
  }
  return costs;
}

/**
 * True if a reader's loops reach the entries of input `i` in the order in which these are computed, so that one loop can
 * compute and read them.
 */
export function readsInOrder({ form, inputs, shape }: Node, i: number): boolean {
  const input = inputs[i] as Node;
  switch (form.kind) {
    case 'matmul':
    case 'gather':
    case 'transpose':
    case 'slice':
      return false;
    case 'reshape':
      return sameWithoutOnes(input.shape, shape);
    case 'map':
    case 'broadcast':
      return isPrefix(input.shape, shape);
    default:
      return true;
  }
}

/** The size of the axis that a node's outermost loop runs over. */
export function outerOf({ shape }: Node): Size | undefined {
  return outermost(shape);
}
