import { checkShape, type Form } from './forms.ts';
import { kindOf } from './kind-of.ts';
import { frozenMap } from './map-form.ts';
import { type Shape, showShape, sizeOf } from './shape.ts';
import { isTensorData, type Tensor } from './tensor.ts';

/**
 * A copy of a form as plain data, each field read once and of its type. So an executor that makes source text of it meets
 * nothing but numbers and checked expressions, and later changes to the caller's own form have no effect.
 *
 * {@link shapeOf} then checks that the numbers fit the inputs.
 *
 * @throws TypeError naming `op` and the field
 */
export function ownForm<F extends Form>(op: string, form: F): F {
  return copyOf(op, form) as F;
}

function copyOf(op: string, form: Form): Form {
  if (typeof form !== 'object' || form === null) throw new TypeError(`${op}: its form is ${kindOf(form)}`);
  // Read once: a getter may answer otherwise the next time.
  const { kind } = form;
  switch (kind) {
    case 'map':
      return frozenMap(form);
    case 'reduce': {
      const { reducer } = form;
      if (reducer !== 'sum' && reducer !== 'max') throw unlike(op, 'reducer', "'sum' or 'max'", reducer);
      return { kind, reducer, axes: wholes(op, 'axes', form.axes) };
    }
    case 'broadcast':
    case 'reshape':
      return { kind, shape: ownShape(op, form.shape) };
    case 'transpose':
      return { kind, permutation: wholes(op, 'permutation', form.permutation) };
    case 'slice':
    case 'pad':
      return { kind, start: wholes(op, 'start', form.start), shape: ownShape(op, form.shape) };
    case 'concat':
      return { kind, axis: whole(op, 'axis', form.axis) };
    case 'segment-sum':
    case 'segment-max':
      return { kind, count: whole(op, 'count', form.count) };
    case 'matmul': {
      const [transposeA, transposeB] = [form.transposeA, form.transposeB];
      checkFlag(op, 'transposeA', transposeA);
      checkFlag(op, 'transposeB', transposeB);
      return { kind, transposeA, transposeB };
    }
    case 'gather':
    case 'accumulate':
      return { kind };
    case 'fill': {
      const { number } = form;
      if (typeof number !== 'number') throw unlike(op, 'number', 'a number', number);
      return { kind, number, shape: ownShape(op, form.shape) };
    }
    case 'constant':
      return { kind, tensor: ownTensor(op, form.tensor), rows: Number.POSITIVE_INFINITY };
    case 'parameter': {
      const { name } = form;
      if (typeof name !== 'string') throw unlike(op, 'name', 'a string', name);
      return { kind, tensor: ownTensor(op, form.tensor), name };
    }
    default:
      throw new TypeError(`${op}: there is no form ${typeof kind === 'string' ? kind : kindOf(kind)}`);
  }
}

/** A tensor whose shape nobody can change; its numbers are read when the tape runs. */
export function ownTensor(op: string, tensor: Tensor): Tensor {
  if (typeof tensor !== 'object' || tensor === null) throw unlike(op, 'tensor', 'a tensor', tensor);
  const { data } = tensor;
  if (!isTensorData(data)) throw unlike(op, 'data', 'a Float64Array, Float32Array or Int32Array', data);
  const shape = ownShape(op, tensor.shape);
  checkShape(op, [], shape);
  if (sizeOf(shape) !== data.length) {
    throw new RangeError(
      `${op}: shape ${showShape(shape)} holds ${sizeOf(shape)} numbers, but ${data.length} were given`,
    );
  }
  return { data, shape };
}

/** @throws TypeError naming `op` and the option, for what is neither true nor false */
export function checkFlag(op: string, name: string, flag: unknown): void {
  if (typeof flag !== 'boolean') throw unlike(op, name, 'true or false', flag);
}

/** A list of numbers. Whether they can be the lengths of axes, {@link shapeOf} says. */
function ownShape(op: string, shape: Shape): Shape {
  const own = ownList(op, 'shape', shape);
  for (let axis = 0; axis < own.length; axis++) {
    if (typeof own[axis] !== 'number') throw unlike(op, 'shape', 'a list of whole numbers', own[axis]);
    if (own[axis] === 0) own[axis] = 0; // of −0
  }
  return own as number[];
}

function wholes(op: string, name: string, list: readonly number[]): number[] {
  const own = ownList(op, name, list);
  for (let i = 0; i < own.length; i++) own[i] = whole(op, name, own[i]);
  return own as number[];
}

/** A list's entries, each read once into a list of the plain kind; a hole in it becomes `undefined`. */
function ownList(op: string, name: string, list: unknown): unknown[] {
  if (!Array.isArray(list)) throw unlike(op, name, 'a list of whole numbers', list);
  return [...list];
}

function whole(op: string, name: string, number: unknown): number {
  if (!Number.isInteger(number)) throw unlike(op, name, 'whole numbers', number);
  return (number as number) + 0; // 0 of −0
}

function unlike(op: string, name: string, wanted: string, got: unknown): TypeError {
  return new TypeError(`${op}: ${name} must be ${wanted}, got ${kindOf(got)}`);
}
