import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sent } from '../parallel/scorer.ts';
import { type OpenPage, openPage } from '../support/browser.ts';
import type { Asked } from './parallel-page.ts';

const poses = (count: number): Sent[] =>
  Array.from({ length: count }, (_, i) => ({ distances: [3 + Math.sin(i), 3 + Math.cos(i)] }));

describe.each([
  ['that may share memory', true],
  ['that may not', false],
] as const)('in a page %s, Web Workers', (_, isIsolated) => {
  let open: OpenPage;
  beforeAll(async () => {
    open = await openPage('test/browser/parallel-page.ts', {
      isIsolated,
      beside: {
        'parallel-worker': 'parallel/worker.ts',
        scorer: 'test/parallel/scorer.ts',
        bundle: 'test/parallel/served.ts',
      },
    });
  });
  afterAll(() => open?.close());

  const ask = <Name extends keyof Asked>(name: Name, ...args: Parameters<Asked[Name]>) =>
    open.page.evaluate(
      ([which, given]) => {
        const { asked } = globalThis as unknown as { asked: Record<string, (...args: unknown[]) => unknown> };
        return asked[which]?.(...given) as never;
      },
      [name, args] as const,
    ) as Promise<Awaited<ReturnType<Asked[Name]>>>;

  test('give the bits of the page, for any number of them', async () => {
    expect(await ask('isIsolated')).toBe(isIsolated);
    const here = await ask('here', poses(30));
    for (const way of ['module', 'bundle'] as const)
      for (const threads of [1, 3]) expect(await ask('byWorkers', way, threads, poses(30))).toBe(here);
  });

  test('name the pose where the scorer throws', async () => {
    const some = poses(10);
    some[7] = { distances: [3], fault: 'throws' };
    expect(await ask('byWorkers', 'bundle', 2, some)).toBe('pose 7: not this one');
  });

  test('say which module they cannot load', async () => {
    expect(await ask('byWorkers', 'nowhere', 1, poses(3))).toMatch(/nowhere\.js/);
  });
});
