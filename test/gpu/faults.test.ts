import { gpu } from 'posetape/gpu';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { useSoftwareDriver } from './driver.ts';

/*
 * Faults of gpu.js 2.24, each in its smallest form. docs/gpu.md lists how gpu() works around them. If a test here fails,
 * gpu.js no longer has the fault, and gpu() no longer needs the workaround.
 */

useSoftwareDriver();

interface GpuJs {
  readonly GPU: new (
    settings: object,
  ) => {
    createKernel(
      source: string,
      settings: object,
    ): (...args: unknown[]) => ArrayLike<number> | Promise<ArrayLike<number>>;
    createPipeline(code: (...args: never[]) => unknown): ((
      ...args: unknown[]
    ) => Promise<ArrayLike<number>>) & {
      readonly executorKind: string;
      readonly fallbackReason: string | null;
    };
    destroy(): Promise<void>;
    readonly kernels: readonly unknown[];
  };
  input(data: Float32Array, size: readonly number[]): unknown;
}

let gpuJs: GpuJs;
beforeAll(async () => {
  // Makes WebGPU available to gpu.js in Node.
  await (await gpu({ mode: 'webgpu' })).dispose();
  const loaded = (await import('gpu.js' as string)) as GpuJs & { readonly default?: GpuJs };
  gpuJs = loaded.default ?? loaded;
});

/** Values of an expression of `x`, or of a function body with a `return`, for each entry `x`. The name `c` stands for 1. */
async function values(
  mode: string,
  expression: string,
  entries: readonly number[],
  settings: object = {},
): Promise<number[]> {
  const instance = new gpuJs.GPU({ mode });
  const source = `function (a, c) { const x = a[this.thread.x]; ${expression.includes('return') ? expression : `return ${expression};`} }`;
  const kernel = instance.createKernel(source, { output: [entries.length], ...settings });
  return Array.from(await kernel(gpuJs.input(Float32Array.from(entries), [entries.length]), 1));
}

describe('in shaders of gpu.js (SwiftShader, WebGPU),', () => {
  const results = (expression: string, ...entries: number[]) => values('webgpu', expression, entries);

  test.each([
    ['x !== x is false for NaN', 'x !== x ? 1 : 0', Number.NaN, 0],
    ['max drops NaN', 'Math.max(x, 1)', Number.NaN, 1],
    ['exp of NaN is infinite', 'Math.exp(x)', Number.NaN, Infinity],
    ['a literal 0 times infinity is 0', 'x * 0', Infinity, 0],
    ['tanh of 100 is NaN', 'Math.tanh(x)', 100, Number.NaN],
    ['a literal Infinity is the largest float32', 'x < 0 ? x : Infinity', 1, 2 ** 128 - 2 ** 104],
  ])('%s', async (_, expression, entry, result) => {
    expect(await results(expression, entry)).toEqual([result]);
  });

  test('x === x and ordered comparisons treat NaN correctly', async () => {
    expect(await results('x === x ? 1 : 0', Number.NaN, 1)).toEqual([0, 1]);
    expect(await results('x < 1 ? 1 : (x >= 1 ? 2 : 3)', Number.NaN, 1)).toEqual([3, 2]);
  });

  test('log of 0 and of negative numbers is finite', async () => {
    expect((await results('Math.log(x)', 0, -1)).every(Number.isFinite)).toBe(true);
  });

  test('pow of a negative base differs from JavaScript', async () => {
    expect(await results('Math.pow(x, 3)', -2)).not.toEqual([-8]);
  });

  test.each([
    ['sin', Math.sin, 1e-4],
    ['tanh', Math.tanh, 1e-6],
    ['log', Math.log, 1e-6],
  ] as const)('%s has a relative error of more than $2', async (name, exact, limit) => {
    const entries = Array.from({ length: 4000 }, (_, i) => Math.fround(0.001 + 0.002 * i));
    const approximations = await results(`Math.${name}(x)`, ...entries);
    const errors = approximations.map((number, i) => Math.abs(number / exact(entries[i] as number) - 1));
    expect(Math.max(...errors)).toBeGreaterThan(limit);
  });

  test('x + c − c is simplified to x, so compensated summation is impossible', async () => {
    expect(await results('(x + 100000000.0) - 100000000.0', 1)).toEqual([1]);
  });

  test('comparing two conditions is an error, and isNaN does not exist', async () => {
    await expect(results('if ((x === 0) === (c < 0)) return 1; return 0;', 1)).rejects.toThrow(
      'Unhandled binary expression',
    );
    await expect(results('isNaN(x) ? 1 : 0', 1)).rejects.toThrow('isNaN');
  });
});

