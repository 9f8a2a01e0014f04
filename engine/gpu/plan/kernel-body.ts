import { Reader, type ReaderContext } from '../../compile/fuse.ts';
import { type ArrayRef, deepest, type Expr, type Path } from '../../compile/ir.ts';
import type { Node } from '../../compile/node.ts';
import { one, type Size } from '../../compile/sizes.ts';

/**
 * The number of entries in a stretch. A segment is added up stretch by stretch, and then the sums of the stretches
 * are added up.
 */
const stretchLength = 64;

/** Returns the numbers of two inputs: the start of each row of an index, and its entries sorted by row. */
export type SegmentInputs = (
  index: number,
  rows: Size,
) => { readonly starts: number; readonly order: number };

/**
 * Reads nodes as expressions of one entry. A loop on a CPU adds entries to the result one by one (a scatter), whereas a
 * kernel looks up the entries that belong to its entry of the result.
 */
export class KernelBody extends Reader {
  readonly #segments: SegmentInputs;

  constructor(context: ReaderContext, segments: SegmentInputs) {
    super(context);
    this.#segments = segments;
  }

  /** The loops over a node's entries, and the value of one entry. */
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

  /**
   * One entry of a scatter. A part that is placed row by row contributes the sum or maximum of its rows for this entry. The
   * entries of overlapping parts are added up. If parts do not overlap, the part that contains the position gives the entry.
   */
  #collected(node: Node, form: Extract<Node['form'], { kind: 'scatter' }>, index: readonly Expr[]): Expr {
    const { algebra } = this.expressions;
    const zero = this.expressions.constant(0);
    return form.placements.reduce<Expr>((soFar, placement, i) => {
      const part = node.inputs[i] as Node;
      if (placement.kind === 'rows') {
        const reducer = form.isMaximum ? 'max' : 'sum';
        const row = this.#folded(reducer, part, placement.index, node.shape, index);
        return soFar === zero ? row : algebra.add(soFar, row);
      }
      const starts = placement.starts.map(start =>
        start === undefined ? zero : this.expressions.start(start),
      );
      if (form.overlaps && soFar !== zero)
        return algebra.add(soFar, this.#boxed(node, part, starts, index, zero));
      return this.#boxed(node, part, starts, index, soFar);
    }, zero);
  }

  /**
   * The entry of a part if the index lies inside the part's box, else `outside`. Since the part is read in both cases,
   * the index of the read is clamped to the box.
   */
  #boxed(node: Node, part: Node, starts: readonly Expr[], index: readonly Expr[], outside: Expr): Expr {
    const { algebra } = this.expressions;
    const tests: Expr[] = [];
    const within = index.map((axisIndex, axis) => {
      const size = part.shape[axis] as Size;
      if (size === node.shape[axis]) return axisIndex;
      const [start, length] = [starts[axis] as Expr, this.expressions.size(size)];
      const from = algebra.sub(axisIndex, start);
      tests.push(
        algebra.less(from, this.expressions.constant(0)),
        algebra.less(algebra.sub(length, this.expressions.constant(1)), from),
      );
      return algebra.max(
        this.expressions.constant(0),
        algebra.min(from, algebra.sub(length, this.expressions.constant(1))),
      );
    });
    return tests.reduce(
      (value, isOutside) => algebra.select(isOutside, outside, value),
      this.read(part, within),
    );
  }

  /**
   * The sum or maximum of the entries of a part that the index assigns to this row. It is computed in stretches, so that sums
   * of many entries lose no digits.
   */
  #folded(
    reducer: 'sum' | 'max',
    part: Node,
    { form, shape }: Node,
    resultShape: readonly Size[],
    index: readonly Expr[],
  ): Expr {
    if (form.kind !== 'leaf') throw new Error('plan: an index must be an input, not computed');
    const { expressions } = this;
    const { algebra } = expressions;
    const [row, ...rest] = index as readonly [Expr, ...Expr[]];
    const inputs = this.#segments(form.input, resultShape[0] as Size);
    const [starts, order] = [inputs.starts, inputs.order].map(
      number => ({ kind: 'input', number, type: 'whole' }) as const,
    ) as [ArrayRef, ArrayRef];
    const start = expressions.load(starts, row);
    const length = algebra.sub(
      expressions.load(starts, expressions.plus(row, expressions.constant(1))),
      start,
    );

    const stretch = expressions.constant(stretchLength);
    const stretches = algebra.floor(
      algebra.div(algebra.add(length, expressions.constant(stretchLength - 1)), stretch),
    );
    const outer = [...deepest(index), expressions.ragged(stretches)];
    const begin = algebra.mul(expressions.index(outer), stretch);
    const inner = [...outer, expressions.ragged(algebra.min(stretch, algebra.sub(length, begin)))];
    const position = expressions.plus(start, expressions.plus(begin, expressions.index(inner)));
    const entry = this.#unflattened(expressions.load(order, position), shape);
    return expressions.fold(
      reducer,
      outer,
      expressions.fold(reducer, inner, this.read(part, [...entry, ...rest])),
    );
  }

  /** The index along each axis of a position in row-major order. */
  #unflattened(position: Expr, shape: readonly Size[]): Expr[] {
    const { expressions } = this;
    const { algebra } = expressions;
    const zero = expressions.constant(0);
    const index: Expr[] = shape.map(() => zero);
    let rest = position;
    const outer = shape.findIndex(size => size !== one);
    for (let axis = shape.length - 1; axis > outer && outer >= 0; axis--) {
      if (shape[axis] === one) continue;
      const size = expressions.size(shape[axis] as Size);
      // Add ½ before dividing, so that rounding cannot push a quotient that should be whole below the whole number.
      const quotient = algebra.floor(algebra.div(algebra.add(rest, expressions.constant(0.5)), size));
      index[axis] = algebra.sub(rest, algebra.mul(quotient, size));
      rest = quotient;
    }
    if (outer >= 0) index[outer] = rest;
    return index;
  }

  /** The sum or maximum of one chunk of the input along an axis. */
  #partial(
    { inputs }: Node,
    { reducer, axis, chunk }: Extract<Node['form'], { kind: 'partial' }>,
    index: readonly Expr[],
  ): Expr {
    const { expressions } = this;
    const { algebra } = expressions;
    const input = inputs[0] as Node;
    const begin = algebra.mul(index[axis] as Expr, expressions.constant(chunk));
    const left = algebra.sub(expressions.size(input.shape[axis] as Size), begin);
    const inner = [...deepest(index), expressions.ragged(algebra.min(expressions.constant(chunk), left))];
    const at = index.map((axisIndex, i) =>
      i === axis ? expressions.plus(begin, expressions.index(inner)) : axisIndex,
    );
    return expressions.fold(reducer, inner, this.read(input, at));
  }
}
