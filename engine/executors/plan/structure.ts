import type { Expression } from '../../scalar.ts';
import type { Value } from '../../tape.ts';
import type { TensorData } from '../../tensor.ts';
import type { Precision } from '../executor.ts';
import { textOf } from './expression.ts';

/** The number of a size in a structure; equal sizes share one. {@link one} stands for length 1, which broadcasts. */
export type Size = number;

/** The size of axes of length 1, which is part of the structure. */
export const one: Size = 0;

/**
 * What a tape has in common with every other of the same scorer, and what is its own.
 *
 * `key` is the structure: ops and their wiring, the numbers in expressions, axes, which sizes are equal. Two poses of
 * one scorer have the same, even when their pair lists differ in length. The rest is data, bound at each run.
 */
export interface Structure {
  readonly key: string;
  /** The length behind each {@link Size}. */
  readonly sizes: readonly number[];
  /** Where slices begin and pads lay in, in the order of the tape. */
  readonly starts: readonly number[];
}

const mapKeys = new WeakMap<Expression, string>();

/** Expressions are structure by what they compute, not by which function object says it. */
function keyOfMap(expression: Expression, inputs: number): string {
  let key = mapKeys.get(expression);
  if (key === undefined) {
    key = textOf(expression, inputs);
    mapKeys.set(expression, key);
  }
  return key;
}

function keyOfArray(data: TensorData): string {
  return data instanceof Float64Array ? 'd' : data instanceof Float32Array ? 'f' : 'i';
}

/** Reads the structure of the live values of a tape, oldest first. */
export function structureOf(
  live: readonly Value[],
  wanted: readonly Value[],
  precision: Precision,
): Structure {
  const numbers = new Map<number, Size>([[1, one]]);
  const sizes = [1];
  const starts: number[] = [];
  const places = new Map<Value, number>();
  let key: string = precision;
  for (let place = 0; place < live.length; place++) {
    const value = live[place] as Value;
    const { form, inputs, shape } = value;
    places.set(value, place);
    key += `\n${form.kind}`;
    for (let i = 0; i < inputs.length; i++) key += ` ${places.get(inputs[i] as Value)}`;
    key += ':';
    for (let axis = 0; axis < shape.length; axis++) {
      const length = shape[axis] as number;
      let size = numbers.get(length);
      if (size === undefined) {
        size = sizes.length;
        sizes.push(length);
        numbers.set(length, size);
      }
      key += ` ${size}`;
    }
    switch (form.kind) {
      case 'parameter':
      case 'constant':
        key += keyOfArray(form.tensor.data);
        break;
      case 'fill':
        key += `=${form.number}`;
        break;
      case 'map':
        key += keyOfMap(form.expression, inputs.length);
        break;
      case 'reduce':
        key += `${form.reducer}${form.axes}`;
        break;
      case 'transpose':
        key += `(${form.permutation})`;
        break;
      case 'concat':
        key += `|${form.axis}`;
        break;
      case 'matmul':
        key += `${form.transposeA ? 'T' : 'N'}${form.transposeB ? 'T' : 'N'}`;
        break;
      case 'slice':
      case 'pad':
        for (const start of form.start) starts.push(start);
        break;
      default:
    }
  }
  key += '\n>';
  for (const value of wanted) key += ` ${places.get(value)}`;
  return { key, sizes, starts };
}
