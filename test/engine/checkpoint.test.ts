import fc from 'fast-check';
import {
  checkpoint,
  type Executor,
  evaluate,
  gradient,
  hessianVectorProduct,
  interpreter,
  jit,
  jvp,
  Memory,
  type SyncExecutor,
  Tape,
  type Tensor,
  tensor,
  type Value,
} from 'posetape';
import { gpu } from 'posetape/gpu';
import { add, dropout, exp, matmul, mul, noise, slice, square, sum, tanh } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { paramsOf, poseArbitrary, programArbitrary, record } from '../support/programs.ts';
import { property } from '../support/property.ts';

const executors: readonly (readonly [make: () => SyncExecutor, tolerance: number])[] = [
  [() => interpreter(), 1e-12],
  [() => interpreter({ precision: 'float32' }), 1e-4],
  [() => jit(), 1e-12],
  [() => jit({ precision: 'float32' }), 1e-4],
  [() => wasm(), 1e-4],
];

/** Random choice of a checkpoint: its first value, and its number of values. */
interface Cut {
  readonly from: number;
  readonly length: number;
}

/**
 * Records copies of values on another tape. The first cut becomes a checkpoint. The other cuts apply to the values inside
 * it and to the values after it.
 */
function rerecorded(values: readonly Value[], tape: Tape, cuts: readonly Cut[]): Map<Value, Value> {
  const copies = new Map<Value, Value>();
  const copyRange = (from: number, to: number, remaining: readonly Cut[]) => {
    const [cut, ...others] = remaining;
    if (cut && to - from > 1) {
      const begin = from + (cut.from % (to - from));
      const end = Math.min(to, begin + 1 + cut.length);
      copyRange(from, begin, []);
      // The tape is passed as an argument because a checkpoint finds its tape in the arguments.
      const within = checkpoint((on: Tape) => (on === tape ? copyRange(begin, end, others) : undefined));
      within(tape);
      copyRange(end, to, others);
      return;
    }
    for (const value of values.slice(from, to)) {
      const { form, op } = value;
      const inputs = value.inputs.map(input => copies.get(input) as Value);
      if (form.kind === 'parameter') copies.set(value, tape.parameter(form.tensor, form.name));
      else if (form.kind === 'constant') copies.set(value, tape.constant(form.tensor));
      else copies.set(value, tape.record(op, form, inputs));
    }
  };
  copyRange(0, values.length, cuts);
  return copies;
}

/** `first` is the score and its gradient; `second`, the gradient of the squared norm of the slope by parameter 0. */
function derivatives(y: Value, wrt: readonly Value[]): { first: Value[]; second: readonly Value[] } {
  const slopes = gradient(y, wrt);
  return { first: [y, ...slopes], second: gradient(sum(square(slopes[0] as Value)), wrt) };
}

const cutLists = fc.array(fc.record({ from: fc.nat(60), length: fc.nat(30) }), {
  minLength: 1,
  maxLength: 4,
});

