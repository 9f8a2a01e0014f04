import type { Value } from '../../tape.ts';
import { type Expr, Expressions, type Path } from './expression.ts';
import { graphOf, type Node, ownCost } from './graph.ts';
import { lengthOf } from './layout.ts';
import { baseOf, isGiven, isSameWithoutOnes, LoopBody } from './loops.ts';
import { type ChunkCount, type Lowered, lower, withCounts } from './lower.ts';
import type { Buffer, Statement } from './plan.ts';
import { statementsOf } from './statements.ts';
import { one, type Size, type Structure } from './structure.ts';

/*
 * From a graph to kernels, for a target that has many threads and no loop around them: a kernel writes one array, each
 * thread one entry of it, from a few arrays it reads. Nothing can be added to an entry from outside, so what the loops of
 * a CPU scatter is gathered here: a row of a segment sum looks up which entries belong to it.
 */

/** Numbers are laid out in arrays of float32, in which whole ones are exact up to here. */
const mostEntries = 2 ** 24;

/** What an index says of the rows it fills: where each row's entries begin, and which they are. */
export interface Segments {
  /** The input that is the index. */
  readonly index: number;
  readonly rows: Size;
}

/** A kernel: for each entry of `buffer` one thread, that runs `body` and stores `value`. */
export interface Kernel {
  readonly kind: 'kernel';
  readonly buffer: number;
  /** The loops that become threads, outermost first. */
  readonly threads: Path;
  readonly body: readonly Statement[];
  /** The lengths of the ragged loops in it. */
  readonly lengths: readonly Expr[];
  readonly reads: readonly number[];
  /** The ops computed in it, for listings. */
  readonly ops: readonly string[];
}

/** Copies arrays one after the other into one, where a kernel would read too many. */
export interface Pack {
  readonly kind: 'pack';
  readonly buffer: number;
  readonly reads: readonly number[];
}

/** What a structure costs once for poses up to some capacities: its kernels in order. */
export interface KernelPlan {
  readonly steps: readonly (Kernel | Pack)[];
  /** Entries of each buffer at most, by number. */
  readonly lengths: readonly number[];
  /** Which live values are the inputs. */
  readonly inputPlaces: readonly number[];
  /** Further inputs, two for each: where the rows begin, then which entries they take. */
  readonly segments: readonly Segments[];
  /** Sizes beyond those of the structure. */
  readonly counts: readonly ChunkCount[];
  /** The buffers of the wanted values. */
  readonly wanted: readonly number[];
  /** What is packed where: a buffer that some kernel finds inside another. */
  readonly packed: ReadonlyMap<
    Kernel,
    ReadonlyMap<number, { readonly pack: number; readonly offset: number }>
  >;
}

/** More than so many additions to compute, and it is stored rather than computed for every reader. */
const cheap = 2;

/**
 * Makes the kernels of a structure whose sizes are at most `capacities`.
 *
 * @param arrays how many arrays a kernel may read, besides that of the inputs
 * @throws RangeError naming the op whose result has too many entries to be addressed
 */
export function kernelsOf(
  live: readonly Value[],
  wanted: readonly Value[],
  structure: Structure,
  capacities: readonly number[],
  arrays: number,
): KernelPlan {
  const graph = graphOf(live, wanted, structure);
  return new KernelPlanner(lower(graph, capacities), graph.inputPlaces, capacities, arrays).plan();
}

class KernelPlanner {
  readonly #graph: Lowered;
  readonly #inputPlaces: readonly number[];
  readonly #capacities: readonly number[];
  readonly #arrays: number;
  readonly #stored: ReadonlySet<Node>;
  readonly #buffers = new Map<Node, Buffer>();
  readonly #lengths: number[] = [];
  readonly #segments: Segments[] = [];

  constructor(graph: Lowered, inputPlaces: readonly number[], capacities: readonly number[], arrays: number) {
    this.#graph = graph;
    this.#inputPlaces = inputPlaces;
    this.#capacities = withCounts(capacities, graph.counts);
    this.#arrays = arrays;
    this.#stored = storedNodes(graph);
  }

