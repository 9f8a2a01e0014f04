import { wasm } from 'posetape/wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenPage, openPage } from '../support/browser.ts';
import { poseArbitrary, programArbitrary } from '../support/programs.ts';
import { property } from '../support/property.ts';
import { expectFloat32 } from '../support/second-order.ts';
import type { PageFunctions } from './page.ts';

const script = 'test/browser/page.ts';

let open: OpenPage;
beforeAll(async () => {
  open = await openPage(script);
});
afterAll(() => open?.close());

/** Calls a function of the page. */
function ask<Name extends keyof PageFunctions>(
  { page }: OpenPage,
  name: Name,
  ...args: Parameters<PageFunctions[Name]>
): Promise<ReturnType<PageFunctions[Name]>> {
  return page.evaluate(
    ([name, args]) => {
      const { pageFunctions } = globalThis as unknown as {
        pageFunctions: Record<string, (...args: unknown[]) => unknown>;
      };
      return pageFunctions[name]?.(...args) as never;
    },
    [name, args] as const,
  );
}

describe('wasm() in Chromium', () => {
  test('uses relaxed SIMD, and says so in its name', async () => {
    expect((await ask(open, 'names')).wasm).toBe('wasm float32 relaxed');
  });

  property(
    'computes random programs as the interpreter does, up to second derivatives',
    programArbitrary({ steps: 8, smooth: true }),
    poseArbitrary({ rows: 20 }),
    async (program, pose) => expectFloat32(await ask(open, 'program', program, pose), program, pose, 1e-5),
  );

  test.each([
    ['exp', Math.exp, 2],
    ['log', Math.log, 2],
    ['tanh', Math.tanh, 4],
    ['cos', Math.cos, 4],
    ['softplus', (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), 4],
  ] as const)('computes %s within its bound of 2 or 4 ulp', async (name, exact, ulps) => {
    const inputs = [...Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 20)];
    const results = await ask(open, 'values', name, inputs);
    for (const [i, result] of results.entries()) {
      const expected = exact(inputs[i] as number);
      if (Object.is(Math.fround(expected), result)) continue;
      const ulp = Math.max(2 ** -149, 2 ** (Math.floor(Math.log2(Math.abs(expected))) - 23));
      expect(Math.abs(result - expected) / ulp, `${name}(${inputs[i]})`).toBeLessThanOrEqual(ulps);
    }
  });
});

describe('a Content-Security-Policy', () => {
  const namesUnder = async (scripts: string) => {
    const under = await openPage(script, { scripts });
    try {
      return await ask(under, 'names');
    } finally {
      await under.close();
    }
  };

  test('that allows only scripts makes wasm() name what to allow or use instead, and jit() run the interpreter', async () => {
    const names = await namesUnder("'self'");
    expect(names.wasm).toMatch(/^wasm: compiling WebAssembly is forbidden here .* use interpreter\(/);
    expect(names.jit).toBe('interpreter float64 (jit: code generation is forbidden here)');
  });

  test("with 'wasm-unsafe-eval' lets wasm() run, but not jit()", async () => {
    const names = await namesUnder("'self' 'wasm-unsafe-eval'");
    expect(names.wasm).toBe('wasm float32 relaxed');
    expect(names.jit).toMatch(/^interpreter float64/);
  });
});

test('wasm() in Chromium gives the same bits at each run', async () => {
  const inputs = [...Float32Array.from({ length: 100 }, (_, i) => Math.sin(i))];
  const first = await ask(open, 'values', 'exp', inputs);
  expect(await ask(open, 'values', 'exp', inputs)).toEqual(first);
  expect(wasm().name).toMatch(/^wasm float32/);
});
