import fc from 'fast-check';
import { defineOp, interpreter, Memory, map, Tape, type Tensor, tensor, type Value } from 'posetape';
import { type GpuExecutor, gpu } from 'posetape/gpu';
import {
  abs,
  add,
  div,
  equal,
  exp,
  floor,
  less,
  maximum,
  mul,
  sign,
  sin,
  softmax,
  softplus,
  square,
  sub,
  sum,
  where,
} from 'posetape/ops';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { binary, unary } from '../gpu/cases.ts';
import { openMachine } from '../gpu/harness.ts';
import { backendLaws } from '../gpu/laws.ts';
import { expectClose } from '../support/equal.ts';
import { proveExecutor } from '../support/executor-suite.ts';
import { isWide, property } from '../support/property.ts';

/** Backends of gpu.js that need no GPU. `npm run test:gpu` tests the others. */
const withoutGpu = ['webasm', 'cpu'] as const;

for (const mode of withoutGpu) {
  backendLaws({
    name: `gpu({ mode: '${mode}' })`,
    open: () => openMachine(mode),
    tolerance: 2e-5,
    functionTolerance: 2e-6,
    isProved: true,
    networkPoseStride: isWide ? 1 : 8,
    hasOneLaunchPerPose: false,
    hasDevice: false,
  });
  proveExecutor(`gpu({ mode: '${mode}' })`, () => gpu({ mode }), {
    precision: 'float32',
    tolerance: 2e-5,
    caseDivisor: 2,
  });
}

/** Σ x² of `count` numbers x, after exp(x)/2 has replaced each x `depth` times. */
function squares(count: number, depth = 0): Value[] {
  let x: Value = new Tape().parameter(tensor(new Float64Array(count).fill(0.5)), 'x');
  for (let i = 0; i < depth; i++) x = mul(exp(x), 0.5);
  return [sum(square(x))];
}

describe('a mode', () => {
  test.each([
    ['opengl', 'gpu: no mode "opengl"; modes are auto, webgpu, webgl2, headlessgl, webasm, cpu'],
    ['webgl2', 'gpu: webgl2 is not available'],
    ['headlessgl', 'gpu: headlessgl needs the package gl'],
  ])('%s that is unavailable is an error, without a fallback', async (mode, message) => {
    await expect(gpu({ mode: mode as 'webgl2' })).rejects.toThrow(message);
  });

  test('auto picks the first backend that works, and reports why those before it failed', async () => {
    const executor = await gpu();
    expect(executor.name).toBe(`gpu ${executor.backend} float32`);
    expect(executor.precision).toBe('float32');
    if (executor.backend !== 'webgpu') expect(executor.fallbackReason).toMatch(/WebGPU|webgpu/);
    else expect(executor.fallbackReason).toBeNull();
    await executor.dispose();
  });
});

describe('an option', () => {
  test.each([
    [{ pipelines: 0 }, 'gpu: pipelines must be a whole number from 1, got 0'],
    [{ pipelines: -1 }, 'gpu: pipelines must be a whole number from 1, got -1'],
    [{ pipelines: 1.5 }, 'gpu: pipelines must be a whole number from 1, got 1.5'],
    [{ pipelines: Number.NaN }, 'gpu: pipelines must be a whole number from 1, got NaN'],
    [{ pipelines: Infinity }, 'gpu: pipelines must be a whole number from 1, got Infinity'],
    [{ pipelines: null }, 'gpu: pipelines must be a whole number from 1, got null'],
    [{ pipelines: 'x' }, 'gpu: pipelines must be a whole number from 1, got "x"'],
    [{ pipelines: '8' }, 'gpu: pipelines must be a whole number from 1, got "8"'],
    [{ mode: null }, 'gpu: no mode null; modes are auto, webgpu'],
    [{ mode: Number.NaN }, 'gpu: no mode NaN'],
    [{ mode: 'CPU' }, 'gpu: no mode "CPU"'],
    [{ pipeline: 8 }, 'gpu: no option pipeline; options are mode, pipelines'],
    [null, 'gpu: options must be an object'],
  ])('that is wrong is named in the error: %j', async (options, message) => {
    await expect(gpu(options as object)).rejects.toThrow(message);
  });

  test('pipelines may be a billion', async () => {
    const executor = await gpu({ mode: 'webasm', pipelines: 1e9 });
    expectClose((await executor.run(squares(4)))[0] as Tensor, 1, 0);
    await executor.dispose();
  });
});