  plan(): KernelPlan {
    const steps: (Kernel | Pack)[] = [];
    const packed = new Map<Kernel, ReadonlyMap<number, { pack: number; offset: number }>>();
    for (const node of this.#graph.nodes) {
      if (!this.#stored.has(node)) continue;
      const kernel = this.#kernel(node);
      const { packs, places } = this.#fit(kernel.reads);
      steps.push(...packs, kernel);
      if (packs.length > 0) packed.set(kernel, places);
    }
    return {
      steps,
      lengths: this.#lengths,
      inputPlaces: this.#inputPlaces,
      segments: this.#segments,
      counts: this.#graph.counts,
      wanted: this.#graph.wanted.map(node => (this.#buffers.get(node) as Buffer).id),
      packed,
    };
  }

  #kernel(node: Node): Kernel {
    const expressions = new Expressions(false);
    const body = new KernelBody(expressions, read => this.#buffers.get(read), this);
    const { path, value } = body.entryOf(node);
    const buffer = this.#newBuffer(this.#entries(node));
    this.#buffers.set(node, { id: buffer, node, shape: node.shape });
    const sink = { kind: 'store', path, buffer, position: expressions.number(0), value } as const;
    return {
      kind: 'kernel',
      buffer,
      threads: path,
      body: statementsOf([sink], expressions),
      lengths: expressions.lengths,
      reads: [...body.reads],
      ops: [...body.ops],
    };
  }

  #newBuffer(entries: number): number {
    // No array may be empty.
    return this.#lengths.push(Math.max(1, entries)) - 1;
  }

  #entries({ shape, name }: Node): number {
    const entries = lengthOf(shape, this.#capacities);
    if (entries > mostEntries) {
      throw new RangeError(
        `gpu: ${name} has room for ${entries} entries; an array on the GPU holds at most ${mostEntries}, as positions in it are float32. Use jit() or wasm() for poses of this size`,
      );
    }
    return entries;
  }

  /** Packs some of what a kernel reads until the rest is few enough. */
  #fit(reads: readonly number[]): { packs: Pack[]; places: Map<number, { pack: number; offset: number }> } {
    const packs: Pack[] = [];
    const places = new Map<number, { pack: number; offset: number }>();
    const length = (buffer: number) => this.#lengths[buffer] as number;
    // The smallest first, as packing copies.
    let apart = reads.toSorted((a, b) => length(a) - length(b));
    while (apart.length + packs.length > this.#arrays) {
      const surplus = apart.length + packs.length - this.#arrays;
      const parts = apart.slice(0, Math.min(this.#arrays, surplus + 1));
      apart = apart.slice(parts.length);
      const pack = this.#newBuffer(parts.reduce((total, part) => total + length(part), 0));
      let offset = 0;
      for (const part of parts) {
        places.set(part, { pack, offset });
        offset += length(part);
      }
      packs.push({ kind: 'pack', buffer: pack, reads: parts });
    }
    return { packs, places };
  }

  /** The inputs that say which entries each row of a segment sum takes. */
  segmentInputs(index: number, rows: Size): { readonly starts: number; readonly order: number } {
    let at = this.#segments.findIndex(known => known.index === index && known.rows === rows);
    if (at < 0) at = this.#segments.push({ index, rows }) - 1;
    const starts = this.#inputPlaces.length + 2 * at;
    return { starts, order: starts + 1 };
  }
}

/** How a reader takes an input's entries: each at most once, or some of them many times. */
function readsOnce({ form, inputs, shape }: Node, i: number): boolean {
  if (form.kind === 'gather') return i === 1;
  // Every entry of the result looks at every part, though it takes but one.
  if (form.kind === 'scatter') return form.placements[i]?.kind === 'rows';
  if (form.kind !== 'map' && form.kind !== 'broadcast') return true;
  const input = (inputs[i] as Node).shape;
  const lead = shape.length - input.length;
  return shape.every((size, axis) => size === one || (input[axis - lead] ?? one) === size);
}

/** Whether an entry takes a loop to compute. */
function isFold({ form }: Node): boolean {
  return (
    form.kind === 'reduce' ||
    form.kind === 'partial' ||
    (form.kind === 'scatter' && form.placements.some(({ kind }) => kind === 'rows'))
  );
}

/**
 * The nodes that get an array: what is wanted, and what would else be computed too often. Seen from the end, since how
 * often a node is computed depends on its readers.
 */
function storedNodes({ nodes, wanted }: Lowered): Set<Node> {
  const stored = new Set(wanted);
  /** How often each entry is computed, if it is not stored; and whether inside a loop. */
  const uses = new Map<Node, { times: number; inLoop: boolean }>();
  const costs = costsOf(nodes);
  const store = (node: Node) => {
    const base = baseOf(node);
    if (!isGiven(base)) stored.add(base);
  };
  for (const node of nodes.toReversed()) {
    const own = uses.get(node) ?? { times: 0, inLoop: false };
    if (isGiven(node)) continue;
    const isDear = isFold(node) || (costs.get(node) as number) > cheap;
    if ((own.times > 1 && isDear) || (own.inLoop && isFold(node))) {
      if (node.form.kind === 'reshape') store(node);
      else stored.add(node);
    }
    const isStored = stored.has(node);
    if (!isStored && own.times === 0) continue;
    const isReordered =
      node.form.kind === 'reshape' && !isSameWithoutOnes(node.shape, (node.inputs[0] as Node).shape);
    if (isReordered) store(node.inputs[0] as Node);
    for (const [i, input] of node.inputs.entries()) {
      const use = uses.get(input) ?? { times: 0, inLoop: false };
      uses.set(input, {
        times: use.times + (readsOnce(node, i) ? 1 : Number.POSITIVE_INFINITY) * (isStored ? 1 : own.times),
        inLoop: use.inLoop || isFold(node) || (!isStored && own.inLoop),
      });
    }
  }
  return stored;
}

/** What an entry of each node costs to compute, in additions, where every loop's result is stored. */
function costsOf(nodes: readonly Node[]): Map<Node, number> {
  const costs = new Map<Node, number>();
  for (const node of nodes) {
    const inputs = node.inputs.map(input =>
      isFold(input) || isGiven(input) ? 0 : (costs.get(input) as number),
    );
    const own = node.form.kind === 'map' || node.form.kind === 'scatter' ? ownCost(node) : 0;
    costs.set(
      node,
      inputs.reduce((total, cost) => total + cost, own),
    );
  }
  return costs;
}

/** Reads nodes as expressions of one entry: what a CPU's loops scatter is looked up here. */
class KernelBody extends LoopBody {
  readonly #planner: KernelPlanner;

