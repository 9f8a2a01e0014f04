import { defineKnownOp } from './define-op.ts';
import type { AccumulateForm, BroadcastForm, ReduceForm, ReshapeForm } from './forms.ts';
import { type Shape, sameShape } from './shape.ts';
import type { Value } from './tape.ts';

/*
 * The sums that reverse mode itself needs. A value that is used several times fans out, and the adjoint of fan-out is a
 * sum. If several ops use a value, their cotangents are added up (accumulate). If broadcasting repeats a value, its
 * cotangent is the sum over the repetitions (sumTo, the adjoint of repeat). All other derivative rules are in ops/.
 */

/**
 * The sum of one or more equally shaped values, such as the cotangents of one value. The sum of a single value is that
 * value itself.
 */
export function accumulate(values: readonly Value[]): Value {
  return values.length === 1 ? (values[0] as Value) : accumulateOp(values);
}

const accumulateOp = defineKnownOp({
  name: 'accumulate',
  forward: (): AccumulateForm => ({ kind: 'accumulate' }),
  vjp: () => g => g,
});

/** The sum over `axes`, which are kept with length 1. */
export function sumOver(a: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? a : sumOp([a], axes);
}

const sumOp = defineKnownOp({
  name: 'sum',
  forward: (axes: readonly number[]): ReduceForm => ({ kind: 'reduce', reducer: 'sum', axes }),
  vjp: [(g, _ans, a) => repeat(g, a.shape)],
});

/** The value broadcast to `shape` by NumPy's rule. It is the adjoint of {@link sumTo}. */
export function repeat(a: Value, shape: Shape): Value {
  return sameShape(a.shape, shape) ? a : broadcastOp([a], shape);
}

const broadcastOp = defineKnownOp({
  name: 'broadcastTo',
  forward: (shape: Shape): BroadcastForm => ({ kind: 'broadcast', shape }),
  vjp: [(g, _ans, a) => sumTo(g, a.shape)],
});

/** The same numbers in the same order in another shape of equal size. */
export function reshaped(a: Value, shape: Shape): Value {
  return sameShape(a.shape, shape) ? a : reshapeOp([a], shape);
}

const reshapeOp = defineKnownOp({
  name: 'reshape',
  forward: (shape: Shape): ReshapeForm => ({ kind: 'reshape', shape }),
  vjp: [(g, _ans, a) => reshaped(g, a.shape)],
});

/**
 * The value summed to `shape`, which must broadcast to the shape of the value. The sums are over the axes along which
 * that broadcasting repeats entries. It is the adjoint of {@link repeat}.
 */
export function sumTo(a: Value, shape: Shape): Value {
  if (sameShape(a.shape, shape)) return a;
  const lead = a.shape.length - shape.length;
  const repeated = a.shape.flatMap((length, axis) => {
    return axis < lead || (shape[axis - lead] === 1 && length !== 1) ? [axis] : [];
  });
  return reshaped(sumOver(a, repeated), shape);
}