describe.each(withoutGpu)('an executor of mode %s', mode => {
  let executor: GpuExecutor;
  beforeAll(async () => {
    executor = await gpu({ mode });
  });
  afterAll(() => executor.dispose());

  test('returns a wanted index as an exact copy', async () => {
    const tape = new Tape();
    const data = Int32Array.of(2, 0, 2 ** 24 + 1);
    const index = tape.index(data);
    const x = tape.parameter(tensor([1, 2]), 'x');
    const running = executor.run([index, mul(x, 2), index]);
    const alone = executor.run([index]);
    const expected = data.slice();
    data.fill(0);
    const [first, doubled, again] = await running;
    for (const each of [first, again, (await alone)[0]]) expect(each?.data).toEqual(expected);
    expect(first?.data).not.toBe(again?.data);
    expect([...(doubled?.data ?? [])]).toEqual([2, 4]);
    expect(executor.explain([index, mul(x, 2)])).toMatch(/^\/\/ 1 kernels/);
  });

  test('reads its inputs when it is called, so later changes have no effect', async () => {
    const data = Float64Array.of(1, 2, 3);
    const total = sum(new Tape().parameter({ data, shape: [3] }));
    const running = executor.run([total]);
    data.fill(100);
    expect((await running)[0]?.data).toEqual(Float32Array.of(6));
  });

  test('runs several tapes of one structure at the same time', async () => {
    const totals = [1, 2, 3].map(number =>
      sum(new Tape().parameter(tensor(new Float64Array(300).fill(number)))),
    );
    const answers = await Promise.all(totals.map(total => executor.run([total])));
    expect(answers.map(([total]) => total?.data[0])).toEqual([300, 600, 900]);
  });

  const specials = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -0.5, 2, -3, 1e30, -1e30];
  const [lefts, rights] = [
    specials.flatMap(x => specials.map(() => x)),
    specials.flatMap(() => specials),
  ] as const;
  const functions: [string, (...operands: never[]) => Value, number[][]][] = [
    ...Object.entries(unary).map(([op, f]): (typeof functions)[number] => [op, f, [specials]]),
    ...Object.entries(binary).map(([op, f]): (typeof functions)[number] => [op, f, [lefts, rights]]),
  ];
  test.each(functions)('keeps the sign of zero: %s', async (_, f, operands) => {
    const tape = new Tape();
    const wanted = [f(...(operands.map(numbers => tape.constant(numbers)) as never[]))];
    const [expected] = interpreter({ precision: 'float32' }).run(wanted);
    const [actual] = await executor.run(wanted);
    const zeros = (tensor: Tensor | undefined) => [...(tensor?.data ?? [])].map(x => (x === 0 ? x : 1));
    expect(zeros(actual)).toEqual(zeros(expected));
  });

  /** Functions that record a result and an intermediate value. The intermediate value is stored if it is wanted. */
  const withIntermediate: Record<string, (x: Value, y: Value, z: Value) => [stored: Value, result: Value]> = {
    'a product and a sum': (x, y, z) => {
      const stored = mul(x, y);
      return [stored, add(stored, z)];
    },
    'a quotient and a difference': (x, y, z) => {
      const stored = div(x, add(abs(y), 1));
      return [stored, sub(stored, z)];
    },
    functions: (x, y, z) => {
      const stored = exp(mul(x, 0.01));
      return [stored, mul(stored, sin(mul(y, z)))];
    },
    'a sum over all': (x, y, z) => {
      const stored = sum(mul(x, y));
      return [stored, mul(stored, z)];
    },
    'shares of a sum': (x, y, z) => {
      const stored = softmax(x);
      return [stored, mul(add(stored, y), z)];
    },
    'the square of a maximum': (x, y, z) => {
      const stored = maximum(mul(x, 0.7), mul(y, 0.3));
      return [stored, sub(square(stored), z)];
    },
  };
  for (const [name, f] of Object.entries(withIntermediate)) {
    const entry = fc.double({ min: -1000, max: 1000, noNaN: true });
    property(
      `computes equal numbers from a stored and a recomputed value: ${name}`,
      fc.array(fc.tuple(entry, entry, entry), { minLength: 20, maxLength: 20 }),
      async rows => {
        const tape = new Tape();
        const record = () =>
          f(
            ...([0, 1, 2].map(i => tape.constant(rows.map(row => row[i] as number))) as [
              Value,
              Value,
              Value,
            ]),
          );
        const [stored, a] = record();
        const [, b] = record();
        const difference = sub(a, b);
        const zeros = [less(a, b), less(b, a), sign(difference), floor(difference), where(difference, 1, 0)];
        const [, same, ...others] = await executor.run([stored, equal(a, b), ...zeros]);
        expect([...(same as Tensor).data]).toEqual(rows.map(() => 1));
        for (const { data } of others) expect([...data]).toEqual(rows.map(() => 0));
      },
    );
  }

  test('rounds a constant in an expression as it rounds a literal', async () => {
    const [tenth, clipped] = [0.1, 1e300].map(number =>
      defineOp({
        name: `times ${number}`,
        forward: map((s, x) => s.mul(x, s.constant(number))),
        vjp: [g => g],
      }),
    ) as [(x: Value) => Value, (x: Value) => Value];
    const tape = new Tape();
    const x = tape.constant(Array.from({ length: 50 }, (_, i) => i + 0.3));
    const pairs = [equal(tenth(x), mul(x, 0.1)), equal(clipped(x), mul(x, 1e300))];
    for (const { data } of await executor.run(pairs)) expect([...data]).toEqual(Array(50).fill(1));
  });
});

