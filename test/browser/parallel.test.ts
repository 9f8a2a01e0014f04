import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sent } from '../parallel/scorer.ts';
import { type OpenPage, openPage } from '../support/browser.ts';
import type { PageFunctions } from './parallel-page.ts';

const poses = (count: number): Sent[] =>
  Array.from({ length: count }, (_, i) => ({ distances: [3 + Math.sin(i), 3 + Math.cos(i)] }));

describe.each([
  ['with shared memory', true],
  ['without shared memory', false],
] as const)('Web Workers in a page %s', (_, isIsolated) => {
  let open: OpenPage;
  beforeAll(async () => {
    open = await openPage('test/browser/parallel-page.ts', {
      isIsolated,
      modules: {
        'parallel-worker': 'parallel/worker.ts',
        scorer: 'test/parallel/scorer.ts',
        bundle: 'test/parallel/served.ts',
      },
    });
  });
  afterAll(() => open?.close());

  const ask = <Name extends keyof PageFunctions>(name: Name, ...args: Parameters<PageFunctions[Name]>) =>
    open.page.evaluate(
      ([name, args]) => {
        const { pageFunctions } = globalThis as unknown as {
          pageFunctions: Record<string, (...args: unknown[]) => unknown>;
        };
        return pageFunctions[name]?.(...args) as never;
      },
      [name, args] as const,
    ) as Promise<Awaited<ReturnType<PageFunctions[Name]>>>;

  test('give the same bits as the page itself, for 1 and 3 workers', async () => {
    expect(await ask('isIsolated')).toBe(isIsolated);
    const here = await ask('here', poses(30));
    for (const way of ['module', 'bundle'] as const)
      for (const threads of [1, 3]) expect(await ask('byWorkers', way, threads, poses(30))).toBe(here);
  });

  test('name the pose for which the scorer throws', async () => {
    const faulty = poses(10);
    faulty[7] = { distances: [3], fault: 'throws' };
    expect(await ask('byWorkers', 'bundle', 2, faulty)).toBe('pose 7: not this one');
  });

  test('name a module that they cannot load', async () => {
    expect(await ask('byWorkers', 'nowhere', 1, poses(3))).toMatch(/nowhere\.js/);
  });
});
