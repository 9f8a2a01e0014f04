import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { path, reference } from '../scripts/reference.ts';

const readme = readFileSync('README.md', 'utf8');
const blocks = (language: string) =>
  readme
    .split(`\`\`\`${language}\n`)
    .slice(1)
    .map(rest => rest.split('```')[0]);

afterEach(() => {
  vi.restoreAllMocks();
});

test.each([
  { file: 'examples/first-gradient.ts', at: 0, run: () => import('../examples/first-gradient.ts') },
  { file: 'examples/first-ensemble.ts', at: 1, run: () => import('../examples/first-ensemble.ts') },
  { file: 'examples/first-training.ts', at: 2, run: () => import('../examples/first-training.ts') },
  { file: 'examples/first-op.ts', at: 3, run: () => import('../examples/first-op.ts') },
])('README shows $file, and what it prints', async ({ file, at, run }) => {
  expect(blocks('ts')[at]).toBe(readFileSync(file, 'utf8'));
  const printed: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((...words) => void printed.push(words.join(' ')));
  await run();
  expect(printed.join('\n').trim()).toBe(blocks('text')[at]?.trim());
});

test('docs/reference.md says what the doc blocks say', () => {
  expect(readFileSync(path, 'utf8'), 'run npm run docs').toBe(reference());
});

test('README names only files that exist', () => {
  const files = [
    ...readme.matchAll(/`((?:engine|ops|combine|fit|examples|test|docs)\/[\w./-]+\.(?:ts|md))`/g),
  ];
  expect(files.length).toBeGreaterThan(8);
  for (const [, file] of files) expect(() => readFileSync(file as string)).not.toThrow();
});
