import { checkExpression, frozenMap, type MapForm } from './map-form.ts';
import type { Expression } from './scalar.ts';
import { broadcastShapes, isShape, reducedShape, type Shape, sameShape, showShape, sizeOf } from './shape.ts';
import type { Tensor } from './tensor.ts';

/**
 * The form of a value's computation, one of a small closed set. Every executor handles exactly the forms of this set,
 * so a new op needs no change to executors, and a new executor no change to ops. An executor or a VJP rule needs to
 * know only the form, the inputs and their shapes.
 */
export type Form = Leaf | Computation;

export type { MapForm } from './map-form.ts';

/** Forms of values that the caller provides. */
export type Leaf = ParameterForm | ConstantForm | FillForm;

/** Forms of values computed from other values. */
export type Computation =
  | MapForm
  | ReduceForm
  | BroadcastForm
  | ReshapeForm
  | TransposeForm
  | SliceForm
  | PadForm
  | ConcatForm
  | GatherForm
  | SegmentSumForm
  | SegmentMaxForm
  | MatmulForm
  | AccumulateForm;

/** Numbers with respect to which gradients can be computed. */
export interface ParameterForm {
  /** Name of the form. */
  readonly kind: 'parameter';
  /** The numbers, read when the tape runs. */
  readonly tensor: Tensor;
  /** A name for listings and errors. */
  readonly name: string;
}

/** Numbers or indices without a gradient; they may differ from pose to pose. */
export interface ConstantForm {
  /** Name of the form. */
  readonly kind: 'constant';
  /** The numbers, or an Int32Array of rows. */
  readonly tensor: Tensor;
  /**
   * For index data, the smallest number of rows that its entries were checked against. A check against more rows can be
   * skipped.
   */
  rows: number;
}

/**
 * A tensor filled with one number, such as the seed of reverse mode or a literal of a derivative rule. The number is
 * part of the tape's structure.
 */
export interface FillForm {
  /** Name of the form. */
  readonly kind: 'fill';
  /** The number. */
  readonly number: number;
  /** Shape of the result. */
  readonly shape: Shape;
}

/** The sum or the maximum over `axes`, which are kept with length 1. */
export interface ReduceForm {
  /** Name of the form. */
  readonly kind: 'reduce';
  /** `sum` adds the entries up, `max` takes the largest. */
  readonly reducer: 'sum' | 'max';
  /** The axes that are reduced, counted from 0, in ascending order. */
  readonly axes: readonly number[];
}

/** The input, repeated to `shape`. */
export interface BroadcastForm {
  /** Name of the form. */
  readonly kind: 'broadcast';
  /** Shape of the result. */
  readonly shape: Shape;
}

/** The same numbers in the same order under another shape. An executor may use the input's array for the result. */
export interface ReshapeForm {
  /** Name of the form. */
  readonly kind: 'reshape';
  /** Shape of the result. */
  readonly shape: Shape;
}

/** Axis i of the result is axis permutation[i] of the input. */
export interface TransposeForm {
  /** Name of the form. */
  readonly kind: 'transpose';
  /** An axis of the input for each axis of the result. */
  readonly permutation: readonly number[];
}

/** The box of `shape` that begins at `start` in the input. */
export interface SliceForm {
  /** Name of the form. */
  readonly kind: 'slice';
  /** Index of the box's first entry within the input, one number for each axis. */
  readonly start: readonly number[];
  /** Shape of the result. */
  readonly shape: Shape;
}

/** Zeros of `shape`, with the input placed at `start`. */
export interface PadForm {
  /** Name of the form. */
  readonly kind: 'pad';
  /** Index of the input's first entry within the result, one number for each axis. */
  readonly start: readonly number[];
  /** Shape of the result. */
  readonly shape: Shape;
}

/** The inputs joined along `axis`. */
export interface ConcatForm {
  /** Name of the form. */
  readonly kind: 'concat';
  /** The axis, counted from 0. */
  readonly axis: number;
}

