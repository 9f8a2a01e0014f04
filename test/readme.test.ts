import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { path, reference } from '../scripts/reference.ts';

const readme = readFileSync('README.md', 'utf8');
const blocks = (page: string, language: string) =>
  readFileSync(page, 'utf8')
    .split(`\`\`\`${language}\n`)
    .slice(1)
    .map(rest => rest.split('```')[0]);

afterEach(() => {
  vi.restoreAllMocks();
});

test.each([
  {
    file: 'examples/first-gradient.ts',
    page: 'README.md',
    at: 0,
    run: () => import('../examples/first-gradient.ts'),
  },
  {
    file: 'examples/first-ensemble.ts',
    page: 'README.md',
    at: 1,
    run: () => import('../examples/first-ensemble.ts'),
  },
  {
    file: 'examples/first-op.ts',
    page: 'docs/scorer.md',
    at: 0,
    run: () => import('../examples/first-op.ts'),
  },
])('$page shows $file, and what it prints', async ({ file, page, at, run }) => {
  expect(blocks(page, 'ts')[at]).toBe(readFileSync(file, 'utf8'));
  const printed: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((...words) => void printed.push(words.join(' ')));
  await run();
  expect(printed.join('\n').trim()).toBe(blocks(page, 'text')[at]?.trim());
});

test('docs/reference.md says what the doc blocks say', () => {
  expect(readFileSync(path, 'utf8'), 'run npm run docs').toBe(reference());
});

test('README and CONTRIBUTING name only files that exist', () => {
  const text = readme + readFileSync('CONTRIBUTING.md', 'utf8');
  const files = [
    ...text.matchAll(/`((?:engine|ops|combine|fit|program|examples|test|docs)\/[\w./-]+\.(?:ts|md))`/g),
  ];
  expect(files.length).toBeGreaterThan(8);
  for (const [, file] of files) expect(() => readFileSync(file as string)).not.toThrow();
});
