import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Tensor, tensor } from 'posetape';
import { combinePoses, lse, pKi, squaredError } from 'posetape/combine';
import { afterAll, describe, expect, test } from 'vitest';
import { atomsOf, poseOf } from '../../examples/networks/pose.ts';
import { readCompounds } from '../../program/read/folder.ts';
import { fitCommand } from '../../program/schnet/cli/fit.ts';
import type { FitResult } from '../../program/schnet/cli/fit-run.ts';
import { predictCommand } from '../../program/schnet/cli/predict.ts';
import { type Prediction, predictAll } from '../../program/schnet/cli/predict-run.ts';
import { type Model, untrained } from '../../program/schnet/model.ts';
import { refine, slopeOf, steepness } from '../../program/schnet/refine.ts';
import { bindingEnergy, type Compound, type Fit, lossOf, training } from '../../program/schnet/training.ts';
import { expectClose } from '../support/equal.ts';

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

type Command = typeof fitCommand;

/** Runs a command with its outputs caught. */
async function run(
  command: Command,
  ...argv: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const into = (name: keyof typeof written) =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += chunk;
        done();
      },
    });
  const code = await command(argv, { stdout: into('stdout'), stderr: into('stderr') });
  return { code, ...written };
}

async function json<Result>(command: Command, ...argv: string[]): Promise<Result> {
  const { code, stdout, stderr } = await run(command, ...argv, '--json');
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

describe('refinement', () => {
  const twoAtoms = (distance: number) =>
    poseOf(atomsOf([6], [distance, 0, 0]), atomsOf([8], [0, 0, 0]), settings);

  test('follows a slope that is the derivative, and never goes up', () => {
    const energy = (distance: number) => slopeOf(model, twoAtoms(distance)).energy;
    const { slope } = slopeOf(model, twoAtoms(2));
    const difference = (energy(2 + 1e-5) - energy(2 - 1e-5)) / 2e-5;
    expectClose(slope, tensor([[difference, 0, 0]]), 1e-6);
    expectClose(steepness(slope), [Math.abs(difference)], 1e-6);

    const { energies, ligand, rmsd } = refine(model, twoAtoms(2), 30);
    expect(energies.length).toBe(31);
    expect(energies.every((each, i) => i === 0 || each <= (energies[i - 1] as number))).toBe(true);
    expect(energies.at(-1)).toBeLessThan(energies[0] as number);
    const [x] = ligand.coordinates.data;
    expectClose(rmsd, Math.abs((x as number) - 2), 1e-12);
    expectClose(energy(x as number), energies.at(-1) as number, 1e-12);
  });

  test('of no steps changes nothing', () => {
    const pose = twoAtoms(2);
    const { energies, ligand, rmsd } = refine(model, pose, 0);
    expect({ steps: energies.length - 1, ligand, rmsd }).toEqual({ steps: 0, ligand: pose.ligand, rmsd: 0 });
  });
});

describe('the command that fits', () => {
  const argv = [...small, '--epochs', '6', '--rate', '0.02', '--limit', '2'];

  test('lowers the loss on the demonstration, and writes a model that the other command reads', async () => {
    const out = join(folder, 'weights.json');
    const { epochs, compounds: fitted, leftOut } = await json<FitResult>(fitCommand, ...argv, '--out', out);
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
    const { predictions, settings: read } = await json<Prediction>(
      predictCommand,
      ...files,
      '--weights',
      out,
    );
    const saved = JSON.parse(readFileSync(out, 'utf8')) as Pick<Model, 'settings'>;
    expect(read).toEqual(saved.settings);
    const two = predictions.slice(0, 2);
    const e = two.map(energy => Math.exp(-(energy - Math.min(...two)) / 0.593));
    const mean =
      two.reduce((sum, energy, i) => sum + energy * (e[i] as number), 0) / e.reduce((a, b) => a + b);
    expectClose(mean, fitted[0]?.predicted as number, 1e-12);
  });

  test('leaves compounds out, and prints the loss by epoch', async () => {
    const argv2 = [...small, '--epochs', '2', '--limit', '1', '--readout', 'pKi', '--combination', 'lse'];
    const { code, stdout, stderr } = await run(fitCommand, ...argv2, '--leave-out', 'lig_whole');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/2 to fit, 1 left out; 3 poses/);
    expect(stdout).toMatch(/epoch +loss +left out\n +1 +\d+\.\d{4} +\d+\.\d{4}\n +2 /);
    expect(stdout).toMatch(/lig_whole \(left out\) +1 +-12\.29/);
    expect(stdout).toMatch(/left out: root mean square error \d/);
    expect(Math.max(...stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(80);
  });

  test('takes layers of more weights than a call takes arguments', async () => {
    const wide = untrained({ ...settings, hidden: 400, gaussians: 2, delta: false }, 1);
    const pose = poseOf(atomsOf([6, 8], [0, 0, 0, 1.2, 0, 0]), atomsOf([7], [0, 2, 0]), wide.settings);
    const { kT } = fit;
    const options = { receptor: '', poses: '', combination: 'mean', kT, t: 1, refine: 0, seed: 1 } as const;
    const { gradientNorms } = await predictAll(
      wide,
      [pose],
      { ...options, settings: wide.settings, json: true },
      { show() {}, stop() {} },
    );
    expect(gradientNorms['interaction0.atomwise1.weight']).toBeGreaterThan(0);
  });

  test('says in one line what is wrong', async () => {
    const wrong = (...argv: string[]) => run(fitCommand, ...argv);
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

describe('the command that predicts', () => {
  const text = readFileSync(path('vina/data/imatinib-abl/poses.pdbqt'), 'utf8');
  const poses = join(folder, 'three.pdbqt');
  writeFileSync(poses, text.slice(0, text.indexOf('MODEL 4')));
  const argv = [...small, '--poses', poses];

  test('combines poses, differentiates them, and refines one', async () => {
    const found = await json<Prediction>(
      predictCommand,
      ...argv,
      '--pose',
      '2',
      '--refine',
      '5',
      '--kT',
      '5',
    );
    expect(found.predictions.length).toBe(3);
    const mean = found.predictions.reduce((a, b) => a + b) / 3;
    expectClose(found.combined.mean, mean, 1e-12);
    const boltzmann = found.predictions.reduce(
      (sum, energy, n) => sum + energy * (found.weights[n] as number),
      0,
    );
    expectClose(found.combined.boltzmann, boltzmann, 1e-12);
    expectClose(
      found.coefficients.reduce((a, b) => a + b),
      1,
      1e-12,
    );
    expect(Object.values(found.gradientNorms).every(norm => norm > 0)).toBe(true);
    expect(found.pose).toMatchObject({
      number: 2,
      prediction: found.predictions[1],
      coefficient: found.coefficients[1],
    });
    expect(found.pose.slopes.length).toBe(37);
    expect(found.refined.energies.length).toBe(6);
    expect(found.refined.energies.at(-1)).toBeLessThan(found.refined.energies[0] as number);
    expect(found.files.weights).toBe(null);
  });

  test('prints what it found, and that an untrained network means nothing', async () => {
    const { code, stdout, stderr } = await run(
      predictCommand,
      ...argv,
      '--delta',
      '--combination',
      'lse',
      '--refine',
      '1',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const part of [
      'untrained',
      'complex − pocket − ligand',
      'by lse',
      'embedding',
      '∂ΔG_n/∂x',
      'before',
      'after',
    ]) {
      expect(stdout).toContain(part);
    }
    expect(stdout).not.toContain('\u001b');
    const lines = stdout.split('\n').filter(line => !line.includes(folder));
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80);
  });

  test('says in one line what is wrong', async () => {
    const wrong = (...more: string[]) => run(predictCommand, ...argv, ...more);
    expect((await wrong('--pose', '4')).stderr).toBe(`error: --pose 4: ${poses} has 3\n`);
    expect((await wrong('--weights', 'w.json')).stderr).toContain(
      "'--weights <file>' cannot be used with option",
    );
    expect((await wrong('--combination', 'min')).code).toBe(1);
    expect(await run(predictCommand, '--help')).toMatchObject({ code: 0, stderr: '' });
    const blocked = join(folder, 'nowhere', 'model.json');
    const fitted = await run(fitCommand, ...small, '--limit', '1', '--out', blocked);
    // Before the fit, not after it.
    expect(fitted.stderr).toBe(`error: cannot write ${blocked}: no such file or directory\n`);
    expect(fitted.stdout).not.toContain('epoch');
    const far = join(folder, 'far.pdbqt');
    writeFileSync(far, 'ATOM      1  C   UNL     1     900.000   0.000   0.000  0.00  0.00    +0.000 C \n');
    expect((await wrong('--poses', far)).stderr).toMatch(/no pose comes within 4 Å of an atom of/);
  });
});
