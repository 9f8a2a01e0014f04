import { Expressions } from './expressions.ts';
import type { Graph, GraphInput } from './graph.ts';
import type { Guesses } from './guesses.ts';
import { type ArrayRef, deepest, type Expr, type Path, type Sink, type Taint } from './ir.ts';
import { baseOf, type Node, type Placement } from './node.ts';
import type { Group, Root, Schedule } from './schedule.ts';
import { longAxes, one, type Size, sameWithoutOnes } from './sizes.ts';
import { reducesOuter } from './storage.ts';

/*
 * The pass that writes the loop of a group. For each root it writes an expression for the entry that one iteration
 * stores, in terms of entries of inputs and stored nodes. An entry has an index for each axis; order.ts flattens these
 * to positions.
 */

/** A loop as expressions. */
export interface FusedLoop {
  readonly sinks: readonly Sink[];
  readonly expressions: Expressions;
  /** The buffers it reads. */
  readonly reads: ReadonlySet<number>;
  readonly ops: ReadonlySet<string>;
  /** The lists of nodes that its nodes wait for: see {@link Node.after}. */
  readonly waits: ReadonlySet<readonly Node[]>;
}

/** The number of each node's buffer, and the taints of buffers. */
export interface BufferNumbers {
  idOf(node: Node): number;
  /** The taint of the numbers in each buffer that has one. */
  readonly taints: Map<number, Taint>;
}

/** Writes the loop of a group. */
export function fused(group: Group, setting: FuseSetting): FusedLoop {
  const { graph, schedule, buffers, guesses, rounds } = setting;
  const reader = new Reader({
    inputs: graph.inputs,
    expressions: new Expressions(guesses, rounds),
    bufferOf: node => (schedule.isStoredBefore(node, group) ? buffers.idOf(node) : undefined),
    taintOf: buffer => buffers.taints.get(buffer) ?? 0,
    isRounded: node => setting.rounded.has(node),
  });
  const sinks = group.roots.map(root => reader.sinkOf(root, buffers.idOf(root.node)));
  for (const { buffer, value } of sinks) {
    const earlierTaint = buffers.taints.get(buffer) ?? 0;
    if (value.taint > earlierTaint) buffers.taints.set(buffer, value.taint);
  }
  const { expressions, reads, ops, waits } = reader;
  return { sinks, expressions, reads, ops, waits };
}

/** The results of earlier passes that {@link fused} needs. */
export interface FuseSetting {
  readonly graph: Graph;
  readonly schedule: Schedule;
  readonly buffers: BufferNumbers;
  readonly guesses: Guesses;
  /** True if numbers that are compared are rounded to float32. */
  readonly rounds: boolean;
  /** The nodes whose numbers are rounded to float32 wherever they are computed: see {@link roundedNodes}. */
  readonly rounded: ReadonlySet<Node>;
}

/** The parts of a plan that a {@link Reader} needs. */
export interface ReaderContext {
  readonly inputs: readonly GraphInput[];
  readonly expressions: Expressions;
  /** The buffer that already holds a node; undefined if none does. */
  readonly bufferOf: (node: Node) => number | undefined;
  readonly taintOf: (buffer: number) => Taint;
  /** True if a node computed here must be rounded to float32. */
  readonly isRounded: (node: Node) => boolean;
}

/**
 * The nodes that must be rounded in float32: input arrays, stored nodes, and the nodes that these are views of. A
 * stored number is rounded. If it is computed again elsewhere, it must be rounded there too, so that both copies are
 * equal. Inputs that are single numbers stay float64, like numbers inside expressions.
 */
export function roundedNodes({ nodes }: Graph, stored: ReadonlySet<Node>): ReadonlySet<Node> {
  const rounded = new Set(stored);
  for (const node of nodes.toReversed()) {
    if (node.form.kind === 'leaf' && node.shape.length > 0) rounded.add(node);
    if (rounded.has(node) && isView(node)) for (const input of node.inputs) rounded.add(input);
  }
  return rounded;
}

/**
 * True if a node only rearranges the numbers of others. A scatter of one part counts, too, although a segment sum also
 * adds up entries.
 */
