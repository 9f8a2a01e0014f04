import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Tensor, tensor } from 'posetape';
import { combinePoses, lse, pKi, squaredError } from 'posetape/combine';
import { afterAll, describe, expect, test } from 'vitest';
import type { FitResult } from '../../program/fit/run.ts';
import { readCompounds } from '../../program/read/folder.ts';
import { type Model, untrained } from '../../program/schnet/model.ts';
import { bindingEnergy, type Compound, type Fit, lossOf, training } from '../../program/schnet/training.ts';
import { expectClose } from '../support/equal.ts';
import { run } from '../support/program.ts';

const path = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
const demo = path('schnet/data/demo');
const folder = mkdtempSync(join(tmpdir(), 'posetape-schnet-'));
afterAll(() => rmSync(folder, { recursive: true }));

const settings = {
  ...{ hidden: 4, gaussians: 6, interactions: 1, cutoff: 4.5 },
  ...{ neighbours: 6, pocket: 4, delta: true },
};
const small = '--hidden 4 --interactions 1 --neighbours 6 --cutoff 4.5 --pocket 4'.split(' ');
const fit: Fit = { combination: lse(), readout: 'dG', kT: 0.593, rate: 0.01, batch: 2, seed: 1 };
const model = untrained(settings, 1);
const compounds = await readCompounds(demo, settings, 1);

async function json<Result>(...argv: string[]): Promise<Result> {
  const { code, stdout, stderr } = await run([...argv, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('training', () => {
  test('sums the gradients of a batch', async () => {
    const whole = { ...fit, batch: compounds.length };
    const { value } = await training(compounds, model, whole).next();
    const results = await Promise.all(
      compounds.map(({ poses, pKi: measured }) =>
        combinePoses({
          poses,
          params: model.weights,
          score: model.network.score,
          combination: lse(),
          loss: squaredError(bindingEnergy(measured, 0.593)),
        }),
      ),
    );
    const losses = results.map(({ loss }) => loss as number);
    expectClose(value.loss, losses.reduce((a, b) => a + b) / losses.length, 1e-12);
    // The first step of Adam is the rate times the sign of the sum, wherever it is not tiny.
    for (const [name, { data }] of Object.entries(model.weights)) {
      const sum = [...data.keys()].map(i =>
        results.reduce((total, { gradient }) => total + (gradient[name]?.data[i] as number), 0),
      );
      const expected = [...data].map(
        (weight, i) => weight - (0.01 * (sum[i] as number)) / (Math.abs(sum[i] as number) + 1e-8),
      );
      expectClose(
        value.weights[name] as Tensor,
        tensor(Float64Array.from(expected), model.weights[name]?.shape),
        1e-9,
      );
    }
  });

  test('compares ΔG or pKi with experiment', async () => {
    const [compound] = compounds as [Compound];
    for (const readout of ['dG', 'pKi'] as const) {
      const { value } = await training([compound], model, { ...fit, readout }).next();
      const { value: energy, readout: affinity } = await combinePoses({
        poses: compound.poses,
        params: model.weights,
        score: model.network.score,
        combination: lse(),
        readout: pKi({ kT: 0.593 }),
      });
      expectClose(value.loss, lossOf(energy, compound, { ...fit, readout }), 1e-12);
      if (readout === 'pKi') expectClose(value.loss, ((affinity as number) - compound.pKi) ** 2, 1e-12);
    }
    expectClose(bindingEnergy(9, 0.593), -12.289, 1e-4);
  });
});

describe('the command that fits', () => {
  const argv = [...small, '--epochs', '6', '--rate', '0.02', '--limit', '2'];

  test('lowers the loss on the demonstration, and writes a model that the other command reads', async () => {
    const out = join(folder, 'weights.json');
    const { epochs, compounds: fitted, leftOut } = await json<FitResult>('fit', ...argv, '--out', out);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    const losses = epochs.map(({ loss }) => loss);
    expect(losses.at(-1)).toBeLessThan(0.2 * (losses[0] as number));
    expect(leftOut).toBe(null);
    expect(fitted.map(({ name, poses }) => [name, poses])).toEqual([
      ['lig_whole', 2],
      ['lig_no_piperazine', 2],
      ['lig_no_benzamide', 2],
    ]);

    const files = ['--receptor', join(demo, 'pocket.pdbqt'), '--poses', join(demo, 'lig_whole.pdbqt')];
    const { predictions } = await json<{ predictions: readonly number[] }>(
      ...['score', ...files, '--scorer', 'schnet', '--weights', out],
    );
    const saved = JSON.parse(readFileSync(out, 'utf8')) as Pick<Model, 'settings'>;
    expect(saved.settings).toMatchObject({ hidden: 4, interactions: 1, delta: true });
    const two = predictions.slice(0, 2);
    const e = two.map(energy => Math.exp(-(energy - Math.min(...two)) / 0.593));
    const mean =
      two.reduce((sum, energy, i) => sum + energy * (e[i] as number), 0) / e.reduce((a, b) => a + b);
    expectClose(mean, fitted[0]?.predicted as number, 1e-12);
  });

  test('leaves compounds out, and prints the loss by epoch', async () => {
    const argv2 = [...small, '--epochs', '2', '--limit', '1', '--readout', 'pKi', '--combination', 'lse'];
    const { code, stdout, stderr } = await run(['fit', ...argv2, '--leave-out', 'lig_whole']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/2 to fit, 1 left out; 3 poses/);
    expect(stdout).toMatch(/epoch +loss +left out\n +1 +\d+\.\d{4} +\d+\.\d{4}\n +2 /);
    expect(stdout).toMatch(/lig_whole \(left out\) +1 +-12\.29/);
    expect(stdout).toMatch(/left out: root mean square error \d/);
    expect(Math.max(...stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(80);
  });

  test('says in one line what is wrong', async () => {
    const wrong = (...argv: string[]) => run(['fit', ...argv]);
    expect(await wrong('--leave-out', 'lig_x')).toMatchObject({
      code: 1,
      stderr: 'error: --leave-out lig_x: there are lig_whole, lig_no_piperazine, lig_no_benzamide\n',
    });
    const all = compounds.map(({ name }) => name);
    expect((await wrong('--leave-out', ...all)).stderr).toBe(
      'error: --leave-out: no compound remains to be fitted\n',
    );
    expect((await wrong('--hidden', '5')).stderr).toContain('It must be an even number.');
    expect((await wrong('--folder', folder)).stderr).toMatch(
      /^error: cannot read .*affinities\.csv: no such file/,
    );
    const twice = 'ligand,measure,value,unit\nlig_a,ki,1,nM\nlig_a,ki,2,nM\n';
    writeFileSync(join(folder, 'affinities.csv'), twice);
    for (const [from, to] of [['pocket'], ['lig_whole', 'lig_a']] as [string, string?][]) {
      writeFileSync(join(folder, `${to ?? from}.pdbqt`), readFileSync(join(demo, `${from}.pdbqt`)));
    }
    expect((await wrong('--folder', folder)).stderr).toMatch(
      /line 3: expected each compound once, found lig_a/,
    );
  });
});
