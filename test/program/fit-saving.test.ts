import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from 'posetape/fit';
import { afterAll, describe, expect, test } from 'vitest';
import { writeCheckpoint } from '../../program/fit/checkpoint-file.ts';
import type { FitReport } from '../../program/fit/result.ts';
import * as program from '../support/program.ts';

const { commandLine, withoutNote } = program;
const run = async (argv: readonly string[]) => withoutNote(await program.run(argv));
const shell = async (line: string) => withoutNote(await program.shell(line));
const start = (argv: readonly string[]) => {
  const { child, ended } = program.start(argv);
  return { child, ended: ended.then(withoutNote) };
};

const folder = mkdtempSync(join(tmpdir(), 'posetape-saving-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const example = ['--folder', fileURLToPath(new URL('../../examples/schnet/data/demo', import.meta.url))];
const smallNetwork = [...example, ...'--hidden 4 --interactions 1 --neighbours 6 --limit 1'.split(' ')];
const endless = [...smallNetwork, '--epochs', '1000000'];

/** Report that `fit` prints for these options with --json. */
async function reportOf(...argv: string[]): Promise<FitReport> {
  const { code, stdout, stderr } = await run(['fit', ...argv, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('fit --resume', () => {
  const cases: [string, string[]][] = [
    ['SchNet by Adam', [...smallNetwork, '--batch', '2', '--validate', '0.3']],
    [
      'Vina by L-BFGS',
      [...example, '--scorer', 'vina', '--limit', '2', '--learn', 'offset', 'kT', '--stay', '0.1'],
    ],
    [
      'Vina by SGD',
      [...example, ...'--scorer vina --limit 2 --optimiser sgd --rate 0.0005 --momentum 0.5'.split(' ')],
    ],
  ];
  test.each(cases)('continues from a checkpoint to the same bits: %s', async (name, argv) => {
    const [whole, parts, checkpoint] = ['whole', 'parts', 'checkpoint'].map(file =>
      at(`${name} ${file}`),
    ) as [string, string, string];
    const resuming = ['--checkpoint', checkpoint, '--resume'];
    const once = await reportOf(...argv, '--epochs', '7', '--out', whole);
    await reportOf(...argv, '--epochs', '3', ...resuming);
    const { stdout } = await run(['fit', ...argv, '--epochs', '5', ...resuming, '--out', parts]);
    expect(stdout).toContain('resumed   after epoch 3');
    const again = await reportOf(...argv, '--epochs', '7', ...resuming, '--out', parts);
    expect(again).toEqual(once);
    expect(readFileSync(parts).equals(readFileSync(whole))).toBe(true);
    // Resuming a finished fit changes nothing.
    expect(await reportOf(...argv, '--epochs', '7', ...resuming, '--out', parts)).toEqual(once);
  });

  test('rejects a checkpoint that is damaged or of another fit; without --resume, any existing one', async () => {
    const file = at('a.checkpoint');
    await reportOf(...smallNetwork, '--epochs', '2', '--checkpoint', file);
    const bytes = readFileSync(file, 'utf8');
    const errorOf = async (...argv: string[]) =>
      (await run(['fit', ...smallNetwork, '--epochs', '3', '--checkpoint', file, ...argv])).stderr;
    expect(await errorOf()).toBe(
      `error: ${file}: a checkpoint exists: give --resume to continue from it, or remove it\n`,
    );
    expect(await errorOf('--resume', '--rate', '0.1')).toBe(
      `error: ${file}: the checkpoint is of a fit with a different setting, rate: 0.005, not 0.1\n`,
    );
    expect(await errorOf('--resume', '--leave-out', 'lig_whole')).toContain(
      'a fit with a different setting, compounds',
    );
    expect(await errorOf('--resume', '--seed', '2')).toContain(
      'a fit with a different setting, seed: 1, not 2',
    );
    for (const damage of [
      bytes.replace('"epoch":2', '"epoch":1'),
      bytes.slice(0, -100),
      bytes.slice(0, 40),
      '',
    ]) {
      writeFileSync(file, damage);
      expect(await errorOf('--resume')).toMatch(
        /checkpoint: (?:the checkpoint is damaged|expected a checkpoint)/,
      );
    }
    writeFileSync(file, bytes);
    expect(await errorOf('--resume')).toBe('');
  });
});

describe('fit, ended early', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s, saves its model and checkpoint, and names both',
    async signal => {
      const [out, checkpoint] = [at(`${signal}.safetensors`), at(`${signal}.checkpoint`)];
      const argv = ['fit', ...endless, '--out', out, '--checkpoint', checkpoint];
      const { child, ended } = start([...argv, '--json']);
      await expect.poll(() => existsSync(checkpoint)).toBe(true);
      child.kill(signal);
      const { code, stdout, stderr } = await ended;
      expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
      const [, model, state] =
        /^the model of epoch (\d+) is in .*\nthe state of epoch (\d+) is in .*; continue with the same command and --resume\ninterrupted by \w+\n$/.exec(
          stderr,
        ) ?? [];
      expect(model).toBe(state);
      expect(readSafetensors(readFileSync(out)).metadata.scorer).toBe('schnet');
      const more = String(Number(state) + 2);
      const resumed = await run(['fit', ...argv.slice(1), '--epochs', more, '--resume', '--json']);
      expect(resumed).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(resumed.stdout).epochs).toHaveLength(Number(more));
    },
  );

  test('by kill -9, leaves complete files', async () => {
    for (let round = 0; round < 6; round++) {
      const [out, checkpoint] = [at(`k${round}.safetensors`), at(`k${round}.checkpoint`)];
      const argv = [...endless, '--out', out, '--checkpoint', checkpoint];
      const { child, ended } = start(['fit', ...argv, '--json']);
      // `fit` writes the model before the checkpoint. Even rounds kill it once the model exists, odd rounds once both exist.
      await expect.poll(() => existsSync(round % 2 ? checkpoint : out), { interval: 1 + round }).toBe(true);
      child.kill('SIGKILL');
      expect((await ended).code).toBe(null);
      expect(readSafetensors(readFileSync(out)).metadata.scorer).toBe('schnet');
      if (!existsSync(checkpoint)) continue;
      const resumed = await run([
        'fit',
        ...smallNetwork,
        '--epochs',
        '1',
        '--checkpoint',
        checkpoint,
        '--resume',
      ]);
      expect(resumed.stderr).toBe('');
    }
  });

  test('in the middle of a write, leaves the previous file', async () => {
    const file = at('torn.checkpoint');
    await reportOf(...smallNetwork, '--epochs', '2', '--checkpoint', file);
    const good = readFileSync(file);
    // A limit on the size of files makes the write fail in the middle, as a full disk would.
    const large = `${example.join(' ')} --hidden 32 --interactions 3 --epochs 1 --limit 1`;
    const line = `trap '' XFSZ; ulimit -f 8; ${commandLine} fit ${large} --out ${file}`;
    const { code, stderr } = await shell(line);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `error: cannot write ${file}: file too large\n`,
    });
    expect(readFileSync(file).equals(good)).toBe(true);
    expect(readdirSync(folder).filter(name => name.startsWith('.torn'))).toEqual([]);
    await expect(writeCheckpoint(at('none/x'), {}, {} as never)).rejects.toThrow(
      /^cannot write .*x: no such/,
    );
  });

  test.skipIf(!existsSync('/dev/full'))('by a full disk or a missing folder, names the file', async () => {
    for (const option of ['--out', '--checkpoint', '--report']) {
      const { code, stderr } = await run(['fit', ...smallNetwork, '--epochs', '1', option, '/dev/full']);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: 'error: cannot write /dev/full: no space left on device\n',
      });
    }
    const before = Date.now();
    const { stderr } = await run(['fit', ...endless, '--out', at('no/model.safetensors')]);
    expect(stderr).toMatch(/^error: cannot write .*model\.safetensors: no such file or directory\n$/);
    expect(Date.now() - before).toBeLessThan(20_000);
  });

  test('by a closed output pipe, exits quietly, or continues if --out names a file', async () => {
    const closed = await shell(`${commandLine} fit ${endless.join(' ')} | head -3; echo "\${PIPESTATUS[0]}"`);
    expect(closed).toMatchObject({ code: 0, stderr: '' });
    expect(closed.stdout).toMatch(/\n0\n$/);
    const out = at('piped.safetensors');
    const argv = `${smallNetwork.join(' ')} --epochs 4`;
    const piped = await shell(`${commandLine} fit ${argv} --out ${out} | true; echo "\${PIPESTATUS[0]}"`);
    expect(piped).toMatchObject({ stdout: '0\n', stderr: '' });
    await reportOf(...argv.split(' '), '--out', at('straight.safetensors'));
    expect(readFileSync(out).equals(readFileSync(at('straight.safetensors')))).toBe(true);
  });
});
