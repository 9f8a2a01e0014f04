import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildPage, outdir } from '../../scripts/page-build.ts';

test('the built page has and links to the licences of all packages in it', async () => {
  const { outputs } = await buildPage();
  const text = readFileSync(`${outdir}/licences.txt`, 'utf8');
  const inputs = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const packages = new Set(
    inputs
      .map(path => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/)?.[1])
      .filter(Boolean),
  );
  expect(packages.size).toBeGreaterThan(20);
  for (const name of ['posetape', ...packages])
    expect(text).toMatch(new RegExp(`^${name}(?: \\d[\\d.]*)? \\(`, 'm'));
  // The files of 3Dmol and gpu.js contain these packages.
  for (const name of ['pako', 'upng-js', 'acorn 8.14.0']) expect(text).toContain(`\n${name}`);
  for (const words of [
    'Permission is hereby granted, free of charge',
    'Apache License',
    'SIL OPEN FONT LICENSE',
    'University of Pittsburgh',
    'three.js Authors',
  ]) {
    expect(text).toContain(words);
  }
  expect(readFileSync(`${outdir}/index.html`, 'utf8')).toContain('href="licences.txt"');
});