describe('values and gradients equal those without checkpoints', () => {
  property(
    'for any checkpoints, on every executor',
    programArbitrary({ steps: 10, smooth: true }),
    poseArbitrary(),
    cutLists,
    (program, pose, cuts) => {
      const plain = new Tape();
      const params = Object.entries(paramsOf(program)).map(([name, each]) => plain.parameter(each, name));
      const y = record(program, plain, Object.fromEntries(params.entries()), pose);
      const copies = rerecorded([...plain.values], new Tape(), cuts);
      const copyOf = (value: Value) => copies.get(value) as Value;
      const plainly = derivatives(y, params);
      const checkpointed = derivatives(copyOf(y), params.map(copyOf));
      // Results are equal to the bit, since the same ops of the same numbers are added up in the same order.
      expect(interpreter().run(checkpointed.first)).toEqual(interpreter().run(plainly.first));
      const expected = interpreter().run([...plainly.first, ...plainly.second]);
      for (const [make, tolerance] of executors) {
        const actual = make().run([...checkpointed.first, ...checkpointed.second]);
        for (const [n, reference] of expected.entries()) {
          const scale = Math.max(1, 10 * largest(reference));
          expectClose(actual[n] as Tensor, reference, tolerance, scale);
        }
      }
    },
  );

  const x0 = tensor([0.3, -0.7, 1.1]);

  test('for arguments and results that are lists and records', () => {
    const results = (wrapped: boolean) => {
      const tape = new Tape();
      const x = tape.parameter(x0);
      const w = tape.parameter([2, 3, 5]);
      const f = ({ parts, power }: { parts: readonly Value[]; power: number }) => {
        const all = parts.map(part => tanh(mul(part, w)));
        return { all, total: sum(mul(square(all[0] as Value), power)), power };
      };
      const { all, total, power } = (wrapped ? checkpoint(f) : f)({ parts: [x, exp(x)], power: 3 });
      expect(power).toBe(3);
      const y = add(total, sum(mul(all[0] as Value, all[1] as Value)));
      return interpreter().run([y, ...gradient(y, [x, w])]);
    };
    expect(results(true)).toEqual(results(false));
  });

  test('for values that leave through a closure, and results that are arguments', () => {
    const tape = new Tape();
    const x = tape.parameter(x0);
    let inner: Value = x;
    const result = checkpoint((value: Value) => {
      inner = exp(value);
      tanh(inner);
      return value;
    })(x);
    expect(result).toBe(x);
    const [slope] = gradient(sum(square(inner)), [x]);
    const [computed] = interpreter().run([slope]);
    expectClose(
      computed as Tensor,
      x0.data.map(each => 2 * Math.exp(2 * each)),
      1e-15,
    );
  });

  test('for gradients by a value inside the checkpoint', () => {
    const results = (wrapped: boolean) => {
      const tape = new Tape();
      const x = tape.parameter(x0);
      let middle: Value = x;
      const f = (value: Value) => {
        middle = exp(mul(value, value));
        return tanh(middle);
      };
      const y = sum((wrapped ? checkpoint(f) : f)(x));
      return interpreter().run([y, middle].flatMap(each => gradient(sum(each), [x, middle])));
    };
    expect(results(true)).toEqual(results(false));
  });

  test('for a function that takes gradients itself', () => {
    const results = (wrapped: boolean) => {
      const tape = new Tape();
      const x = tape.parameter(x0);
      const forces = (value: Value) => gradient(sum(tanh(mul(value, value))), [value])[0];
      const y = sum(square((wrapped ? checkpoint(forces) : forces)(x)));
      return interpreter().run([y, ...gradient(y, [x])]);
    };
    expect(results(true)).toEqual(results(false));
  });

  test('for directional derivatives and products with the Hessian', () => {
    const results = (wrapped: boolean) => {
      const tape = new Tape();
      const x = tape.parameter(x0);
      const along = tape.constant([1, -2, 0.5]);
      const f = (value: Value) => exp(tanh(value));
      const y = sum((wrapped ? checkpoint(f) : f)(x));
      return interpreter().run([...jvp([y], [x], [along]), ...hessianVectorProduct(y, [x], [along])]);
    };
    for (const [n, each] of results(true).entries()) expectClose(each, results(false)[n] as Tensor, 1e-14);
  });

  test('for dropout and noise, which give the same numbers when computed again', () => {
    const results = (wrapped: boolean) => {
      const tape = new Tape();
      const x = tape.parameter(x0);
      let calls = 0;
      const f = (value: Value, seed: number) => {
        calls++;
        const noisy = add(value, noise(tape, [3], { seed, index: 2 }));
        return dropout(exp(noisy), { rate: 0.4, seed, index: 2 });
      };
      const layer = wrapped ? checkpoint(f) : f;
      const y = sum(square(layer(layer(x, 1), 2)));
      const slopes = gradient(y, [x]);
      expect(calls).toBe(2);
      return [interpreter(), jit()].map(executor => executor.run([y, ...slopes]));
    };
    expect(results(true)).toEqual(results(false));
  });
});

describe('an error', () => {
  test('in the function is passed on, and the tape may be used afterwards', () => {
    const tape = new Tape();
    const x = tape.parameter([1, 2]);
    const fails = checkpoint((value: Value) => {
      exp(value);
      throw new RangeError('not today');
    });
    expect(() => fails(x)).toThrow(new RangeError('not today'));
    expect(() => checkpoint((value: Value) => fails(exp(value)))(x)).toThrow('not today');
    const y = sum(checkpoint(exp)(x));
    expectClose(evaluate(gradient(y, [x]))[0] as Tensor, [Math.E, Math.E ** 2], 1e-15);
  });

  test('for wrong arguments says what to pass', () => {
    const x = new Tape().parameter([1, 2]);
    expect(() => checkpoint(x as never)).toThrow(
      new TypeError('checkpoint: takes a function, got an object'),
    );
    const missing = 'checkpoint: pass the function a value or the tape as an argument';
    expect(() => checkpoint(() => exp(x))()).toThrow(missing);
    const circle: unknown[] = [1, null, new Float64Array(3), 'text'];
    circle.push(circle);
    expect(() => checkpoint((_: unknown) => exp(x))(circle)).toThrow(missing);
    expect(() => checkpoint(async (value: Value) => exp(value))(x)).toThrow(
      'checkpoint: the function returned a promise',
    );
  });
});

