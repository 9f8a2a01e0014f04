import { accumulate, sumTo } from './fan-out.ts';
import { broadcastShapes, sameShape, showShape, sizeOf } from './shape.ts';
import {
  checkList,
  checkValue,
  checkValues,
  describe,
  isValue,
  type Op,
  type Operand,
  type Tape,
  type Value,
  type VjpRule,
} from './tape.ts';

/**
 * Reverse mode: records the gradients of the single number `y` with respect to each of `wrt` on the same tape, and
 * returns them, shaped like `wrt`. They are ordinary values, so `gradient` works on gradients too, to any order.
 *
 * `wrt` may be any values, not only parameters. If `y` does not depend on one, its gradient is zero.
 *
 * The cotangent of a value v is v̄ = ∂y/∂v. Reverse mode goes back from ȳ = 1. The VJP rules of each op turn the
 * cotangent of its result into a cotangent for each input. If a value is used several times, its cotangents are summed.
 *
 * @throws RangeError if `y` is not a single number, TypeError if `wrt` is not a list of values
 * @example
 * const tape = new Tape();
 * const x = tape.parameter(tensor([1, 2, 3]));
 * const y = sum(square(x));
 * const [dx] = gradient(y, [x]);
 * evaluate([y, dx]);                            // 14 and [2, 4, 6]
 */
export function gradient<const T extends readonly Value[]>(y: Value, wrt: T): { [K in keyof T]: Value } {
  checkWrt('gradient', y, wrt, 'y, [x]');
  checkSingle(y);
  const seed = y.tape.recordAdjoints(() => y.tape.fill(1, y.shape));
  return pullback([y], [seed], wrt) as { [K in keyof T]: Value };
}

/**
 * The directional derivatives J·v of `ys`, shaped like the `ys`: J = ∂y/∂x is the Jacobian with respect to `wrt`, and v
 * are the `tangents`. There is one tangent for each of `wrt`, a value of the same shape or a number for all entries.
 * Two backward passes are recorded. The first gives Jᵀu for arbitrary cotangents u of the `ys`. Since Jᵀu is linear in
 * u, the derivative of v·Jᵀu with respect to u is J·v, which the second pass gives. The cost is about two gradients,
 * whatever the number of entries of x.
 *
 * @throws RangeError or TypeError naming what does not fit
 * @example
 * const [speed] = jvp([energy], [x], [velocity]); // dE/dt = ∂E/∂x · dx/dt
 */
export function jvp<const T extends readonly Value[]>(
  ys: T,
  wrt: readonly Value[],
  tangents: readonly Operand[],
): { [K in keyof T]: Value } {
  const example = '[y], [x], [v]';
  checkList('jvp', ys, example);
  checkList('jvp', tangents, example);
  const [first] = ys;
  if (!first) return [] as unknown as { [K in keyof T]: Value };
  for (const y of ys) checkWrt('jvp', y, wrt, example);
  const { tape } = first;
  const directions = directionsOf('jvp', tape, wrt, tangents);
  const cotangents = tape.recordAdjoints(() => ys.map(({ shape }) => tape.fill(1, shape)));
  return pullback(pullback(ys, cotangents, wrt), directions, cotangents) as { [K in keyof T]: Value };
}

/**
 * The product of the Hessian of the single number `y` and a vector, Σ_j ∂²y/∂x_i∂x_j v_j, shaped like `wrt`. `vectors`
 * holds one part of the vector for each of `wrt`. The Hessian itself is never formed; the product costs about two
 * gradients.
 *
 * @throws RangeError or TypeError naming what does not fit
 * @example
 * const [Hv] = hessianVectorProduct(energy, [x], [v]);
 */
export function hessianVectorProduct<const T extends readonly Value[]>(
  y: Value,
  wrt: T,
  vectors: readonly Operand[],
): { [K in keyof T]: Value } {
  const example = 'y, [x], [v]';
  checkWrt('hessianVectorProduct', y, wrt, example);
  checkList('hessianVectorProduct', vectors, example);
  const directions = directionsOf('hessianVectorProduct', y.tape, wrt, vectors);
  return pullback(gradient(y, wrt), directions, wrt) as { [K in keyof T]: Value };
}

