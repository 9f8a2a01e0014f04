import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openPage } from '../support/browser.ts';
import type { Outcomes } from './csp-page.ts';

/** The three policies of docs/csp.md, in the order of that page. */
const policies = [...readFileSync('docs/csp.md', 'utf8').matchAll(/```http\n(.*)\n```/g)].map(
  ([, policy = '']) => policy,
);

const runs = (name: string) => expect.stringMatching(new RegExp(`^${name}.*: 1$`));
const forbids = (permission: string) =>
  expect.stringContaining(`a Content-Security-Policy without '${permission}'); use interpreter(`);
const fallback = 'interpreter float64 (jit: code generation is forbidden here)';

const expected: readonly [what: string, outcomes: Outcomes][] = [
  [
    'that allows only scripts',
    {
      interpreter: 'interpreter float64: 1',
      jit: `${fallback}: 1`,
      wasm: forbids('wasm-unsafe-eval'),
      webgl2: runs('gpu'),
      webasm: forbids('wasm-unsafe-eval'),
      cpu: forbids('unsafe-eval'),
      'poses in the page': fallback,
      'poses in workers': fallback,
    },
  ],
  [
    "with 'wasm-unsafe-eval'",
    {
      interpreter: 'interpreter float64: 1',
      jit: `${fallback}: 1`,
      wasm: runs('wasm float32'),
      webgl2: runs('gpu'),
      webasm: runs('gpu'),
      cpu: forbids('unsafe-eval'),
      'poses in the page': fallback,
      'poses in workers': fallback,
    },
  ],
  [
    "with 'unsafe-eval'",
    {
      interpreter: 'interpreter float64: 1',
      jit: 'jit float64: 1',
      wasm: runs('wasm float32'),
      webgl2: runs('gpu'),
      webasm: runs('gpu'),
      cpu: runs('gpu'),
      'poses in the page': 'jit float64',
      'poses in workers': 'jit float64',
    },
  ],
];

test('docs/csp.md shows the three policies', () => {
  expect(policies.length).toBe(expected.length);
  for (const policy of policies) expect(policy).toMatch(/^default-src 'none'; script-src /);
});

test.each(expected)('under a policy %s, each executor runs or says what it needs', async (what, outcomes) => {
  const policy = policies[expected.findIndex(([name]) => name === what)] as string;
  const { page, close } = await openPage('test/browser/csp-page.ts', {
    // The server puts script-src first. The order of directives does not matter.
    scripts: `${policy.replace(/^default-src 'none'; script-src /, '')}; default-src 'none'`,
    flags: ['--enable-unsafe-swiftshader'],
    modules: { 'parallel-worker': 'parallel/worker.ts', scorer: 'test/parallel/scorer.ts' },
  });
  try {
    expect(
      await page.evaluate(
        () => (globalThis as unknown as { outcomes: Promise<Outcomes> }).outcomes,
        undefined,
      ),
    ).toEqual(outcomes);
  } finally {
    await close();
  }
});