  constructor(
    expressions: Expressions,
    bufferOf: (node: Node) => Buffer | undefined,
    planner: KernelPlanner,
  ) {
    super(0, bufferOf, expressions, new Set());
    this.#planner = planner;
  }

  /** The loops over a node's entries, and the value of one. */
  entryOf(node: Node): { path: Path; value: Expr } {
    const { path, index } = this.loopsOver(node.shape);
    return { path, value: this.compute(node, index) };
  }

  protected override compute(node: Node, index: readonly Expr[]): Expr {
    this.ops.add(node.name);
    switch (node.form.kind) {
      case 'scatter':
        return this.#collected(node, node.form, index);
      case 'partial':
        return this.#partial(node, node.form, index);
      default:
        return super.compute(node, index);
    }
  }

  /** Each buffer is an array of its own. */
  protected override offset(): Expr {
    return this.expressions.number(0);
  }

  /** What all parts lay into one entry: their sum where they overlap, else that of the part it lies in. */
  #collected(node: Node, form: Extract<Node['form'], { kind: 'scatter' }>, index: readonly Expr[]): Expr {
    const { algebra } = this.expressions;
    const zero = this.expressions.number(0);
    return form.placements.reduce<Expr>((sofar, placement, i) => {
      const part = node.inputs[i] as Node;
      if (placement.kind === 'rows') {
        const sum = this.#rowSum(part, placement.index, node.shape, index);
        return sofar === zero ? sum : algebra.add(sofar, sum);
      }
      const starts =
        placement.kind === 'box'
          ? placement.starts.map(start => this.expressions.start(start))
          : index.map((_, axis) => (axis === placement.axis ? this.#lengthOf(placement.before, axis) : zero));
      if (form.overlaps && sofar !== zero)
        return algebra.add(sofar, this.#boxed(node, part, starts, index, zero));
      return this.#boxed(node, part, starts, index, sofar);
    }, zero);
  }

  #lengthOf(parts: readonly Node[], axis: number): Expr {
    const { expressions } = this;
    return parts.reduce(
      (total, { shape }) => expressions.plus(total, expressions.size(shape[axis] as Size)),
      expressions.number(0),
    );
  }

  /** The part's entry inside its box, `outside` elsewhere; where it is not read, the position stays in range. */
  #boxed(node: Node, part: Node, starts: readonly Expr[], index: readonly Expr[], outside: Expr): Expr {
    const { algebra } = this.expressions;
    const tests: Expr[] = [];
    const within = index.map((each, axis) => {
      const size = part.shape[axis] as Size;
      if (size === node.shape[axis]) return each;
      const [start, length] = [starts[axis] as Expr, this.expressions.size(size)];
      const from = algebra.sub(each, start);
      tests.push(
        algebra.less(from, this.expressions.number(0)),
        algebra.less(algebra.sub(length, this.expressions.number(1)), from),
      );
      return algebra.max(
        this.expressions.number(0),
        algebra.min(from, algebra.sub(length, this.expressions.number(1))),
      );
    });
    return tests.reduce(
      (value, isOutside) => algebra.select(isOutside, outside, value),
      this.read(part, within),
    );
  }

