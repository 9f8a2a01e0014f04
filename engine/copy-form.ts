import { checkShape, type Form } from './forms.ts';
import { kindOf } from './kind-of.ts';
import { frozenMap } from './map-form.ts';
import { type Shape, showShape, sizeOf } from './shape.ts';
import { isTensorData, type Tensor } from './tensor.ts';

/**
 * A copy of a form as plain data, with the type of each field checked. So source that an executor generates from the
 * copy contains only numbers and checked expressions, and later changes to the caller's form have no effect.
 *
 * This function does not check that the numbers fit the inputs: {@link shapeOf} does so later.
 *
 * @throws TypeError naming `op` and the field that has a wrong type
 */
export function copyForm<F extends Form>(op: string, form: F): F {
  return copyFields(op, form) as F;
}

function copyFields(op: string, form: Form): Form {
  if (typeof form !== 'object' || form === null) throw new TypeError(`${op}: its form is ${kindOf(form)}`);
  // Each field is read only once: a getter could return something else the second time.
  const { kind } = form;
  switch (kind) {
    case 'map':
      return frozenMap(form);
    case 'reduce': {
      const { reducer } = form;
      if (reducer !== 'sum' && reducer !== 'max')
        throw wrongFieldError(op, 'reducer', "'sum' or 'max'", reducer);
      return { kind, reducer, axes: wholeNumbers(op, 'axes', form.axes) };
    }
    case 'broadcast':
    case 'reshape':
      return { kind, shape: copyShape(op, form.shape) };
    case 'transpose':
      return { kind, permutation: wholeNumbers(op, 'permutation', form.permutation) };
    case 'slice':
    case 'pad':
      return { kind, start: wholeNumbers(op, 'start', form.start), shape: copyShape(op, form.shape) };
    case 'concat':
      return { kind, axis: wholeNumber(op, 'axis', form.axis) };
    case 'segment-sum':
    case 'segment-max':
      return { kind, count: wholeNumber(op, 'count', form.count) };
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
      if (typeof number !== 'number') throw wrongFieldError(op, 'number', 'a number', number);
      return { kind, number, shape: copyShape(op, form.shape) };
    }
    case 'constant':
      return { kind, tensor: copyTensor(op, form.tensor), rows: Number.POSITIVE_INFINITY };
    case 'parameter': {
      const { name } = form;
      if (typeof name !== 'string') throw wrongFieldError(op, 'name', 'a string', name);
      return { kind, tensor: copyTensor(op, form.tensor), name };
    }
    default:
      throw new TypeError(`${op}: unknown form ${typeof kind === 'string' ? kind : kindOf(kind)}`);
  }
}

/**
 * A copy of a tensor: its shape is copied, and its array is the caller's own, whose numbers are read when the tape runs.
 */
export function copyTensor(op: string, tensor: Tensor): Tensor {
  if (typeof tensor !== 'object' || tensor === null) throw wrongFieldError(op, 'tensor', 'a tensor', tensor);
  const { data } = tensor;
  if (!isTensorData(data))
    throw wrongFieldError(op, 'data', 'a Float64Array, Float32Array or Int32Array', data);
  const shape = copyShape(op, tensor.shape);
  checkShape(op, [], shape);
  if (sizeOf(shape) !== data.length) {
    throw new RangeError(
      `${op}: shape ${showShape(shape)} holds ${sizeOf(shape)} numbers, but ${data.length} were given`,
    );
  }
  return { data, shape };
}

/** @throws TypeError naming `op` and the option if `flag` is neither true nor false */
export function checkFlag(op: string, name: string, flag: unknown): void {
  if (typeof flag !== 'boolean') throw wrongFieldError(op, name, 'true or false', flag);
}

/** A copy of a list of numbers. Whether they can be lengths is checked later, by {@link shapeOf}. */
function copyShape(op: string, shape: Shape): Shape {
  const lengths = copyList(op, 'shape', shape);
  for (let axis = 0; axis < lengths.length; axis++) {
    if (typeof lengths[axis] !== 'number')
      throw wrongFieldError(op, 'shape', 'a list of whole numbers', lengths[axis]);
    if (lengths[axis] === 0) lengths[axis] = 0; // turns −0 into 0
  }
  return lengths as number[];
}

function wholeNumbers(op: string, name: string, list: readonly number[]): number[] {
  const numbers = copyList(op, name, list);
  for (let i = 0; i < numbers.length; i++) numbers[i] = wholeNumber(op, name, numbers[i]);
  return numbers as number[];
}

/** Copies a list, reading each entry once. A hole in the list becomes `undefined`. */
function copyList(op: string, name: string, list: unknown): unknown[] {
  if (!Array.isArray(list)) throw wrongFieldError(op, name, 'a list of whole numbers', list);
  return [...list];
}

function wholeNumber(op: string, name: string, number: unknown): number {
  if (!Number.isInteger(number)) throw wrongFieldError(op, name, 'whole numbers', number);
  return (number as number) + 0; // turns −0 into 0
}

/** The error for a field or option of a wrong type. */
function wrongFieldError(op: string, name: string, wanted: string, got: unknown): TypeError {
  return new TypeError(`${op}: ${name} must be ${wanted}, got ${kindOf(got)}`);
}
