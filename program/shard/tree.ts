import type { Accumulator } from 'posetape/combine';
import type { CompoundState } from '../score/state.ts';

/** Sums of a compound over consecutive poses. */
export interface Part extends Omit<CompoundState, 'name' | 'skipped'> {
  /** True if at least one pose is near the receptor. */
  readonly isNear: boolean;
  readonly sums: Accumulator;
}

/**
 * Node of the binary tree over the chunks of a file. It contains the sums of one compound over the chunks from index · 2^level
 * up to, but not including, (index + 1) · 2^level.
 */
export interface Node {
  /** Index of the file in the run's list of files. */
  readonly file: number;
  readonly level: number;
  readonly index: number;
  readonly part: Part;
}

/**
 * Sums of a compound in a shard, as nodes of the binary tree over the chunks of each file. Only siblings in the tree are
 * merged, so the order of all merges, and with it every bit of the result, is the same for any number of shards. m consecutive
 * chunks of a file make at most about 2 log₂ m nodes.
 */
export class Tree {
  readonly #nodes: Node[];

  /** @param nodes nodes of earlier chunks, as {@link nodes} returned them */
  constructor(nodes: readonly Node[] = []) {
    this.#nodes = [...nodes];
  }

  /** Adds a part of a chunk. Chunks must be added in order, and several parts of one chunk one after the other. */
  add(file: number, index: number, part: Part): void {
    const last = this.#nodes.at(-1);
    if (last?.file === file && last.level === 0 && last.index === index) {
      this.#nodes[this.#nodes.length - 1] = { ...last, part: mergedParts(last.part, part) };
      return;
    }
    this.#settle();
    this.#nodes.push({ file, level: 0, index, part });
  }

  /** Returns the nodes in order. No part of the last chunk may be added afterwards. */
  nodes(): readonly Node[] {
    this.#settle();
    return this.#nodes;
  }

  /** Merges siblings at the end of the list. Their chunks must be complete. */
  #settle(): void {
    while (this.#nodes.length > 1) {
      const [a, b] = this.#nodes.slice(-2) as [Node, Node];
      // Siblings are the nodes 2i and 2i + 1 of one level.
      if (a.file !== b.file || a.level !== b.level || a.index % 2 === 1 || b.index !== a.index + 1) return;
      this.#nodes.splice(-2, 2, { ...parentOf(a), part: mergedParts(a.part, b.part) });
    }
  }
}

/** Merges all nodes of a compound, given in order: the nodes of each file by its tree, then the results of the files in order. */
export function sumOf(nodes: readonly Node[]): Part {
  const byFile = new Map<number, Node[]>();
  for (const node of nodes) byFile.set(node.file, [...(byFile.get(node.file) ?? []), node]);
  return [...byFile.values()].map(rootOf).reduce(mergedParts);
}

/** Merges the nodes of a file. A node moves up unchanged if the chunks of its sibling contain no pose of the compound. */
function rootOf(nodes: readonly Node[]): Part {
  let row = nodes;
  while (row.length > 1) {
    const lowest = row.reduce((least, { level }) => Math.min(least, level), Number.POSITIVE_INFINITY);
    const next: Node[] = [];
    for (const node of row) {
      const raised = node.level === lowest ? parentOf(node) : node;
      const previous = next.at(-1);
      if (previous && previous.level === raised.level && previous.index === raised.index) {
        next[next.length - 1] = { ...previous, part: mergedParts(previous.part, raised.part) };
      } else next.push(raised);
    }
    row = next;
  }
  return (row[0] as Node).part;
}

/** Returns the parent of a node, with the sums of this node alone: those of the sibling are not added. */
function parentOf(node: Node): Node {
  return { ...node, level: node.level + 1, index: Math.floor(node.index / 2) };
}

/** Returns the sums over the poses of `a`, followed by those of `b`. */
function mergedParts(a: Part, b: Part): Part {
  const best = b.best.score < a.best.score ? b.best : a.best;
  return { file: a.file, best, isNear: a.isNear || b.isNear, sums: a.sums.merge(b.sums) };
}
