import { wasm } from 'posetape/wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenPage, openPage } from '../support/browser.ts';
import { poseArbitrary, programArbitrary } from '../support/programs.ts';
import { property } from '../support/property.ts';
import { expectFloat32 } from '../support/second-order.ts';
import type { Asked } from './page.ts';

const program = 'test/browser/page.ts';

let open: OpenPage;
beforeAll(async () => {
  open = await openPage(program);
});
afterAll(() => open?.close());

/** Calls a function of the page's. */
function ask<Name extends keyof Asked>(
  { page }: OpenPage,
  name: Name,
  ...args: Parameters<Asked[Name]>
): Promise<ReturnType<Asked[Name]>> {
  return page.evaluate(
    ([which, given]) => {
      const { asked } = globalThis as unknown as { asked: Record<string, (...args: unknown[]) => unknown> };
      return asked[which]?.(...given) as never;
    },
    [name, args] as const,
  );
}

describe('in Chromium', () => {
  test('relaxed SIMD is found, and named', async () => {
    expect((await ask(open, 'names')).wasm).toBe('wasm float32 relaxed');
  });

  property(
    'random programs are as the interpreter has them, to second derivatives',
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
  ] as const)('%s is as accurate as here', async (name, exact, ulps) => {
    const inputs = [...Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 20)];
    const found = await ask(open, 'values', name, inputs);
    for (const [i, number] of found.entries()) {
      const wanted = exact(inputs[i] as number);
      if (Object.is(Math.fround(wanted), number)) continue;
      const ulp = Math.max(2 ** -149, 2 ** (Math.floor(Math.log2(Math.abs(wanted))) - 23));
      expect(Math.abs(number - wanted) / ulp, `${name}(${inputs[i]})`).toBeLessThanOrEqual(ulps);
    }
  });
});

describe('under a Content-Security-Policy', () => {
  const namesUnder = async (scripts: string) => {
    const under = await openPage(program, { scripts });
    try {
      return await ask(under, 'names');
    } finally {
      await under.close();
    }
  };

  test('of scripts alone, wasm() says what forbids it and what to use; jit() runs the interpreter', async () => {
    const names = await namesUnder("'self'");
    expect(names.wasm).toMatch(/^wasm: compiling WebAssembly is forbidden here .* use interpreter\(/);
    expect(names.jit).toBe('interpreter float64 (jit: code generation is forbidden here)');
  });

  test("with 'wasm-unsafe-eval', wasm() runs where jit() may not", async () => {
    const names = await namesUnder("'self' 'wasm-unsafe-eval'");
    expect(names.wasm).toBe('wasm float32 relaxed');
    expect(names.jit).toMatch(/^interpreter float64/);
  });
});

test('Node has the same bits at each run; Chromium differs from it by no more than fused rounding', async () => {
  const inputs = [...Float32Array.from({ length: 100 }, (_, i) => Math.sin(i))];
  const there = await ask(open, 'values', 'exp', inputs);
  expect(await ask(open, 'values', 'exp', inputs)).toEqual(there);
  expect(wasm().name).toMatch(/^wasm float32/);
});
