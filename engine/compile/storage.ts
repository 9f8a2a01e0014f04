import type { Graph } from './graph.ts';
import { baseOf, isGiven, type Node, ownCost } from './node.ts';
import { isPrefix, longAxes, one, outermost, type Size, sameWithoutOnes } from './sizes.ts';

/*
 * The pass that decides which nodes lie in an array. All others are computed inside the loops of those: an elementwise
 * chain with its broadcasts, gathers and inner sums becomes the body of one loop.
 */

/** A node that costs so many additions for each entry is stored rather than computed in two loops. */
export const expensive = 6;

/** A longer chain of nodes is stored in between, as expressions are read and written by recursion. */
const longestChain = 200;

/** A loop's work, in additions, beyond which it is divided: code this long is neither optimised nor, as WebAssembly, valid. */
export const largestLoop = 6000;

export interface Storage {
  /** Nodes that lie in a buffer. */
  readonly stored: ReadonlySet<Node>;
  /** Those that are complete only when their loop is over: readers wait for that. */
  readonly barriers: ReadonlySet<Node>;
  /** The cost of one entry of each node from what is stored or given, in additions. */
  readonly costs: ReadonlyMap<Node, number>;
}

/** Decides what is stored. What waits reads what it is made of from buffers: nothing older need be kept for it. */
export function storageOf({ nodes, wanted }: Graph): Storage {
  const barriers = new Set(nodes.filter(isBarrier));
  for (const node of foldsTakenOften(nodes)) barriers.add(node);
  for (const node of endsOfChains(nodes, barriers)) barriers.add(node);
  const costs = costsOf(nodes, barriers);
  const stored = new Set([...barriers, ...wanted]);
  for (const node of nodes) {
    for (const [i, input] of node.inputs.entries()) {
      const base = baseOf(input);
      const isLaidOut = node.form.kind === 'matmul' && base.form.kind === 'fill';
      const isKept = node.after && base.after !== node.after;
      if (isLaidOut || (!isGiven(base) && (isKept || mustLie(node, i, costs)))) stored.add(base);
    }
  }
  return { stored, barriers, costs };
}

/** True if a node is complete only when its loop is over: a scatter, a matrix product, a sum over the outermost axis. */
function isBarrier(node: Node): boolean {
  const { kind } = node.form;
  return kind === 'scatter' || kind === 'matmul' || (kind === 'reduce' && reducesOuter(node));
}

/** True if a sum runs over its outermost axis: then it is known only after the loop. */
export function reducesOuter({ form, inputs }: Node): boolean {
  if (form.kind !== 'reduce') return false;
  const { shape } = inputs[0] as Node;
  const outer = shape.findIndex(size => size !== one);
  return outer >= 0 && form.axes.includes(outer);
}

/** True if input `i` must be stored for its reader, which takes it in another order than it is computed. */
function mustLie({ form, inputs, shape }: Node, i: number, costs: ReadonlyMap<Node, number>): boolean {
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
 * Sums and maxima inside the terms of another whose loops run in another order: that of the kept axes, then of the reduced
 * ones. There a sum over k of (i, j) would be taken again for each of the axes between.
 */
function foldsTakenOften(nodes: readonly Node[]): Node[] {
  const found: Node[] = [];
  const seen = new Set<Node>();
  for (const node of nodes) {
    const { form, inputs } = node;
    if (form.kind !== 'reduce' || reducesOuter(node)) continue;
    const { shape } = inputs[0] as Node;
    const first = shape.findIndex((size, axis) => size !== one && form.axes.includes(axis));
    const isLast = shape.every((size, axis) => axis <= first || size === one || form.axes.includes(axis));
    if (first >= 0 && !isLast) findFolds(inputs[0] as Node, seen, found);
  }
  return found;
}

/** The sums and maxima that are computed in place for a node. */
function findFolds(node: Node, seen: Set<Node>, found: Node[]): void {
  const stack = [node];
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (seen.has(next) || isGiven(next) || isBarrier(next)) continue;
    seen.add(next);
    if (next.form.kind === 'reduce' && longAxes(next.shape).length > 0) found.push(next);
    stack.push(...next.inputs);
  }
}

/** The work that a node adds to a loop, in additions: finding its operands counts, too. */
export function workOf(node: Node): number {
  return 3 + ownCost(node);
}

/** The nodes at which a chain of computations gets too long, or the work of one loop too much. */
function endsOfChains(nodes: readonly Node[], barriers: ReadonlySet<Node>): Node[] {
  const lengths = new Map<Node, number>();
  const work = new Map<Node, number>();
  /** Each node's work counts for the first of its readers alone: ways through a graph are many more than its nodes. */
  const counted = new Set<Node>();
  const ends: Node[] = [];
  for (const node of nodes) {
    if (isGiven(node)) continue;
    let [length, own] = [0, workOf(node)];
    for (const input of node.inputs) {
      length = Math.max(length, lengths.get(input) ?? 0);
      if (!counted.has(input)) own += work.get(input) ?? 0;
      counted.add(input);
    }
    if (barriers.has(node)) continue;
    if (node.form.kind !== 'reshape' && (length >= longestChain || own > largestLoop)) {
      ends.push(node);
      continue;
    }
    lengths.set(node, length + 1);
    work.set(node, own);
  }
  return ends;
}

function costsOf(nodes: readonly Node[], barriers: ReadonlySet<Node>): Map<Node, number> {
  const costs = new Map<Node, number>();
  for (const node of nodes) {
    if (isGiven(node) || barriers.has(node)) {
      costs.set(node, 1);
      continue;
    }
    let cost = ownCost(node);
    for (const input of node.inputs) cost += costs.get(input) as number;
    // A sum inside the loop runs over some entries; how many is not known here.
    costs.set(node, node.form.kind === 'reduce' ? 4 * cost : cost);
  }
  return costs;
}

/** True if a reader takes input `i` entry by entry in the order in which it is computed. */
export function readsInPlace({ form, inputs, shape }: Node, i: number): boolean {
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
