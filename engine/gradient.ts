import { accumulate, sumTo } from './fan-out.ts';
import { sameShape, showShape, sizeOf } from './shape.ts';
import { describe, isValue, type Value, type VjpRule } from './tape.ts';

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
  checkArguments(y, wrt);
  const { tape } = y;
  const oldest = wrt.reduce((least, { id }) => Math.min(least, id), y.id);
  const onPath = valuesOnPath(y, wrt, oldest);
  /** By place, counted from the oldest: what has arrived for a value, and what that sums to. */
  const contributions = new Array<Value[] | undefined>(onPath.length);
  const cotangents = new Array<Value | undefined>(onPath.length);

  tape.recordAdjoints(() => {
    contributions[y.id - oldest] = [tape.fill(1, y.shape)];
    for (let id = y.id; id >= oldest; id--) {
      const arrived = contributions[id - oldest];
      if (!arrived) continue;
      const value = tape.values[id] as Value;
      const g = accumulate(arrived);
      cotangents[id - oldest] = g;
      for (let position = 0; position < value.inputs.length; position++) {
        const place = (value.inputs[position] as Value).id - oldest;
        if (!onPath[place]) continue;
        const rule = ruleOf(value, position);
        if (!rule) continue;
        const contribution = cotangentOf(rule, g, value, position);
        const sofar = contributions[place];
        if (sofar) sofar.push(contribution);
        else contributions[place] = [contribution];
      }
    }
  });

  const zero = (value: Value) => tape.recordAdjoints(() => tape.fill(0, value.shape));
  return wrt.map(value => cotangents[value.id - oldest] ?? zero(value)) as { [K in keyof T]: Value };
}

/** For each value from `oldest` to `y`, whether it depends on any of `wrt`: the others need no cotangent. */
function valuesOnPath(y: Value, wrt: readonly Value[], oldest: number): Uint8Array {
  const onPath = new Uint8Array(y.id - oldest + 1);
  for (const value of wrt) if (value.id <= y.id) onPath[value.id - oldest] = 1;
  for (let id = oldest; id <= y.id; id++) {
    const { inputs } = y.tape.values[id] as Value;
    if (inputs.some(input => input.id >= oldest && onPath[input.id - oldest])) onPath[id - oldest] = 1;
  }
  return onPath;
}

function ruleOf(value: Value, position: number): VjpRule | null {
  const { vjp } = value.op;
  return typeof vjp === 'function' ? vjp(position) : (vjp[position] ?? null);
}

function cotangentOf(rule: VjpRule, g: Value, value: Value, position: number): Value {
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

function checkArguments(y: Value, wrt: readonly Value[]): void {
  if (y.dtype !== 'real' || sizeOf(y.shape) !== 1) {
    const what = y.dtype === 'real' ? '' : ' of index data';
    throw new RangeError(
      `gradient: of a single number, but ${describe(y)} is a tensor${what}; sum it, or pick an entry`,
    );
  }
  for (const value of wrt) {
    if (value.tape !== y.tape)
      throw new Error(`gradient: ${describe(value)} belongs to another tape than ${describe(y)}`);
    if (value.dtype !== 'real')
      throw new TypeError(`gradient: ${describe(value)} is index data, which has no gradient`);
  }
}