/** Rows of the first input a, picked by the second input: result[i, …] = a[index[i], …]. */
export interface GatherForm {
  /** Name of the form. */
  readonly kind: 'gather';
}

/**
 * Sums of rows of the first input a, grouped by the second input. The result begins as `count` rows of zeros, and each
 * row of a is added to one of them: result[index[i], …] += a[i, …].
 */
export interface SegmentSumForm {
  /** Name of the form. */
  readonly kind: 'segment-sum';
  /** Number of rows of the result. */
  readonly count: number;
}

/**
 * Entrywise maxima of rows of the first input a, grouped by the second input. The result has `count` rows; row r is the
 * maximum of the rows a[i] with index[i] = r, or −∞ if there are no such rows.
 */
export interface SegmentMaxForm {
  /** Name of the form. */
  readonly kind: 'segment-max';
  /** Number of rows of the result. */
  readonly count: number;
}

/**
 * The product of matrices in the last two axes of both inputs. Each input may be read transposed. The other axes must
 * be equal in both inputs.
 */
export interface MatmulForm {
  /** Name of the form. */
  readonly kind: 'matmul';
  /** True if the last two axes of the first input are exchanged. */
  readonly transposeA: boolean;
  /** True if the last two axes of the second input are exchanged. */
  readonly transposeB: boolean;
}

/** The sum of any number of equally shaped inputs, such as the cotangents of a value used more than once. */
export interface AccumulateForm {
  /** Name of the form. */
  readonly kind: 'accumulate';
}

/**
 * Number of inputs of a form, or `number` if the form takes any number of inputs. A map has as many inputs as its
 * expression takes.
 */
export type ArityOf<F extends Form> =
  F extends MapForm<infer E>
    ? Parameters<E> extends readonly [unknown, ...infer Inputs]
      ? Inputs['length']
      : number
    : F extends Leaf
      ? 0
      : F extends ConcatForm | AccumulateForm
        ? number
        : F extends GatherForm | SegmentSumForm | SegmentMaxForm | MatmulForm
          ? 2
          : 1;

/**
 * The form of an elementwise op.
 *
 * The expression computes from its inputs, with the operations of the algebra `s`. It must not use anything that varies
 * between calls. Inputs broadcast by NumPy's rule.
 * @example
 * map((s, x, y) => s.sqrt(s.add(s.mul(x, x), s.mul(y, y))))
 */
export function map<E extends Expression>(expression: E): MapForm<E> {
  return frozenMap({ kind: 'map', expression }) as MapForm<E>;
}

/** True for a segment sum or a segment maximum. Both combine rows into `count` rows by an index. */
export function isSegmented(form: Form): form is SegmentSumForm | SegmentMaxForm {
  return form.kind === 'segment-sum' || form.kind === 'segment-max';
}

/** True for a maximum over axes and for a segment maximum. */
export function isMaximum(form: Form): boolean {
  return form.kind === 'segment-max' || (form.kind === 'reduce' && form.reducer === 'max');
}

/** True if input `position` of this form is index data. */
export function takesIndex(form: Form, position: number): boolean {
  return position === 1 && (form.kind === 'gather' || isSegmented(form));
}

/**
 * The shape of the result, which depends only on the form and the inputs' shapes.
 *
 * @throws Error naming `op`, the inputs' shapes and the condition that they do not meet
 */
