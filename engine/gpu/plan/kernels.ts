import { Expressions } from '../../compile/expressions.ts';
import { type Graph, graphOf } from '../../compile/graph.ts';
import { noGuesses } from '../../compile/guesses.ts';
import type { Expr, Path, Statement } from '../../compile/ir.ts';
import type { Node } from '../../compile/node.ts';
import { ordered } from '../../compile/order.ts';
import { lengthOf, type Size } from '../../compile/sizes.ts';
import type { Structure } from '../../compile/structure.ts';
import type { Value } from '../../tape.ts';
import { KernelBody } from './kernel-body.ts';
import { type ChunkCount, type Lowered, lower, withCounts } from './lower.ts';
import { storedNodes } from './stored.ts';

/*
 * Turns a graph into kernels, for a target with many threads and no loop around them. A kernel reads a few arrays and
 * writes one; each thread writes one entry. A thread cannot add to the entries of others, so scatters become gathers:
 * a row of a segment sum looks up the entries that belong to it.
 */

/** The most entries of an array. Positions are float32 numbers, which represent whole numbers exactly up to 2²⁴. */
const mostEntries = 2 ** 24;

/** An index sorted by row, for a segment sum into `rows` rows: the start of each row, and its entries. */
export interface Segments {
  /** The input that is the index. */
  readonly index: number;
  readonly rows: Size;
}

/** A kernel. For each entry of `buffer`, one thread runs `body` and stores the entry. */
export interface Kernel {
  readonly kind: 'kernel';
  readonly buffer: number;
  /** The loops that become threads, outermost first. */
  readonly threads: Path;
  readonly body: readonly Statement[];
  /** The lengths of the ragged loops in the kernel. */
  readonly lengths: readonly Expr[];
  readonly reads: readonly number[];
  /** The packed buffers that the kernel reads. */
  readonly packed: PackedBuffers;
  /** The ops that the kernel computes, for listings. */
  readonly ops: readonly string[];
}

/** Buffers that are packed into another buffer, `pack`. Each begins there at an offset. */
export type PackedBuffers = ReadonlyMap<number, { readonly pack: number; readonly offset: number }>;

/** Copies several arrays into one, for a kernel that would otherwise read too many arrays. */
export interface Pack {
  readonly kind: 'pack';
  readonly buffer: number;
  readonly reads: readonly number[];
}

/** The kernels of a structure, in order. They fit all poses whose sizes are at most the capacities of the plan. */
export interface KernelPlan {
  readonly steps: readonly (Kernel | Pack)[];
  /** The most entries of each buffer, by its number. */
  readonly lengths: readonly number[];
  /** The index of each input among the live values. */
  readonly liveIndices: readonly number[];
  /** Indices of segment sums. Each adds two inputs: the start of each row, then the entries sorted by row. */
  readonly segments: readonly Segments[];
  /** Sizes that the plan adds to those of the structure. */
  readonly counts: readonly ChunkCount[];
  /** The buffers of the wanted values. */
  readonly wanted: readonly number[];
}

/**
 * Makes the kernels of a structure whose sizes are at most `capacities`.
 *
 * @param mostArrays the most arrays that a kernel may read, besides that of the inputs
 * @throws RangeError naming the op whose result has too many entries to be addressed
 */
export function kernelsOf(
  live: readonly Value[],
  wanted: readonly Value[],
  structure: Structure,
  capacities: readonly number[],
  mostArrays: number,
): KernelPlan {
  const mayExchange = false;
  const graph = graphOf(live, wanted, structure, mayExchange);
  return new KernelPlanner(lower(graph, capacities), graph.inputs, capacities, mostArrays).plan();
}

/** Makes the kernels of a lowered graph, one for each stored node. */
class KernelPlanner {
  readonly #graph: Lowered;
  readonly #inputs: Graph['inputs'];
  readonly #capacities: readonly number[];
  readonly #mostArrays: number;
  readonly #stored: ReadonlySet<Node>;
  readonly #buffers = new Map<Node, number>();
  readonly #lengths: number[] = [];
  readonly #segments: Segments[] = [];

  constructor(graph: Lowered, inputs: Graph['inputs'], capacities: readonly number[], mostArrays: number) {
    this.#graph = graph;
    this.#inputs = inputs;
    this.#capacities = withCounts(capacities, graph.counts);
    this.#mostArrays = mostArrays;
    this.#stored = storedNodes(graph);
  }

