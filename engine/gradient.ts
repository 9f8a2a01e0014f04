import { accumulate, sumTo } from './fan-out.ts';
import { sameShape, showShape, sizeOf } from './shape.ts';
import { describe, isValue, type Op, type Operand, type Tape, type Value, type VjpRule } from './tape.ts';

/**
 * Reverse mode: appends the adjoints of the single number `y` with respect to each of `wrt` to the same tape, and gives
 * them back, shaped like `wrt`. They are ordinary values, so `gradient` of a gradient works, to any order.
 *
 * `wrt` may be any values, not parameters alone. Only what lies between `wrt` and `y` is differentiated; where nothing
 * does, the gradient is zero.
 *
 * The cotangent of a value v is v̄ = ∂y/∂v. Going back from ȳ = 1, each op turns the cotangent of its result into one
 * for each input (its VJP rule), and a value used several times sums what its uses give.
 *
 * @throws RangeError if `y` is not a single number
 * @example
 * const tape = new Tape();
 * const x = tape.parameter(tensor([1, 2, 3]));
 * const y = sum(square(x));
 * const [dx] = gradient(y, [x]);
 * evaluate([y, dx]);                            // 14 and [2, 4, 6]
 */
export function gradient<const T extends readonly Value[]>(y: Value, wrt: T): { [K in keyof T]: Value } {
  checkSingle(y);
  checkWrt('gradient', y, wrt);
  const seed = y.tape.recordAdjoints(() => y.tape.fill(1, y.shape));
  return pullback([y], [seed], wrt) as { [K in keyof T]: Value };
}

/**
 * The directional derivatives of `ys` along `tangents`, one for each of `wrt` and of its shape (a number stands for all
 * entries): ∂y/∂x · v, shaped like the y. Recorded by going back twice, since what comes back is linear in the cotangent;
 * it costs about two gradients, whatever the number of entries of x.
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
  const [first] = ys;
  if (!first) return [] as unknown as { [K in keyof T]: Value };
  for (const y of ys) checkWrt('jvp', y, wrt);
  const { tape } = first;
  const directions = directionsOf('jvp', tape, wrt, tangents);
  const cotangents = tape.recordAdjoints(() => ys.map(({ shape }) => tape.fill(1, shape)));
  return pullback(pullback(ys, cotangents, wrt), directions, cotangents) as { [K in keyof T]: Value };
}

/**
 * The second derivatives of the single number `y` times a vector: Σ_j ∂²y/∂x_i∂x_j v_j, shaped like `wrt`, with one of `vectors`
 * for each of `wrt`. The matrix itself is never formed; it costs about two gradients.
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
  const directions = directionsOf('hessianVectorProduct', y.tape, wrt, vectors);
  return pullback(gradient(y, wrt), directions, wrt) as { [K in keyof T]: Value };
}

/** Going back from values with their cotangents: the sums of what arrives at each of `wrt`. */
function pullback(ys: readonly Value[], seeds: readonly Value[], wrt: readonly Value[]): Value[] {
  const { tape } = ys[0] as Value;
  const newest = ys.reduce((most, { id }) => Math.max(most, id), 0);
  const oldest = wrt.reduce((least, { id }) => Math.min(least, id), newest);
  const onPath = valuesOnPath(tape, newest, wrt, oldest);
  /** By place, counted from the oldest: what has arrived for a value, and what that sums to. */
  const contributions = new Array<Value[] | undefined>(onPath.length);
  const cotangents = new Array<Value | undefined>(onPath.length);
  const arrive = (place: number, contribution: Value) => {
    const sofar = contributions[place];
    if (sofar) sofar.push(contribution);
    else contributions[place] = [contribution];
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
        const place = (value.inputs[position] as Value).id - oldest;
        if (!onPath[place]) continue;
        const rule = ruleOf(value.op, position);
        if (rule) arrive(place, cotangentOf(rule, g, value, position));
      }
    }
    return wrt.map(value => cotangents[value.id - oldest] ?? tape.fill(0, value.shape));
  });
}

/** For each value from `oldest` to `newest`, whether it depends on any of `wrt`: the others need no cotangent. */
function valuesOnPath(tape: Tape, newest: number, wrt: readonly Value[], oldest: number): Uint8Array {
  const onPath = new Uint8Array(Math.max(0, newest - oldest + 1));
  for (const value of wrt) if (value.id <= newest) onPath[value.id - oldest] = 1;
  for (let id = oldest; id <= newest; id++) {
    const { inputs } = tape.values[id] as Value;
    if (inputs.some(input => input.id >= oldest && onPath[input.id - oldest])) onPath[id - oldest] = 1;
  }
  return onPath;
}

/** The rule for an input, if its derivative is not zero everywhere. */
export function ruleOf({ vjp }: Op, position: number): VjpRule | null {
  return typeof vjp === 'function' ? vjp(position) : (vjp[position] ?? null);
}

/** The cotangent of an input, of its shape, by a rule of the value's op. */
export function cotangentOf(rule: VjpRule, g: Value, value: Value, position: number): Value {
  // A concat or an accumulation may have more inputs than a call has room for.
  const isVariadic = typeof value.op.vjp === 'function' && value.form.kind !== 'map';
  const cotangent = isVariadic ? rule(g, value) : rule(g, value, ...value.inputs);
  const input = value.inputs[position] as Value;
  if (!isValue(cotangent)) {
    throw new TypeError(
      `${value.op.name}: VJP rule ${position} gives ${typeof cotangent}; it must give a value, recorded in ops from g`,
    );
  }
  if (!sameShape(cotangent.shape, input.shape) && !sameShape(cotangent.shape, value.shape)) {
    const expected = `the shape of its input ${showShape(input.shape)} or of its result ${showShape(value.shape)}`;
    throw new RangeError(
      `${value.op.name}: VJP rule ${position} gives a cotangent of shape ${showShape(cotangent.shape)}; it must have ${expected}`,
    );
  }
  return sumTo(cotangent, input.shape);
}

function checkSingle(y: Value): void {
  if (y.dtype === 'real' && sizeOf(y.shape) === 1) return;
  const what = y.dtype === 'real' ? '' : ' of index data';
  throw new RangeError(
    `gradient: of a single number, but ${describe(y)} is a tensor${what}; sum it, or pick an entry`,
  );
}

function checkWrt(owner: string, y: Value, wrt: readonly Value[]): void {
  if (y.dtype !== 'real')
    throw new TypeError(`${owner}: ${describe(y)} is index data, which has no derivative`);
  for (const value of wrt) {
    if (value.tape !== y.tape)
      throw new Error(`${owner}: ${describe(value)} belongs to another tape than ${describe(y)}`);
    if (value.dtype !== 'real')
      throw new TypeError(`${owner}: ${describe(value)} is index data, which has no gradient`);
  }
}

/** Directions as values of the shapes of `wrt`. */
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
        `${owner}: direction ${n + 1} has shape ${showShape(direction.shape)}, but ${describe(value)} has not`,
      );
    }
    return direction;
  });
}