function isView({ form }: Node): boolean {
  if (form.kind === 'scatter') return !form.overlaps || form.placements.length === 1;
  return ['reshape', 'broadcast', 'transpose', 'slice', 'gather'].includes(form.kind);
}

/** Reads nodes as expressions inside one loop nest. */
export class Reader {
  readonly expressions: Expressions;
  readonly reads: Set<number> = new Set();
  readonly ops: Set<string> = new Set();
  readonly waits: Set<readonly Node[]> = new Set();
  readonly #context: ReaderContext;
  readonly #computedExprs = new Map<string, Expr>();

  constructor(context: ReaderContext) {
    this.#context = context;
    this.expressions = context.expressions;
  }

  /** The entry of a root that each iteration writes. */
  sinkOf({ node, part, space }: Root, buffer: number): Sink {
    this.ops.add(node.name);
    if (node.after) this.waits.add(node.after);
    const { path, index } = this.loopsOver(space);
    const { form } = node;
    if (form.kind === 'scatter') {
      const value = this.read(node.inputs[part] as Node, index);
      const placement = form.placements[part] as Placement;
      const isSingleBox = placement.kind === 'box' && form.placements.length === 1;
      const combined = form.isMaximum ? 'largest' : 'add';
      const kind = form.overlaps && !isSingleBox ? combined : 'store';
      return { kind, path, buffer, at: this.#destination(placement, index), value };
    }
    if (form.kind === 'reduce' && reducesOuter(node)) {
      const value = this.read(node.inputs[0] as Node, index);
      const zero = this.expressions.constant(0);
      const at = index.map((axisIndex, axis) => (form.axes.includes(axis) ? zero : axisIndex));
      const isNumber = longAxes(node.shape).length === 0;
      const isSum = form.reducer === 'sum';
      const kind = isNumber ? (isSum ? 'fold-sum' : 'fold-largest') : isSum ? 'add' : 'largest';
      return { kind, path, buffer, at, value };
    }
    return { kind: 'store', path, buffer, at: index, value: this.#computed(node, index) };
  }

  /** The loops over a space, outer to inner, and the index of each axis in them. */
  loopsOver(space: readonly Size[]): { path: Path; index: Expr[] } {
    let path: Path = [];
    const index = space.map(size => {
      if (size === one) return this.expressions.constant(0);
      path = [...path, size];
      return this.expressions.index(path);
    });
    return { path, index };
  }

  /** A node's entry: loaded if an array holds the node, else computed. */
  read(node: Node, index: readonly Expr[]): Expr {
    return this.#entryIfStored(node, node.shape, index) ?? this.#computed(node, index);
  }

  /**
   * The entry of an input, a fill or a stored node, indexed as if the node had `shape`, a shape with as many entries;
   * undefined for other nodes.
   */
  #entryIfStored(node: Node, shape: readonly Size[], index: readonly Expr[]): Expr | undefined {
    const { form } = node;
    const { expressions } = this;
    if (form.kind === 'fill') return expressions.constant(form.number);
    if (form.kind === 'leaf') {
      const entry = this.#inputEntry(form.input, shape, index);
      const { isDouble } = this.#context.inputs[form.input] as GraphInput;
      return isDouble && this.#context.isRounded(node) ? expressions.round(entry) : entry;
    }
    const buffer = this.#context.bufferOf(node);
    if (buffer === undefined) return undefined;
    this.reads.add(buffer);
    const array: ArrayRef = { kind: 'buffer', number: buffer, type: 'real' };
    return expressions.entry(array, shape, index, this.#context.taintOf(buffer));
  }

  #inputEntry(input: number, shape: readonly Size[], index: readonly Expr[]): Expr {
    const { type } = this.#context.inputs[input] as GraphInput;
    return this.expressions.entry({ kind: 'input', number: input, type }, shape, index);
  }

  /** An entry of index data: the number of a row. */
  rowNumber({ form, shape }: Node, index: readonly Expr[]): Expr {
    if (form.kind !== 'leaf') throw new Error('plan: an index must be an input, not computed');
    return this.#inputEntry(form.input, shape, index);
  }

  #computed(node: Node, index: readonly Expr[]): Expr {
    const key = `${node.id} ${index.map(axisIndex => axisIndex.id)}`;
    const earlier = this.#computedExprs.get(key);
    if (earlier) return earlier;
    const value = this.compute(node, index);
    const expr = this.#context.isRounded(node) ? this.expressions.round(value) : value;
    this.#computedExprs.set(key, expr);
    return expr;
  }