  /** Σ of the part's entries whose index is this row, in stretches so that long rows lose no digits. */
  #rowSum(part: Node, { form, shape }: Node, result: readonly Size[], index: readonly Expr[]): Expr {
    if (form.kind !== 'leaf') throw new Error('plan: an index is given, not computed');
    const { expressions } = this;
    const { algebra } = expressions;
    const [row, ...rest] = index as readonly [Expr, ...Expr[]];
    const inputs = this.#planner.segmentInputs(form.input, result[0] as Size);
    const start = expressions.input(inputs.starts, row);
    const length = algebra.sub(
      expressions.input(inputs.starts, expressions.plus(row, expressions.number(1))),
      start,
    );

    const stretch = expressions.number(stretchLength);
    const stretches = algebra.floor(
      algebra.div(algebra.add(length, expressions.number(stretchLength - 1)), stretch),
    );
    const outer = [...deepest(index), expressions.ragged(stretches)];
    const begin = algebra.mul(expressions.index(outer), stretch);
    const inner = [...outer, expressions.ragged(algebra.min(stretch, algebra.sub(length, begin)))];
    const place = expressions.plus(start, expressions.plus(begin, expressions.index(inner)));
    const entry = this.#unflattened(expressions.input(inputs.order, place), shape);
    return expressions.fold(
      'sum',
      outer,
      expressions.fold('sum', inner, this.read(part, [...entry, ...rest])),
    );
  }

  /** The index along each axis of a place in row-major order. */
  #unflattened(place: Expr, shape: readonly Size[]): Expr[] {
    const { expressions } = this;
    const { algebra } = expressions;
    const zero = expressions.number(0);
    const index: Expr[] = shape.map(() => zero);
    let rest = place;
    const outer = shape.findIndex(size => size !== one);
    for (let axis = shape.length - 1; axis > outer && outer >= 0; axis--) {
      if (shape[axis] === one) continue;
      const size = expressions.size(shape[axis] as Size);
      // Half a step up, so that a quotient that is rounded down stays right.
      const quotient = algebra.floor(algebra.div(algebra.add(rest, expressions.number(0.5)), size));
      index[axis] = algebra.sub(rest, algebra.mul(quotient, size));
      rest = quotient;
    }
    if (outer >= 0) index[outer] = rest;
    return index;
  }

  #partial(
    { inputs }: Node,
    { reducer, axis, chunk }: Extract<Node['form'], { kind: 'partial' }>,
    index: readonly Expr[],
  ): Expr {
    const { expressions } = this;
    const { algebra } = expressions;
    const of = inputs[0] as Node;
    const begin = algebra.mul(index[axis] as Expr, expressions.number(chunk));
    const left = algebra.sub(expressions.size(of.shape[axis] as Size), begin);
    const inner = [...deepest(index), expressions.ragged(algebra.min(expressions.number(chunk), left))];
    const at = index.map((each, i) =>
      i === axis ? expressions.plus(begin, expressions.index(inner)) : each,
    );
    return expressions.fold(reducer, inner, this.read(of, at));
  }
}

/** A row of a segment sum is added up in stretches of so many. */
const stretchLength = 64;

/** The innermost loop that any of these depends on. */
function deepest(exprs: readonly Expr[]): Path {
  return exprs.reduce<Path>((path, expr) => (expr.path.length > path.length ? expr.path : path), []);
}