export function shapeOf(op: string, form: Form, inputs: readonly Shape[]): Shape {
  switch (form.kind) {
    case 'parameter':
    case 'constant':
      checkCount(op, form, inputs, 0);
      return form.tensor.shape;
    case 'fill':
      checkCount(op, form, inputs, 0);
      checkShape(op, inputs, form.shape);
      return form.shape;
    case 'map': {
      checkSome(op, form, inputs);
      checkExpression(op, form, inputs.length);
      const shape = broadcastShapes(inputs);
      if (!shape) {
        throw misfitError(op, inputs, 'aligned at the last axis, lengths must be equal or 1');
      }
      return shape;
    }
    case 'reduce': {
      checkCount(op, form, inputs, 1);
      const [a = []] = inputs;
      if (!areAxes(form.axes, a)) {
        const axes = `(${form.axes.join(', ')})`;
        throw misfitError(
          op,
          inputs,
          `the reduced axes ${axes} must be some of its ${a.length} axes, in ascending order`,
        );
      }
      if (form.reducer === 'max' && form.axes.some(axis => a[axis] === 0)) {
        throw misfitError(
          op,
          inputs,
          'the largest of no numbers is undefined; the reduced axes need at least one entry',
        );
      }
      return reducedShape(a, form.axes);
    }
    case 'broadcast': {
      checkCount(op, form, inputs, 1);
      const [a = []] = inputs;
      checkShape(op, inputs, form.shape);
      const shape = broadcastShapes([a, form.shape]);
      if (!shape || !sameShape(shape, form.shape)) {
        throw misfitError(
          op,
          inputs,
          `does not broadcast to ${showShape(form.shape)}: lengths must be equal or 1`,
        );
      }
      return form.shape;
    }
    case 'reshape': {
      checkCount(op, form, inputs, 1);
      const [a = []] = inputs;
      checkShape(op, inputs, form.shape);
      if (sizeOf(a) !== sizeOf(form.shape)) {
        const sizes = `${sizeOf(a)} numbers do not fill ${showShape(form.shape)}`;
        throw misfitError(op, inputs, `${sizes}, which holds ${sizeOf(form.shape)}`);
      }
      return form.shape;
    }
    case 'transpose': {
      checkCount(op, form, inputs, 1);
      const [a = []] = inputs;
      const { permutation } = form;
      if (permutation.length !== a.length || !a.every((_, axis) => permutation.includes(axis))) {
        throw misfitError(
          op,
          inputs,
          `(${permutation.join(', ')}) does not name each of its ${a.length} axes once`,
        );
      }
      return permutation.map(axis => a[axis] as number);
    }
    case 'slice':
      checkCount(op, form, inputs, 1);
      checkBox(op, inputs, form.shape, form.start, inputs[0] ?? []);
      return form.shape;
    case 'pad':
      checkCount(op, form, inputs, 1);
      checkShape(op, inputs, form.shape);
      checkBox(op, inputs, inputs[0] ?? [], form.start, form.shape);
      return form.shape;
    case 'concat':
      checkSome(op, form, inputs);
      return concatShape(op, inputs, form.axis);
    case 'gather': {
      checkCount(op, form, inputs, 2);
      const [a = [], index = []] = inputs;
      if (a.length === 0) throw misfitError(op, inputs, 'a single number has no rows to gather');
      return [...index, ...a.slice(1)];
    }
    case 'segment-sum':
    case 'segment-max': {
      checkCount(op, form, inputs, 2);
      const [a = [], index = []] = inputs;
      if (!sameShape(a.slice(0, index.length), index)) {
        throw misfitError(op, inputs, 'the index needs one entry for each row of the first operand');
      }
      if (form.count < 0) throw misfitError(op, inputs, `there are no ${form.count} segments`);
      return [form.count, ...a.slice(index.length)];
    }
    case 'matmul':
      checkCount(op, form, inputs, 2);
      return matmulShape(op, inputs, form);
    case 'accumulate': {
      checkSome(op, form, inputs);
      const [first = []] = inputs;
      if (!inputs.every(shape => sameShape(shape, first)))
        throw misfitError(op, inputs, 'the shapes must be equal');
      return first;
    }
  }
}

/** @throws RangeError naming `op`, the shape and the inputs' shapes, if a length is not a whole number from 0 */
export function checkShape(op: string, inputs: readonly Shape[], shape: Shape): void {
  if (!isShape(shape))
    throw misfitError(op, inputs, `${showShape(shape)} is not a shape: lengths are whole numbers from 0`);
}

