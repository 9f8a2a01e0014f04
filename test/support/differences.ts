import { evaluate, gradient, Tape, type Tensor, tensor, type Value } from 'posetape';
import { add, mul, sum } from 'posetape/ops';
import { expectClose } from './equal.ts';

/** Function that records a scalar computed from parameters. */
export type Recording = (tape: Tape, params: readonly Value[]) => Value;

/** Direction in the space of all parameters: for each parameter, a number for each entry in row-major order. */
export type Direction = readonly (readonly number[])[];

/** `count` irregular numbers between −1 and 1, which depend on the seed alone. */
export function weights(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * (seed + 1)));
}

/** Direction of irregular numbers, with one number for each entry of these tensors. */
export function directionLike(tensors: readonly Tensor[], seed: number): Direction {
  return tensors.map(({ data }, i) => weights(data.length, seed + 31 * i));
}

/** Value of a recording at these parameters. */
export function valueAt(recording: Recording, params: readonly Tensor[]): number {
  const tape = new Tape();
  const y = recording(
    tape,
    params.map(param => tape.parameter(param)),
  );
  return evaluate([y])[0].data[0] as number;
}

/**
 * Fails unless the slope along `direction`, computed by `gradient`, equals a central difference.
 *
 * The difference is of fourth order: (8(f(h) − f(−h)) − (f(2h) − f(−2h)))/12h with h = 10⁻³. Its truncation error is
 * h⁴|f⁽⁵⁾|/30 ≈ 3·10⁻¹⁴|f⁽⁵⁾|. Its rounding error is about 10⁻¹⁶/h = 10⁻¹³ times the terms of f. If all numbers are
 * around 1 and |f⁽⁵⁾| is below 10⁶, both errors are below the tolerance, 10⁻⁷ times 1 + |f| + Σ|gᵢvᵢ|, where g is the gradient
 * and v the direction. A wrong derivative rule causes a larger error.
 */
export function expectSlope(recording: Recording, params: readonly Tensor[], direction: Direction): void {
  const tape = new Tape();
  const leaves = params.map(param => tape.parameter(param));
  const y = recording(tape, leaves);
  const [value, ...gradients] = evaluate([y, ...gradient(y, leaves)]);
  const terms = gradients.flatMap(({ data }, i) => {
    return Array.from(data, (slope, j) => slope * (direction[i]?.[j] as number));
  });
  const slope = terms.reduce((total, term) => total + term, 0);
  const steepness = terms.reduce((total, term) => total + Math.abs(term), 0);

  const step = 1e-3;
  const at = (steps: number) => valueAt(recording, moved(params, direction, steps * step));
  const difference = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step);
  expectClose(slope, difference, 1e-7, 1 + Math.abs(value?.data[0] as number) + steepness);
}

/** Recording of the slope of `recording` along `direction`. The gradient of this slope is a Hessian-vector product. */
export function projectedGradient(recording: Recording, direction: Direction): Recording {
  return (tape, params) => {
    const gradients = gradient(recording(tape, params), params);
    return gradients
      .map((slope, i) => projection(slope, direction[i] as readonly number[]))
      .reduce((a, b) => add(a, b));
  };
}

/** Records the inner product of a value with numbers in row-major order. */
export function projection(value: Value, numbers: readonly number[]): Value {
  return sum(mul(value, value.tape.constant(tensor(Float64Array.from(numbers), value.shape))));
}

function moved(params: readonly Tensor[], direction: Direction, distance: number): Tensor[] {
  return params.map(({ data, shape }, i) => {
    return tensor(
      Float64Array.from(data, (entry, j) => entry + distance * (direction[i]?.[j] as number)),
      shape,
    );
  });
}
