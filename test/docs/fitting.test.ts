import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from 'posetape/fit';
import { expect, test } from 'vitest';
import { expectFilled } from './page.ts';

/** Output of an example that is run by itself. */
function printed(example: string, ...args: string[]): string {
  const tsx = ['node_modules/tsx/dist/cli.mjs', '--conditions=posetape:source'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...tsx, example, ...args], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

test('docs/fitting.md shows its programs, and what they print', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posetape-fit-'));
  const files = ['fit.json', 'fit.safetensors'].map(name => join(folder, name));
  try {
    const examples = [
      { file: 'examples/first-training.ts', args: [] },
      { file: 'examples/resumed-fit.ts', args: files },
      { file: 'examples/first-minimum.ts', args: [] },
    ];
    const texts = examples.flatMap(({ file, args }) => [readFileSync(file, 'utf8'), printed(file, ...args)]);
    let shown = 0;
    await expectFilled('fitting.md', () => texts[shown++]);
    expect(shown).toBe(texts.length);
    // Once more, from its last checkpoint.
    const model = readFileSync(files[1] as string);
    expect(printed('examples/resumed-fit.ts', ...files)).toBe(texts[3]);
    expect(readFileSync(files[1] as string).equals(model)).toBe(true);
    expect(readSafetensors(model).metadata).toEqual({ epochs: '40' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('examples/message-passing.ts comes to the losses of PyTorch, in at most 35 lines', () => {
  // Of a program that does the same with PyTorch 1.13 in float64: 25 epochs of Adam.
  expect(printed('examples/message-passing.ts', '25')).toMatch(/^epoch 25: loss 33\.41553, validation /);
  const lines = readFileSync('examples/message-passing.ts', 'utf8').trim().split('\n');
  expect(lines.length).toBeLessThanOrEqual(35);
});
