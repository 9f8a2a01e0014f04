import type { Accumulator } from 'posetape/combine';
import type { CompoundState } from '../score/state.ts';

/** Sums of a compound over some of its poses, which follow one another. */
export interface Part extends Omit<CompoundState, 'name'> {
  /** True if a pose touches the receptor. */
  readonly isNear: boolean;
  readonly sums: Accumulator;
}

/**
 * Sums over the chunks from index · 2^level to just before (index + 1) · 2^level of a file: a node of the binary tree over
 * the file's chunks.
 */
export interface Node {
  /** Place of the file in the run's list of files. */
  readonly file: number;
  readonly level: number;
  readonly index: number;
  readonly part: Part;
}

/**
 * Sums of a compound in a shard. Two chunks are merged only where they are neighbours in the binary tree over the file's
 * chunks, so that the order of all merges is the same for any number of shards. Of m chunks of a file about 2 log₂ m
 * nodes are kept.
 */
export class Tree {
  readonly #nodes: Node[];

  /** @param nodes those of the chunks before, as {@link nodes} gave them */
  constructor(nodes: readonly Node[] = []) {
    this.#nodes = [...nodes];
  }

  /** Adds a part of a chunk. Chunks come in order; several parts of one chunk, one after the other. */
  add(file: number, index: number, part: Part): void {
    const last = this.#nodes.at(-1);
    if (last?.file === file && last.level === 0 && last.index === index) {
      this.#nodes[this.#nodes.length - 1] = { ...last, part: joined(last.part, part) };
      return;
    }
    this.#settle();
    this.#nodes.push({ file, level: 0, index, part });
  }

  /** Nodes in order, where no more of the last chunk is to come. */
  nodes(): readonly Node[] {
    this.#settle();
    return this.#nodes;
  }

  /** Merges neighbours at the end, whose chunks are complete. */
  #settle(): void {
    while (this.#nodes.length > 1) {
      const [a, b] = this.#nodes.slice(-2) as [Node, Node];
      if (a.file !== b.file || a.level !== b.level || a.index % 2 === 1 || b.index !== a.index + 1) return;
      this.#nodes.splice(-2, 2, { ...above(a), part: joined(a.part, b.part) });
    }
  }
}

/** The sum of all nodes of a compound, which are in order: those of each file by its tree, then file after file. */
export function sumOf(nodes: readonly Node[]): Part {
  const byFile = new Map<number, Node[]>();
  for (const node of nodes) byFile.set(node.file, [...(byFile.get(node.file) ?? []), node]);
  return [...byFile.values()].map(rootOf).reduce(joined);
}

/** Sum of a file's nodes. A node rises alone if its neighbour's chunks have nothing of the compound. */
function rootOf(nodes: readonly Node[]): Part {
  let row = nodes;
  while (row.length > 1) {
    const lowest = row.reduce((least, { level }) => Math.min(least, level), Number.POSITIVE_INFINITY);
    const next: Node[] = [];
    for (const node of row) {
      const risen = node.level === lowest ? above(node) : node;
      const before = next.at(-1);
      if (before && before.level === risen.level && before.index === risen.index) {
        next[next.length - 1] = { ...before, part: joined(before.part, risen.part) };
      } else next.push(risen);
    }
    row = next;
  }
  return (row[0] as Node).part;
}

function above(node: Node): Node {
  return { ...node, level: node.level + 1, index: Math.floor(node.index / 2) };
}

/** Poses of `a`, then those of `b`. */
function joined(a: Part, b: Part): Part {
  const best = b.best.score < a.best.score ? { ...b.best, pose: a.sums.count + b.best.pose } : a.best;
  return { file: a.file, best, isNear: a.isNear || b.isNear, sums: a.sums.merge(b.sums) };
}
