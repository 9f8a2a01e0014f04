import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';

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

test('docs/reference is up to date, and every export and its members have doc blocks', () => {
  const out = mkdtempSync(join(tmpdir(), 'posetape-reference-'));
  try {
    // The command fails if a declaration has no doc block, or names a type that no entry exports.
    const { status, stdout, stderr } = spawnSync(`npm run docs -- --out ${out}`, {
      shell: true,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });
    expect({ status, warnings: (stdout + stderr).match(/^\[(?:warning|error)\].*$/gm) }).toEqual({
      status: 0,
      warnings: null,
    });
    expect(pagesOf('docs/reference'), 'run npm run docs').toEqual(pagesOf(out));
  } finally {
    rmSync(out, { recursive: true });
  }
});

/** Texts of the Markdown files in a folder, by path. */
function pagesOf(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path =>
    path.endsWith('.md'),
  );
  return Object.fromEntries(paths.sort().map(path => [path, readFileSync(join(folder, path), 'utf8')]));
}

test('README and CONTRIBUTING name only files that exist', () => {
  const text = readme + readFileSync('CONTRIBUTING.md', 'utf8');
  const files = [
    ...text.matchAll(/`((?:engine|ops|combine|fit|program|examples|test|docs)\/[\w./-]+\.(?:ts|md))`/g),
  ];
  expect(files.length).toBeGreaterThan(8);
  for (const [, file] of files) expect(() => readFileSync(file as string)).not.toThrow();
});