const [rows, width] = [64, 8];
/** Number of entries of a layer's result. */
const layerSize = rows * width;

const weights = tensor(
  Float64Array.from({ length: width * width }, (_, i) => Math.sin(3 * i) / 3),
  [width, width],
);
const start = tensor(
  Float64Array.from({ length: layerSize }, (_, i) => Math.sin(i)),
  [rows, width],
);

/** Result of one or several layers, and the sum of their energies if they have any. */
interface LayerResult {
  readonly h: Value;
  readonly energy?: Value | undefined;
}
type Layer = (h: Value, w: Value, b: Value) => LayerResult;

/** Layers, by the name of the chain that they form. */
const layers: Readonly<Record<string, Layer>> = {
  'of matrix products': (h, w) => ({ h: tanh(matmul(h, w)) }),
  'of residual layers': (h, w) => ({ h: add(h, mul(0.01, tanh(matmul(h, w)))) }),
  'of elementwise layers': (h, _, b) => ({ h: tanh(add(mul(h, 1.1), b)) }),
  // The cotangent of each energy is known at the start of the backward pass.
  'that adds an energy at each layer': (h, w) => {
    const next = tanh(matmul(h, w));
    return { h: next, energy: sum(slice(next, 0, 1)) };
  },
};

/**
 * A score of a chain of layers, and its gradient. A checkpoint holds `block` layers; undefined for no checkpoints. For
 * order 2, the squared norm of the gradient by x takes the place of the score; for order 3, this is done twice.
 */
function chained(layer: Layer, depth: number, block: number | undefined, order = 1): Value[] {
  const tape = new Tape();
  const [x, w] = [tape.parameter(start, 'x'), tape.parameter(weights, 'w')];
  const b = tape.parameter(0.1, 'b');
  const run = (from: LayerResult, count: number): LayerResult => {
    let { h, energy } = from;
    for (let l = 0; l < count; l++) {
      const next = layer(h, w, b);
      if (next.energy) energy = energy ? add(energy, next.energy) : next.energy;
      h = next.h;
    }
    return { h, energy };
  };
  let last: LayerResult = { h: x };
  const checkpointed = checkpoint(run);
  for (let l = 0; l < depth; l += block ?? depth)
    last = (block ? checkpointed : run)(last, Math.min(block ?? depth, depth - l));
  let y = sum(square(last.h));
  if (last.energy) y = add(y, last.energy);
  for (let n = 1; n < order; n++) y = sum(square(gradient(y, [x])[0]));
  return [y, ...gradient(y, [x, b])];
}

/** Peak memory of a run, as a number of layer results. */
async function layersHeld(executor: Executor, wanted: readonly Value[]): Promise<number> {
  const memory = new Memory();
  await executor.run(wanted, { memory });
  expect(memory.live).toBe(0);
  return memory.peak / ((executor.precision === 'float64' ? 8 : 4) * layerSize);
}

/** Limit of the memory for a layer in a checkpoint, as a number of layer results. wasm() reuses no memory in a pass. */
const perLayer: readonly (readonly [name: string, limit: number, make: () => SyncExecutor])[] = [
  ['interpreter()', 2.2, () => interpreter()],
  ['jit()', 3.1, () => jit()],
  ["jit({ precision: 'float32' })", 3.1, () => jit({ precision: 'float32' })],
  ['wasm()', 8.1, () => wasm()],
];

describe('with checkpoints, the memory of a chain', () => {
  test.each(perLayer)(
    'of 1000 layers, 32 in each checkpoint, is a small multiple of 32 layers: %s',
    async (_name, limit, make) => {
      const layer = layers['of matrix products'] as Layer;
      expect(await layersHeld(make(), chained(layer, 1000, 32))).toBeLessThan(limit * 32);
      expect(await layersHeld(make(), chained(layer, 1000, undefined))).toBeGreaterThan(1000);
    },
  );

  describe.each(Object.entries(layers))('%s, with √n of its n layers in each checkpoint,', (_what, layer) => {
    test.each(perLayer)('grows with √n: %s', async (_name, limit, make) => {
      const executor = make();
      const [few, many] = [
        await layersHeld(executor, chained(layer, 64, 8)),
        await layersHeld(executor, chained(layer, 256, 16)),
      ];
      expect(many).toBeLessThan(limit * 16);
      expect(many / few).toBeLessThan(2.8);
      expect(await layersHeld(executor, chained(layer, 256, undefined))).toBeGreaterThan(220);
    });
  });
});

