import type { Graph } from '../../compile/graph.ts';
import type { MapNodeForm, Node, NodeForm } from '../../compile/node.ts';
import { lengthOf, one, type Size } from '../../compile/sizes.ts';
import { map } from '../../forms.ts';

/*
 * Rewrites a graph for a target whose kernels write one array each and share nothing while they run. A matrix product
 * becomes an ordinary sum of products. A long sum is split into stages: one thread that adds up a million float32
 * numbers is slow and loses digits; a tree of short sums avoids both.
 */

/** The most entries that a thread adds up without further stages. */
const longestSum = 256;
/** Entries that one thread of a stage adds up. */
const chunk = 128;

/** A size that is derived from another size: the number of chunks that cover it. */
export interface ChunkCount {
  /** The size that the chunks cover. */
  readonly size: Size;
  /** The number of entries of a chunk. */
  readonly chunk: number;
}

/** The lowered graph and its chunk counts. Chunk counts are sizes, numbered after the sizes of the structure. */
export interface Lowered {
  readonly nodes: readonly Node[];
  readonly wanted: readonly Node[];
  readonly counts: readonly ChunkCount[];
}

/** Appends the lengths of the chunk counts to those of a structure's sizes. */
export function withCounts(sizes: readonly number[], counts: readonly ChunkCount[]): number[] {
  const all = [...sizes];
  for (const { size, chunk } of counts) all.push(Math.ceil((all[size] as number) / chunk));
  return all;
}

/** Rewrites matrix products as sums of products, and splits sums and maxima that are long at these capacities. */
export function lower(graph: Graph, capacities: readonly number[]): Lowered {
  return new Lowering(graph, capacities).result();
}

const product: MapNodeForm = { ...map((s, a, b) => s.mul(a, b)), cost: 1, text: 'product' };

/** Rewrites a graph node by node. */
class Lowering {
  readonly #graph: Graph;
  readonly #nodes: Node[] = [];
  readonly #counts: ChunkCount[] = [];
  readonly #structureSizeCount: number;
  /** Capacities of all sizes, chunk counts included. */
  readonly #capacities: number[];
  readonly #lowered = new Map<Node, Node>();

  constructor(graph: Graph, capacities: readonly number[]) {
    this.#graph = graph;
    this.#structureSizeCount = capacities.length;
    this.#capacities = [...capacities];
  }

  result(): Lowered {
    for (const node of this.#graph.nodes) this.#lowered.set(node, this.#lower(node));
    const wanted = this.#graph.wanted.map(node => this.#loweredOf(node));
    return { nodes: this.#nodes, wanted, counts: this.#counts };
  }

  /** The lowered form of a node of the graph. */
  #loweredOf(node: Node): Node {
    return this.#lowered.get(node) as Node;
  }

  /** Adds a node with the name of the node that it replaces. */
  #make(from: Node, form: NodeForm, inputs: readonly Node[], shape: readonly Size[]): Node {
    const node = { id: this.#nodes.length, form, inputs, shape, name: from.name };
    this.#nodes.push(node);
    return node;
  }

  #lower(node: Node): Node {
    const { form, shape } = node;
    const inputs = node.inputs.map(input => this.#loweredOf(input));
    switch (form.kind) {
      case 'matmul':
        return this.#product(node, form, inputs as [Node, Node]);
      case 'reduce':
        return this.#reduced(node, form.reducer, form.axes, inputs[0] as Node);
      case 'scatter': {
        const placements = form.placements.map(placement => {
          if (placement.kind === 'rows') return { ...placement, index: this.#loweredOf(placement.index) };
          return placement;
        });
        return this.#make(node, { ...form, placements }, inputs, shape);
      }
      default:
        return this.#make(node, form, inputs, shape);
    }
  }

  /** C[…, i, j] = Σ_l A[…, i, l]·B[…, j, l]: rows of both operands, broadcast along each other's axes. */
  #product(
    node: Node,
    { transposeA, transposeB }: { readonly transposeA: boolean; readonly transposeB: boolean },
    [a, b]: readonly [Node, Node],
  ): Node {
    const rows = transposeA ? this.#transposed(node, a) : a;
    const columns = transposeB ? b : this.#transposed(node, b);
    const batch = node.shape.slice(0, -2);
    const [m, k] = rows.shape.slice(-2) as [Size, Size];
    const [n] = columns.shape.slice(-2) as [Size, Size];
    const left = this.#make(node, { kind: 'reshape' }, [rows], [...batch, m, one, k]);
    const right = this.#make(node, { kind: 'reshape' }, [columns], [...batch, one, n, k]);
    const terms = this.#make(node, product, [left, right], [...batch, m, n, k]);
    const sum = this.#reduced(node, 'sum', [batch.length + 2], terms);
    return this.#make(node, { kind: 'reshape' }, [sum], node.shape);
  }

  /** A matrix with its last two axes exchanged. */
  #transposed(node: Node, matrix: Node): Node {
    const { shape } = matrix;
    const batch = shape.slice(0, -2);
    const permutation = [...batch.keys(), shape.length - 1, shape.length - 2];
    const [rows, columns] = shape.slice(-2) as [Size, Size];
    return this.#make(node, { kind: 'transpose', permutation }, [matrix], [...batch, columns, rows]);
  }

  /** A sum or maximum over `axes`, in stages if it is long. */
  #reduced(node: Node, reducer: 'sum' | 'max', axes: readonly number[], input: Node): Node {
    const nontrivial = axes.filter(axis => input.shape[axis] !== one);
    const capacity = (axis: number) => this.#capacities[input.shape[axis] as Size] as number;
    const shapeWithout = (reduced: readonly number[]) =>
      input.shape.map((size, axis) => (reduced.includes(axis) ? one : size));
    if (
      lengthOf(
        nontrivial.map(axis => input.shape[axis] as Size),
        this.#capacities,
      ) <= longestSum
    ) {
      return this.#make(node, { kind: 'reduce', reducer, axes }, [input], shapeWithout(axes));
    }
    // Shorten the axis of the largest capacity. If it is too long for one thread, it is split into chunks; else it is
    // reduced first, on its own.
    const axis = nontrivial.reduce((a, b) => (capacity(b) > capacity(a) ? b : a));
    if (capacity(axis) > longestSum) {
      const shape = input.shape.map((size, i) => (i === axis ? this.#countOf(size) : size));
      const stage = this.#make(node, { kind: 'partial', reducer, axis, chunk }, [input], shape);
      return this.#reduced(node, reducer, axes, stage);
    }
    const stage = this.#make(node, { kind: 'reduce', reducer, axes: [axis] }, [input], shapeWithout([axis]));
    return this.#reduced(node, reducer, axes, stage);
  }

  /** The size that is the number of chunks of another size. It is added if it does not exist yet. */
  #countOf(size: Size): Size {
    const index = this.#counts.findIndex(count => count.size === size);
    if (index >= 0) return this.#structureSizeCount + index;
    this.#counts.push({ size, chunk });
    this.#capacities.push(Math.ceil((this.#capacities[size] as number) / chunk));
    return this.#capacities.length - 1;
  }
}