describe('in kernels of gpu.js,', () => {
  const loop = 'let s = 0; for (let i = 0; i < 2000; i++) { s += x; } return s;';

  test('a loop ends silently after 1000 iterations by default (WebGL, and WebGPU if the bound is not a literal)', async () => {
    const bounded = loop.replace('2000', '2000 * c');
    expect(await values('webgpu', bounded, [1])).toEqual([1000]);
    expect(await values('webgpu', bounded, [1], { loopMaxIterations: 2 ** 31 - 1 })).toEqual([2000]);
  });

  test('an empty output is an error', async () => {
    await expect(values('cpu', 'x', [])).rejects.toThrow();
  });

  test('mode cpu computes in float64', async () => {
    const lostInFloat32 = 'x + 1.0 - x';
    expect([
      await values('cpu', lostInFloat32, [2 ** 24]),
      await values('webasm', lostInFloat32, [2 ** 24]),
    ]).toEqual([[1], [0]]);
  });

  test('mode cpu without code generation fails with a misleading error, and only logs the reason', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    vi.stubGlobal('Function', function forbidden() {
      throw new EvalError('Code generation from strings disallowed for this context');
    });
    await expect(values('cpu', 'x', [1])).rejects.toThrow('"run" not defined on CPUKernel');
    expect(logged).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  test('reading past the end of an array gives a number without an error', async () => {
    const [beyond] = await values('webgpu', 'a[this.thread.x + 100]', [7]);
    expect(beyond).toBeTypeOf('number');
  });

  test('mode webgpu allows seven arrays besides the output, not eight', async () => {
    const sum = async (count: number) => {
      const instance = new gpuJs.GPU({ mode: 'webgpu' });
      const names = Array.from({ length: count }, (_, i) => `a${i}`);
      const kernel = instance.createKernel(
        `function (${names}) { return ${names.map(name => `${name}[this.thread.x]`).join(' + ')}; }`,
        { output: [1] },
      );
      return Array.from(await kernel(...names.map(() => gpuJs.input(Float32Array.of(1), [1]))));
    };
    expect(await sum(7)).toEqual([7]);
    await expect(sum(8)).rejects.toThrow();
  });
});

describe('in pipelines of gpu.js,', () => {
  test('using one kernel with two output lengths gives wrong numbers', async () => {
    const instance = new gpuJs.GPU({ mode: 'cpu' });
    const settings = { output: [2], dynamicOutput: true };
    const next = instance.createKernel(
      'function (a) { return a[this.thread.x] + 1; }',
      settings,
    ) as unknown as {
      (a: unknown): unknown;
      setOutput(output: readonly number[]): void;
    };
    const pipeline = instance.createPipeline(((a: unknown) => {
      next.setOutput([2]);
      const two = next(a);
      next.setOutput([4]);
      const four = next(a);
      return [two, four];
    }) as (...args: never[]) => unknown);
    const [two, four] = (await pipeline(
      gpuJs.input(Float32Array.of(1, 2, 3, 4), [4]),
    )) as unknown as ArrayLike<number>[];
    expect([Array.from(two as ArrayLike<number>), Array.from(four as ArrayLike<number>)]).not.toEqual([[2, 3], [2, 3, 4, 5]]); // biome-ignore format: pairs
  });

  test('an array on the device as an argument makes the pipeline fall back from a single launch', async () => {
    const instance = new gpuJs.GPU({ mode: 'webgpu' });
    const producer = instance.createKernel('function (a) { return a[this.thread.x]; }', {
      output: [1],
      pipeline: true,
    });
    const kernel = instance.createKernel('function (a) { return a[this.thread.x] + 1; }', { output: [1] });
    const pipeline = instance.createPipeline(((a: unknown) => kernel(a)) as (...args: never[]) => unknown);
    const one = gpuJs.input(Float32Array.of(1), [1]);
    await pipeline(one);
    expect(pipeline.executorKind).toBe('fused-encoder');
    await pipeline(await producer(one));
    expect(pipeline.executorKind).toBe('generic');
    expect(pipeline.fallbackReason).toMatch('GPU-resident handle');
  });

  test('a destroyed instance still references its kernels', async () => {
    const instance = new gpuJs.GPU({ mode: 'cpu' });
    const kernel = instance.createKernel('function (a) { return a[this.thread.x]; }', { output: [1] });
    await kernel(gpuJs.input(Float32Array.of(1), [1]));
    await instance.destroy();
    expect(instance.kernels).toHaveLength(1);
  });
});
