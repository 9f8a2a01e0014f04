import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor } from 'posetape';
import { adam, readSafetensors, writeSafetensors } from 'posetape/fit';
import { expect, test } from 'vitest';
import { blocksOf, expectFilled } from './page.ts';

/** Output of an example, run as a process. */
function printed(example: string, ...args: string[]): string {
  const tsx = ['node_modules/tsx/dist/cli.mjs', '--conditions=posetape:source'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...tsx, example, ...args], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

test('docs/fitting.md shows its examples, and what they print', async () => {
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
    await expectFilled('fitting.md', ({ language }) => (language === 'js' ? undefined : texts[shown++]));
    expect(shown).toBe(texts.length);
    // If the finished fit is resumed from its last checkpoint, it prints and writes the same.
    const model = readFileSync(files[1] as string);
    expect(printed('examples/resumed-fit.ts', ...files)).toBe(texts[3]);
    expect(readFileSync(files[1] as string).equals(model)).toBe(true);
    expect(readSafetensors(model).metadata).toEqual({ epochs: '40' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('examples/message-passing.ts reaches the loss of the same network in PyTorch, in at most 35 lines', () => {
  // The expected loss is that of the same program in PyTorch 1.13, in float64, after 25 epochs of Adam.
  expect(printed('examples/message-passing.ts', '25')).toMatch(/^epoch 25: loss 33\.41553, validation /);
  const lines = readFileSync('examples/message-passing.ts', 'utf8').trim().split('\n');
  expect(lines.length).toBeLessThanOrEqual(35);
});

test('the short blocks of docs/fitting.md run: a step of Adam, and files of weights', () => {
  const parts = blocksOf('docs/fitting.md').filter(({ language }) => language === 'js');
  const [step, weights] = parts.map(({ text }) => text) as [string, string];
  expect(parts).toHaveLength(2);
  const scope = { adam, readSafetensors, writeSafetensors, gradient: { w: tensor([1, -2]) } };
  const names = Object.keys(scope).join(', ');
  const run = (text: string, result: string) =>
    new Function('scope', 'params', `const { ${names} } = scope;\n${text}\nreturn ${result};`)(scope, {
      w: tensor([3, 4]),
    });
  const { params, saved } = run(step, '{ params, saved }');
  const restored = adam({ rate: 0.01 }).start(JSON.parse(saved));
  expect([...params.w.data]).toEqual([3 - 0.01, 4 + 0.01].map(x => expect.closeTo(x, 9)));
  expect(JSON.stringify(restored)).toBe(saved);
  const { tensors, metadata } = run(weights, '{ tensors, metadata }');
  expect(tensors).toEqual({ w: tensor([3, 4]) });
  expect(metadata).toEqual({ epochs: '40' });
});