  plan(): KernelPlan {
    const steps: (Kernel | Pack)[] = [];
    for (const node of this.#graph.nodes) if (this.#stored.has(node)) steps.push(...this.#stepsOf(node));
    return {
      steps,
      lengths: this.#lengths,
      liveIndices: this.#inputs.map(({ liveIndex }) => liveIndex),
      segments: this.#segments,
      counts: this.#graph.counts,
      wanted: this.#graph.wanted.map(node => this.#buffers.get(node) as number),
    };
  }

  /** The packs that a node's kernel needs, then the kernel. */
  #stepsOf(node: Node): (Kernel | Pack)[] {
    const rounds = false;
    const expressions = new Expressions(noGuesses, rounds);
    const body = new KernelBody(
      {
        inputs: this.#inputs,
        expressions,
        bufferOf: read => this.#buffers.get(read),
        taintOf: () => 0,
        isRounded: () => false,
      },
      (index, rows) => this.#segmentInputs(index, rows),
    );
    const { path, value } = body.entryOf(node);
    const buffer = this.#newBuffer(lengthOf(node.shape, this.#capacities), node.name);
    this.#buffers.set(node, buffer);
    const sink = { kind: 'store', path, buffer, at: [], value } as const;
    const { packs, packed } = this.#fit([...body.reads], node.name);
    const kernel: Kernel = {
      kind: 'kernel',
      buffer,
      threads: path,
      // Each buffer is an array of its own, so its offset is 0. Each thread writes its own entry, so no index is
      // needed.
      body: ordered([sink], expressions, { offsetOf: () => expressions.constant(0), shapeOf: () => [] }),
      lengths: expressions.lengths,
      reads: [...body.reads],
      packed,
      ops: [...body.ops],
    };
    return [...packs, kernel];
  }

  #newBuffer(entries: number, name: string): number {
    checkEntries(entries, name);
    // GPU arrays cannot be empty.
    return this.#lengths.push(Math.max(1, entries)) - 1;
  }

  /** Packs arrays that a kernel reads, until it reads few enough arrays. */
  #fit(reads: readonly number[], name: string): { packs: Pack[]; packed: PackedBuffers } {
    const packs: Pack[] = [];
    const packed = new Map<number, { pack: number; offset: number }>();
    const length = (buffer: number) => this.#lengths[buffer] as number;
    let arrays = [...reads];
    while (arrays.length > this.#mostArrays) {
      // Pack the smallest arrays, since packing copies them.
      arrays.sort((a, b) => length(a) - length(b));
      const parts = arrays.slice(0, Math.min(this.#mostArrays, arrays.length - this.#mostArrays + 1));
      const total = parts.reduce((sum, part) => sum + length(part), 0);
      const pack = this.#newBuffer(total, `the packed inputs of ${name}`);
      let offset = 0;
      for (const part of parts) {
        // If the part is a pack itself, the buffers in it are now in the new pack.
        for (const earlier of packed.values()) {
          if (earlier.pack === part) Object.assign(earlier, { pack, offset: earlier.offset + offset });
        }
        if (reads.includes(part)) packed.set(part, { pack, offset });
        offset += length(part);
      }
      packs.push({ kind: 'pack', buffer: pack, reads: parts });
      arrays = [...arrays.slice(parts.length), pack];
    }
    return { packs, packed };
  }

  /** The two inputs of a segment sum: the start of each row, and the entries sorted by row. */
  #segmentInputs(index: number, rows: Size): { readonly starts: number; readonly order: number } {
    let number = this.#segments.findIndex(segments => segments.index === index && segments.rows === rows);
    if (number < 0) number = this.#segments.push({ index, rows }) - 1;
    const starts = this.#inputs.length + 2 * number;
    return { starts, order: starts + 1 };
  }
}

/** @throws RangeError if there are so many entries that positions in the array would not be exact in float32 */
export function checkEntries(entries: number, name: string): void {
  if (entries <= mostEntries) return;
  throw new RangeError(
    `gpu: ${name} would take ${entries} entries, but an array on the GPU can have at most ${mostEntries}, since positions in it are float32; use jit() for poses of this size`,
  );
}
