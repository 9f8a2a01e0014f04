import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor } from 'posetape';
import { adam, readSafetensors, writeSafetensors } from 'posetape/fit';
import { expect, test } from 'vitest';
import { blocksOf, expectFilled } from './page.ts';

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
    await expectFilled('fitting.md', ({ language }) => (language === 'js' ? undefined : texts[shown++]));
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

test('docs/fitting.md shows how a step is taken and saved, and how files of weights are read', () => {
  const parts = blocksOf('docs/fitting.md').filter(({ language }) => language === 'js');
  const [step, weights] = parts.map(({ text }) => text) as [string, string];
  expect(parts).toHaveLength(2);
  const given = { adam, readSafetensors, writeSafetensors, gradient: { w: tensor([1, -2]) } };
  const names = Object.keys(given).join(', ');
  const run = (text: string, result: string) =>
    new Function('given', 'params', `const { ${names} } = given;\n${text}\nreturn ${result};`)(given, {
      w: tensor([3, 4]),
    });
  const { params, saved } = run(step, '{ params, saved }');
  const restored = adam({ rate: 0.01 }).start(JSON.parse(saved));
  expect([...params.w.data]).toEqual([3 - 0.01, 4 + 0.01].map(each => expect.closeTo(each, 9)));
  expect(JSON.stringify(restored)).toBe(saved);
  const { tensors, metadata } = run(weights, '{ tensors, metadata }');
  expect(tensors).toEqual({ w: tensor([3, 4]) });
  expect(metadata).toEqual({ epochs: '40' });
});
