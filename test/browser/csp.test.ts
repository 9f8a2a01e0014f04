import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openPage } from '../support/browser.ts';
import type { Found } from './csp-page.ts';

/** The policies of docs/csp.md, in its order. */
const policies = [...readFileSync('docs/csp.md', 'utf8').matchAll(/```http\n(.*)\n```/g)].map(
  ([, policy = '']) => policy,
);

const runs = (name: string) => expect.stringMatching(new RegExp(`^${name}.*: 1$`));
const forbids = (permission: string) =>
  expect.stringContaining(`a Content-Security-Policy without '${permission}'); use interpreter(`);
const instead = 'interpreter float64 (jit: code generation is forbidden here)';

const expected: readonly [what: string, found: Found][] = [
  [
    'of scripts alone',
    {
      interpreter: 'interpreter float64: 1',
      jit: `${instead}: 1`,
      wasm: forbids('wasm-unsafe-eval'),
      webgl2: runs('gpu'),
      webasm: forbids('wasm-unsafe-eval'),
      cpu: forbids('unsafe-eval'),
      'poses in the page': instead,
      'poses in workers': instead,
    },
  ],
  [
    "with 'wasm-unsafe-eval'",
    {
      interpreter: 'interpreter float64: 1',
      jit: `${instead}: 1`,
      wasm: runs('wasm float32'),
      webgl2: runs('gpu'),
      webasm: runs('gpu'),
      cpu: forbids('unsafe-eval'),
      'poses in the page': instead,
      'poses in workers': instead,
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

test('docs/csp.md has a policy for each', () => {
  expect(policies.length).toBe(expected.length);
  for (const policy of policies) expect(policy).toMatch(/^default-src 'none'; script-src /);
});

test.each(expected)('under the policy %s, each executor runs or says what it needs', async (what, found) => {
  const policy = policies[expected.findIndex(([each]) => each === what)] as string;
  const { page, close } = await openPage('test/browser/csp-page.ts', {
    // The header begins with script-src; the order of directives is of no meaning.
    scripts: `${policy.replace(/^default-src 'none'; script-src /, '')}; default-src 'none'`,
    flags: ['--enable-unsafe-swiftshader'],
    beside: { 'parallel-worker': 'parallel/worker.ts', scorer: 'test/parallel/scorer.ts' },
  });
  try {
    expect(
      await page.evaluate(() => (globalThis as unknown as { found: Promise<Found> }).found, undefined),
    ).toEqual(found);
  } finally {
    await close();
  }
});