/** Records one backward pass: the cotangents of `wrt`, given the cotangents `seeds` of `ys`. */
function pullback(ys: readonly Value[], seeds: readonly Value[], wrt: readonly Value[]): Value[] {
  const { tape } = ys[0] as Value;
  const newest = ys.reduce((most, { id }) => Math.max(most, id), 0);
  const oldest = wrt.reduce((least, { id }) => Math.min(least, id), newest);
  const onPath = valuesOnPath(tape, newest, wrt, oldest);
  /** The cotangents that arrived at each value so far. Index 0 is the oldest value of `wrt`. */
  const contributions = new Array<Value[] | undefined>(onPath.length);
  /** The sums of these cotangents, by the same index. */
  const cotangents = new Array<Value | undefined>(onPath.length);
  const arrive = (index: number, contribution: Value) => {
    const earlier = contributions[index];
    if (earlier) earlier.push(contribution);
    else contributions[index] = [contribution];
  };

  return tape.recordAdjoints(() => {
    for (const [n, { id }] of ys.entries()) if (onPath[id - oldest]) arrive(id - oldest, seeds[n] as Value);
    for (let id = newest; id >= oldest; id--) {
      const arrived = contributions[id - oldest];
      if (!arrived) continue;
      const value = tape.values[id] as Value;
      const g = accumulate(arrived);
      cotangents[id - oldest] = g;
      for (let position = 0; position < value.inputs.length; position++) {
        const index = (value.inputs[position] as Value).id - oldest;
        if (!onPath[index]) continue;
        const rule = ruleOf(value.op, position);
        if (rule) arrive(index, cotangentOf(rule, g, value, position));
      }
    }
    return wrt.map(value => cotangents[value.id - oldest] ?? tape.fill(0, value.shape));
  });
}

/**
 * For each value from `oldest` to `newest`, 1 if it is one of `wrt` or depends on one of them, else 0. The values with
 * 0 need no cotangent.
 */
function valuesOnPath(tape: Tape, newest: number, wrt: readonly Value[], oldest: number): Uint8Array {
  const onPath = new Uint8Array(Math.max(0, newest - oldest + 1));
  for (const value of wrt) if (value.id <= newest) onPath[value.id - oldest] = 1;
  for (let id = oldest; id <= newest; id++) {
    const { inputs } = tape.values[id] as Value;
    if (inputs.some(input => input.id >= oldest && onPath[input.id - oldest])) onPath[id - oldest] = 1;
  }
  return onPath;
}

/** The rule for an input; null if the derivative is zero everywhere. */
export function ruleOf({ vjp }: Op, position: number): VjpRule | null {
  return typeof vjp === 'function' ? vjp(position) : (vjp[position] ?? null);
}

/** The cotangent of input `position` of a value, recorded by the rule for that input. It has the input's shape. */
export function cotangentOf(rule: VjpRule, g: Value, value: Value, position: number): Value {
  // A concat or an accumulation may have too many inputs to pass as arguments of one call, so they are left out.
  const omitsInputs = typeof value.op.vjp === 'function' && value.form.kind !== 'map';
  const cotangent = omitsInputs ? rule(g, value) : rule(g, value, ...value.inputs);
  const input = value.inputs[position] as Value;
  if (!isValue(cotangent)) {
    throw new TypeError(
      `${value.op.name}: VJP rule ${position} gives ${typeof cotangent}; it must return a value, recorded in ops from g`,
    );
  }
  const { shape } = cotangent;
  if (sameShape(shape, input.shape)) return cotangent;
  // `broadcastShapes` returns the first shape itself, not a copy, if the second broadcasts to it. So the comparison by
  // `!==` tests for that.
  if (!sameShape(shape, value.shape) || broadcastShapes([shape, input.shape]) !== shape) {
    throw new RangeError(
      `${value.op.name}: VJP rule ${position} gives a cotangent of shape ${showShape(shape)}; it must have the shape of its input ${showShape(input.shape)}`,
    );
  }
  return sumTo(cotangent, input.shape);
}

function checkSingle(y: Value): void {
  if (sizeOf(y.shape) === 1) return;
  throw new RangeError(
    `gradient: needs a single number, but ${describe(y)} is a tensor; sum it, or pick an entry`,
  );
}

/** @throws TypeError or Error naming the function, unless `y` and all of `wrt` are real values of one tape */
function checkWrt(owner: string, y: Value, wrt: readonly Value[], args: string): void {
  checkValue(owner, y);
  checkList(owner, wrt, args);
  checkValues(owner, wrt);
  for (const value of [y, ...wrt]) {
    if (value.tape !== y.tape)
      throw new Error(`${owner}: ${describe(value)} belongs to another tape than ${describe(y)}`);
    if (value.dtype !== 'real')
      throw new TypeError(`${owner}: ${describe(value)} is index data, which has no derivative`);
  }
}

/** The directions as values in the shapes of `wrt`; a number becomes a value filled with it. */
function directionsOf(
  owner: string,
  tape: Tape,
  wrt: readonly Value[],
  directions: readonly Operand[],
): Value[] {
  if (directions.length !== wrt.length) {
    throw new RangeError(
      `${owner}: needs one direction for each of the ${wrt.length} values, got ${directions.length}`,
    );
  }
  return wrt.map((value, n) => {
    const direction = directions[n] as Operand;
    if (typeof direction === 'number') return tape.fill(direction, value.shape);
    if (!isValue(direction) || direction.tape !== tape)
      throw new TypeError(`${owner}: direction ${n + 1} must be a number or a value of the same tape`);
    if (!sameShape(direction.shape, value.shape)) {
      throw new RangeError(
        `${owner}: direction ${n + 1} has shape ${showShape(direction.shape)}, instead of that of ${describe(value)}`,
      );
    }
    return direction;
  });
}