test('the interpreter’s memory with checkpoints is exactly as predicted', async () => {
  const layer = layers['of matrix products'] as Layer;
  for (const block of [10, 20]) {
    // The run holds the inputs of all checkpoints except the first, whose input is the caller's x. It also holds the
    // values of one checkpoint, computed again, a cotangent, and three scalars.
    const held = await layersHeld(interpreter(), chained(layer, block ** 2, block));
    expect(held * layerSize).toBe((block - 1 + block + 1) * layerSize + 3);
  }
});

test.each([2, 3])(
  'memory of derivatives of order %i grows with the square root of the depth',
  async order => {
    const layer = layers['of residual layers'] as Layer;
    for (const executor of [interpreter(), jit(), ...(order === 2 ? [wasm()] : [])]) {
      const small = await layersHeld(executor, chained(layer, 16, 4, order));
      const large = await layersHeld(executor, chained(layer, 64, 8, order));
      const plain = await layersHeld(executor, chained(layer, 64, undefined, order));
      expect(large / small).toBeLessThan(2.6);
      expect(plain / large).toBeGreaterThan(3);
    }
  },
);

test('checkpoints also reduce the memory of gpu()', async () => {
  const executor = await gpu({ mode: 'webasm' });
  const layer = layers['of matrix products'] as Layer;
  const wanted = chained(layer, 64, 8);
  const held = await layersHeld(executor, wanted);
  expect(held).toBeLessThan(20);
  expect(await layersHeld(executor, chained(layer, 64, undefined))).toBeGreaterThan(64);
  const expected = interpreter().run(chained(layer, 64, undefined));
  for (const [n, result] of (await executor.run(wanted)).entries())
    expectClose(result, expected[n] as Tensor, 1e-5, Math.max(1, largest(expected[n] as Tensor)));
  await executor.dispose();
});

test('nested checkpoints take less memory than checkpoints that are not nested', async () => {
  const layer = layers['of matrix products'] as Layer;
  const build = (levels: readonly number[]) => {
    const tape = new Tape();
    const [x, w, b] = [tape.parameter(start), tape.parameter(weights), tape.parameter(0.1)];
    const nest = (h: Value, [count, ...rest]: readonly number[]): Value => {
      if (count === undefined) return layer(h, w, b).h;
      const inner =
        rest.length > 0 ? checkpoint((from: Value) => nest(from, rest)) : (h: Value) => nest(h, []);
      let last = h;
      for (let n = 0; n < count; n++) last = inner(last);
      return last;
    };
    const y = sum(square(nest(x, levels)));
    return [y, ...gradient(y, [x])];
  };
  const expected = interpreter().run(build([512]));
  for (const executor of [interpreter(), jit()]) {
    // At each of the three levels of [8, 8, 8], 8 layer results are held; at the two of [22, 24], 22 and 24.
    const held = await layersHeld(executor, build([8, 8, 8]));
    expect(held).toBeLessThanOrEqual(3 * 8 + 4);
    expect(await layersHeld(executor, build([22, 24]))).toBeGreaterThan(40);
    expect(executor.run(build([8, 8, 8]))).toEqual(expected.slice(0, 2));
  }
}, 30_000);

test('a tape with the same values but no checkpoints has another plan', async () => {
  const wanted = chained(layers['of matrix products'] as Layer, 64, 8);
  const copies = rerecorded((wanted[0] as Value).tape.values, new Tape(), []);
  const executor = jit();
  const held = await layersHeld(
    executor,
    wanted.map(value => copies.get(value) as Value),
  );
  expect(await layersHeld(executor, wanted)).toBeLessThan(held / 2);
  expect(executor.planned).toBe(2);
});

test('a single checkpoint of all layers takes no more memory than no checkpoint', async () => {
  for (const executor of [interpreter(), jit(), wasm()]) {
    const [checkpointed, plain] = [checkpoint, <F>(f: F) => f].map(wrap => {
      const tape = new Tape();
      const [x, w] = [tape.parameter(start), tape.parameter(weights)];
      const run = (h: Value) => Array.from({ length: 32 }).reduce<Value>(last => tanh(matmul(last, w)), h);
      const y = sum((wrap as typeof checkpoint)(run)(x));
      return [y, ...gradient(y, [x])];
    }) as [Value[], Value[]];
    expect(await layersHeld(executor, checkpointed)).toBeLessThan(1.1 * (await layersHeld(executor, plain)));
  }
});