describe('where code generation is forbidden', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });
  const forbidJavaScript = () =>
    vi.stubGlobal('Function', function forbidden() {
      throw new EvalError('Code generation from strings disallowed for this context');
    });
  const forbidWebAssembly = () => {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: object };
    const Module = function forbidden() {
      throw new Error('Wasm code generation disallowed by embedder');
    };
    vi.stubGlobal('WebAssembly', Object.create(WebAssembly, { Module: { value: Module } }));
  };

  test('cpu throws an error that suggests another executor; webasm runs', async () => {
    forbidJavaScript();
    await expect(gpu({ mode: 'cpu' })).rejects.toThrow(
      "gpu: cpu compiles its kernels to JavaScript from text, which is forbidden here (a Content-Security-Policy without 'unsafe-eval'); use interpreter({ precision: 'float32' }) instead",
    );
    const executor = await gpu({ mode: 'webasm' });
    expectClose((await executor.run(squares(4)))[0] as Tensor, 1, 0);
    await executor.dispose();
  });

  test('webasm throws an error that suggests another executor', async () => {
    forbidWebAssembly();
    await expect(gpu({ mode: 'webasm' })).rejects.toThrow(
      "gpu: webasm compiles its kernels to WebAssembly, which is forbidden here (a Content-Security-Policy without 'wasm-unsafe-eval'); use interpreter({ precision: 'float32' }) instead",
    );
  });

  test('auto picks neither cpu nor webasm, and the error gives the reasons', async () => {
    forbidJavaScript();
    forbidWebAssembly();
    const answer = await gpu().then(
      async executor => {
        await executor.dispose();
        return executor.backend;
      },
      (error: Error) => error.message,
    );
    // With a GPU, the mode `auto` picks a backend that compiles shaders.
    expect(answer).toMatch(/^web(gpu|gl2)$|webasm compiles its kernels .* cpu compiles its kernels /);
  });
});

describe('an executor', () => {
  test('keeps at most `pipelines` pipelines', async () => {
    const executor = await gpu({ mode: 'webasm', pipelines: 2 });
    for (const depth of [0, 1, 0, 2, 1]) await executor.run(squares(100, depth));
    // The executor compiles depths 0 and 1, drops 1 to compile 2, and then compiles 1 again.
    expect(executor.compiled).toBe(4);
    await executor.dispose();
  });

  test('does not release a pipeline during a run, neither for another pipeline nor in dispose()', async () => {
    const executor = await gpu({ mode: 'webasm', pipelines: 1 });
    const depths = [0, 1, 0, 2, 1, 0];
    const overlapping = async () => {
      const answers = await Promise.all(depths.map(depth => executor.run(squares(100, depth))));
      return answers.map(([sum]) => sum?.data[0]);
    };
    const expected = depths.map(depth => interpreter().run(squares(100, depth))[0]?.data[0] as number);
    const first = await overlapping();
    const second = overlapping();
    await executor.dispose();
    for (const totals of [first, await second]) {
      for (const [i, sum] of expected.entries()) expectClose(totals[i] ?? Number.NaN, sum, 1e-6);
    }
  });

  test('counts the memory of a run while it runs, and frees it also after an error', async () => {
    const executor = await gpu({ mode: 'webasm' });
    const memory = new Memory();
    await executor.run(squares(100), { memory });
    // At the peak, the memory holds the inputs and the result.
    expect(memory).toMatchObject({ live: 0, peak: 4 * 100 + 4 });
    await executor.run(squares(100), { memory });
    expect(memory).toMatchObject({ live: 0, peak: 4 * 100 + 4 });
    await executor.dispose();
    await expect(executor.run(squares(100), { memory })).rejects.toThrow('disposed');
    expect(memory.live).toBe(0);
  });

  test('explain shows the kernels of a tape', async () => {
    const executor = await gpu({ mode: 'cpu' });
    const text = executor.explain([softplus(squares(1000)[0] as Value)]);
    expect(text).toMatch(/^\/\/ 2 kernels, 2 of them different/);
    expect(text).toMatch(/\/\/ 0: sum, square\n\/\/ {4}reads nothing\n\/\/ {4}stores b0 \(32 B\)\n/);
    await executor.dispose();
  });
});
