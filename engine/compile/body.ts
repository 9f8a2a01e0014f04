import type { Expr, Expressions, Path } from './expression.ts';
import { baseOf, isSameWithoutOnes, longAxes, type Node } from './graph.ts';
import type { Buffer, Sink } from './plan.ts';
import { one, type Size } from './structure.ts';

/** Something that must lie in the arena, and the loop nest that puts it there. */
export interface Root {
  readonly node: Node;
  /** Which part of a scattered node; 0 for all others. */
  readonly part: number;
  /** The axes the loops run over. */
  readonly space: readonly Size[];
}

/** Reads nodes as expressions inside one loop nest. */
export class LoopBody {
  readonly expressions: Expressions;
  /** The buffers loaded from. */
  readonly reads: Set<number> = new Set();
  readonly ops: Set<string> = new Set();
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
    const { path, index } = this.loopsOver(space);
    const { form } = node;
    if (form.kind === 'scatter') {
      const value = this.read(node.inputs[part] as Node, index);
      const placement = form.placements[part] as (typeof form.placements)[number];
      const at = this.#place(placement, index);
      const kind =
        form.overlaps && !(placement.kind === 'box' && form.placements.length === 1) ? 'add' : 'store';
      return { kind, path, buffer, position: this.#inBuffer(buffer, node.shape, at), value };
    }
    if (form.kind === 'reduce' && reducesOuter(node)) {
      const value = this.read(node.inputs[0] as Node, index);
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
  protected loopsOver(space: readonly Size[]): { path: Path; index: Expr[] } {
    let path: Path = [];
    const index = space.map(size => {
      if (size === one) return this.expressions.number(0);
      path = [...path, size];
      return this.expressions.index(path);
    });
    return { path, index };
  }

  /** A node's entry: from its buffer, if it lies in one already, else computed. */
  protected read(node: Node, index: readonly Expr[]): Expr {
    const { form } = node;
    if (form.kind === 'fill') return this.expressions.number(form.number);
    if (form.kind === 'leaf') return this.expressions.input(form.input, this.position(node.shape, index));
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
    const expr = this.compute(node, index);
    this.#known.set(key, expr);
    return expr;
  }

  protected compute(node: Node, index: readonly Expr[]): Expr {
    const { form, inputs, shape } = node;
    const { expressions } = this;
    const [first, second] = inputs as [Node, Node];
    switch (form.kind) {
      case 'fill':
      case 'leaf':
        return this.read(node, index);
      case 'map': {
        this.ops.add(node.name);
        const value = form.expression(
          expressions.algebra,
          ...inputs.map(input => this.read(input, this.#aligned(input.shape, index))),
        );
        return form.isTurned ? expressions.turned(value) : value;
      }
      case 'broadcast':
        return this.read(first, this.#aligned(first.shape, index));
      case 'reshape':
        return this.#reshaped(first, shape, index);
      case 'transpose':
        return this.read(
          first,
          first.shape.map((_, axis) => index[form.permutation.indexOf(axis)] as Expr),
        );
      case 'slice':
        return this.read(
          first,
          index.map((each, axis) => expressions.plus(expressions.start(form.starts[axis] as number), each)),
        );
      case 'gather': {
        const rows = this.rows(second, index.slice(0, second.shape.length));
        return this.read(first, [rows, ...index.slice(second.shape.length)]);
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
    const body = this.read(of, index);
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
      return this.read(
        of,
        of.shape.map(size => (size === one ? this.expressions.number(0) : (long[next++] as Expr))),
      );
    }
    // Numbers keep their order, so the place in the one shape is the place in the other.
    const base = baseOf(of);
    if (base.form.kind === 'fill') return this.expressions.number(base.form.number);
    const place = this.position(shape, index);
    if (base.form.kind === 'leaf') return this.expressions.input(base.form.input, place);
    const buffer = this.#bufferOf(base);
    if (!buffer) throw new Error(`plan: loop ${this.#order} reshapes ${base.name} before it is stored`);
    return this.#load(buffer, this.expressions.plus(this.offset(buffer.id), place));
  }

  #load({ id }: Buffer, position: Expr): Expr {
    this.reads.add(id);
    return this.expressions.load(id, position, this.#guessed.has(id));
  }

  protected rows(index: Node, at: readonly Expr[]): Expr {
    if (index.form.kind !== 'leaf') throw new Error('plan: an index is given, not computed');
    return this.expressions.input(index.form.input, this.position(index.shape, at));
  }

  #place(
    placement: Extract<Node['form'], { kind: 'scatter' }>['placements'][number],
    index: readonly Expr[],
  ): Expr[] {
    const { expressions } = this;
    switch (placement.kind) {
      case 'rows': {
        const rank = placement.index.shape.length;
        return [this.rows(placement.index, index.slice(0, rank)), ...index.slice(rank)];
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
    return this.position(shape, index, this.offset(buffer));
  }

  /** Where a buffer begins in the array it lies in. */
  protected offset(buffer: number): Expr {
    return this.expressions.offset(buffer);
  }

  /** The position of an entry in a row-major array: outer axes first, so that what does not change stays outside. */
  protected position(
    shape: readonly Size[],
    index: readonly Expr[],
    from: Expr = this.expressions.number(0),
  ): Expr {
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

/** Whether a sum runs over its outermost axis: then it must see all of the loop, and is there only afterwards. */
export function reducesOuter({ form, inputs }: Node): boolean {
  if (form.kind !== 'reduce') return false;
  const { shape } = inputs[0] as Node;
  const outer = shape.findIndex(size => size !== one);
  return outer >= 0 && form.axes.includes(outer);
}