  protected compute(node: Node, index: readonly Expr[]): Expr {
    const { form, inputs, shape } = node;
    const { expressions } = this;
    const [first, second] = inputs as [Node, Node];
    if (node.after) this.waits.add(node.after);
    switch (form.kind) {
      case 'fill':
      case 'leaf':
        return this.read(node, index);
      case 'map': {
        this.ops.add(node.name);
        const args = inputs.map(input => this.read(input, this.#aligned(input.shape, index)));
        const value = expressions.evaluate(form.expression as typeof form.expression<Expr>, args);
        return form.isExchanged ? expressions.exchanged(value) : value;
      }
      case 'broadcast':
        return this.read(first, this.#aligned(first.shape, index));
      case 'reshape':
        return this.#reshaped(first, shape, index);
      case 'transpose': {
        const at = first.shape.map((_, axis) => index[form.permutation.indexOf(axis)] as Expr);
        return this.read(first, at);
      }
      case 'slice': {
        const begin = (axis: number) => expressions.start(form.starts[axis] as number);
        return this.read(
          first,
          index.map((axisIndex, axis) => expressions.plus(begin(axis), axisIndex)),
        );
      }
      case 'gather': {
        const rank = second.shape.length;
        return this.read(first, [this.rowNumber(second, index.slice(0, rank)), ...index.slice(rank)]);
      }
      case 'reduce':
        this.ops.add(node.name);
        return this.#folded(form.reducer, form.axes, first, index);
      default:
        throw new Error(`plan: ${node.name} is read before it is stored`);
    }
  }

  /** A sum or maximum over inner loops, one for each reduced axis; `outer` is the index of the result. */
  #folded(reducer: 'sum' | 'max', axes: readonly number[], input: Node, outer: readonly Expr[]): Expr {
    let path = deepest(outer);
    const loops: Path[] = [];
    const index = outer.map((axisIndex, axis) => {
      const size = input.shape[axis] as Size;
      if (!axes.includes(axis) || size === one) return axisIndex;
      path = [...path, size];
      loops.push(path);
      return this.expressions.index(path);
    });
    const body = this.read(input, index);
    if (loops.length > 0)
      return loops.reduceRight((inside, loop) => this.expressions.fold(reducer, loop, inside), body);
    // A sum begins at 0, so a sum of −0 is 0.
    return reducer === 'sum' ? this.expressions.apply('add', [this.expressions.constant(0), body]) : body;
  }

  /** The index at which an input that broadcasts is read, given the index of the result. */
  #aligned(shape: readonly Size[], index: readonly Expr[]): Expr[] {
    const lead = index.length - shape.length;
    return shape.map((size, axis) =>
      size === one ? this.expressions.constant(0) : (index[axis + lead] as Expr),
    );
  }

  #reshaped(input: Node, shape: readonly Size[], index: readonly Expr[]): Expr {
    if (sameWithoutOnes(input.shape, shape)) {
      const longIndex = index.filter((_, axis) => shape[axis] !== one);
      let next = 0;
      const at = input.shape.map(size =>
        size === one ? this.expressions.constant(0) : (longIndex[next++] as Expr),
      );
      return this.read(input, at);
    }
    // A reshape keeps the order of numbers, so the stored input can be indexed in the shape of the result.
    const entry = this.#entryIfStored(baseOf(input), shape, index);
    if (!entry) throw new Error(`plan: ${input.name} is reshaped before it is stored`);
    return entry;
  }

  /** The index in the scattered result at which the entry of a part at `index` is written. */
  #destination(placement: Placement, index: readonly Expr[]): Expr[] {
    if (placement.kind === 'rows') {
      const rank = placement.index.shape.length;
      return [this.rowNumber(placement.index, index.slice(0, rank)), ...index.slice(rank)];
    }
    return index.map((axisIndex, axis) => {
      const start = placement.starts[axis];
      return start === undefined
        ? axisIndex
        : this.expressions.plus(this.expressions.start(start), axisIndex);
    });
  }
}