/** @throws TypeError naming the op, unless the form has `count` inputs */
function checkCount(op: string, form: Form, inputs: readonly Shape[], count: number): void {
  if (inputs.length === count) return;
  throw new TypeError(`${op}: the form ${form.kind} takes ${count} inputs, got ${inputs.length}`);
}

/** @throws TypeError naming the op, unless the form has inputs */
function checkSome(op: string, form: Form, inputs: readonly Shape[]): void {
  if (inputs.length === 0) throw new TypeError(`${op}: the form ${form.kind} takes at least one input`);
}

/** True if `axes` are ascending axes of a tensor of this shape. */
function areAxes(axes: readonly number[], shape: Shape): boolean {
  let previous = -1;
  for (const axis of axes) {
    if (axis <= previous || axis >= shape.length) return false;
    previous = axis;
  }
  return true;
}

/** @throws RangeError naming the op, unless the box of shape `box` from `start` lies within `room` */
function checkBox(
  op: string,
  inputs: readonly Shape[],
  box: Shape,
  start: readonly number[],
  room: Shape,
): void {
  const fits =
    box.length === room.length &&
    start.length === room.length &&
    isShape(box) &&
    box.every((length, axis) => {
      const from = start[axis] as number;
      return from >= 0 && from + length <= (room[axis] as number);
    });
  if (!fits) {
    const at = `from (${start.join(', ')})`;
    throw misfitError(op, inputs, `a box of ${showShape(box)} ${at} does not lie in ${showShape(room)}`);
  }
}

function concatShape(op: string, inputs: readonly Shape[], axis: number): Shape {
  const [first = []] = inputs;
  if (axis < 0 || axis >= first.length) throw misfitError(op, inputs.slice(0, 1), `there is no axis ${axis}`);
  const rest = (shape: Shape) => shape.filter((_, i) => i !== axis);
  const others = rest(first);
  if (!inputs.every(shape => shape.length === first.length && sameShape(rest(shape), others))) {
    throw misfitError(op, inputs, `all lengths but those of axis ${axis} must be equal`);
  }
  const total = inputs.reduce((sum, shape) => sum + (shape[axis] as number), 0);
  return first.map((length, i) => (i === axis ? total : length));
}

/**
 * The lengths of a matrix product after the transposes: `m` rows, `n` columns, and `k` products that are added up for
 * each entry. `k` is taken from `a`; `depthB` is the same number taken from `b`, and must be equal to `k`.
 */
export function matmulSizes(
  form: MatmulForm,
  a: Shape,
  b: Shape,
): { m: number; k: number; n: number; depthB: number } {
  const [rowsA, columnsA] = a.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.slice(-2) as [number, number];
  return {
    m: form.transposeA ? columnsA : rowsA,
    k: form.transposeA ? rowsA : columnsA,
    n: form.transposeB ? rowsB : columnsB,
    depthB: form.transposeB ? columnsB : rowsB,
  };
}

function matmulShape(op: string, inputs: readonly Shape[], form: MatmulForm): Shape {
  const [a = [], b = []] = inputs;
  if (a.length < 2 || b.length < 2 || !sameShape(a.slice(0, -2), b.slice(0, -2))) {
    throw misfitError(op, inputs, 'both need two axes at the end and equal axes before them');
  }
  const { m, k, n, depthB } = matmulSizes(form, a, b);
  if (k !== depthB) {
    throw misfitError(
      op,
      inputs,
      `sums over ${k} numbers on the left and ${depthB} on the right, which must be equal`,
    );
  }
  return [...a.slice(0, -2), m, n];
}

/** An error that names the op, the shapes of its inputs, and what is wrong with them. */
function misfitError(op: string, inputs: readonly Shape[], what: string): Error {
  if (inputs.length === 0) return new RangeError(`${op}: ${what}`);
  const mostShapes = 8;
  const shown = inputs.slice(0, mostShapes).map(showShape).join(' and ');
  const more = inputs.length > mostShapes ? ` and ${inputs.length - mostShapes} more` : '';
  return new RangeError(`${op}: ${shown}${more}: ${what}`);
}
