import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tensor } from 'posetape';
import { combineBatch, combinePoses, lse } from 'posetape/combine';
import { readSafetensors } from 'posetape/fit';
import { mul } from 'posetape/ops';
import { afterAll, describe, expect, test } from 'vitest';
import { vinaWeights } from '../../examples/vina/score.ts';
import { bindingEnergy, type FitCompound, roomKT } from '../../program/fit/dataset.ts';
import { batchLossOf, type LossName, lossOf, measuredOf } from '../../program/fit/objective.ts';
import { partsOf } from '../../program/fit/parts.ts';
import type { FitReport } from '../../program/fit/result.ts';
import { findSources } from '../../program/fit/sources.ts';
import { correlation, kendall, quantile, shiftedErrors } from '../../program/fit/statistics.ts';
import { expectClose } from '../support/equal.ts';
import { run as runProgram, withoutNote } from '../support/program.ts';

const run = async (argv: readonly string[]) => withoutNote(await runProgram(argv));

const demo = fileURLToPath(new URL('../../examples/schnet/data/demo', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'posetape-fit-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const smallNetwork = '--hidden 4 --interactions 1 --neighbours 6 --cutoff 4.5 --pocket 4'.split(' ');

/** The options. If they name no compounds, the folder of the example is added. */
function withFolder(argv: readonly string[]): string[] {
  return [...(argv.some(option => /folder|table/.test(option)) ? [] : ['--folder', demo]), ...argv];
}

/** Report that `fit` prints for these options with --json. */
async function reportOf(...argv: string[]): Promise<FitReport> {
  const { code, stdout, stderr } = await run(['fit', ...withFolder(argv), '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Copies the folder of the example, with all atoms moved by `by` Å along x, and returns its path. */
function moved(name: string, by: number): string {
  const to = at(name);
  cpSync(demo, to, { recursive: true });
  for (const file of ['pocket', 'lig_whole', 'lig_no_piperazine', 'lig_no_benzamide']) {
    const path = join(to, `${file}.pdbqt`);
    const lines = readFileSync(path, 'utf8').split('\n');
    const shifted = lines.map(line =>
      /^(?:ATOM|HETATM)/.test(line)
        ? line.slice(0, 30) + (Number(line.slice(30, 38)) + by).toFixed(3).padStart(8) + line.slice(38)
        : line,
    );
    writeFileSync(path, shifted.join('\n'));
  }
  return to;
}

describe('fit, for SchNet,', () => {
  const argv = [...smallNetwork, '--epochs', '6', '--rate', '0.02', '--limit', '2'];

  test('lowers the loss, and writes a model that score reads', async () => {
    const out = at('net.safetensors');
    const { epochs, compounds, leftOut, validation } = await reportOf(...argv, '--out', out);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    const losses = epochs.map(({ loss }) => loss);
    expect(losses.at(-1)).toBeLessThan(0.2 * (losses[0] as number));
    expect([leftOut, validation]).toEqual([null, null]);
    expect(compounds.map(({ name, poses }) => [name, poses])).toEqual([
      ['lig_whole', 2],
      ['lig_no_piperazine', 2],
      ['lig_no_benzamide', 2],
    ]);
    const { metadata } = readSafetensors(readFileSync(out));
    expect(JSON.parse(metadata.settings as string)).toMatchObject({
      hidden: 4,
      interactions: 1,
      delta: true,
    });
    const files = ['--receptor', join(demo, 'pocket.pdbqt'), '--poses', join(demo, 'lig_whole.pdbqt')];
    const scored = await run(['score', ...files, '--scorer', 'schnet', '--weights', out, '--json']);
    const { predictions } = JSON.parse(scored.stdout) as { predictions: readonly number[] };
    const two = predictions.slice(0, 2);
    const e = two.map(energy => Math.exp(-(energy - Math.min(...two)) / 0.593));
    const mean =
      two.reduce((sum, energy, i) => sum + energy * (e[i] as number), 0) / e.reduce((a, b) => a + b);
    expectClose(mean, compounds[0]?.predicted as number, 1e-12);
  });

  test('leaves out the compounds of --leave-out, and prints the loss by epoch', async () => {
    const args = [
      ...smallNetwork,
      '--epochs',
      '2',
      '--limit',
      '1',
      '--readout',
      'pKi',
      '--combination',
      'lse',
    ];
    const out = join(folder, 'lse.safetensors');
    const argv = ['fit', ...withFolder(args), '--leave-out', 'lig_whole', '--out', out];
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`  score by it with --scorer schnet --weights ${out}\n`);
    expect(stdout).toMatch(/2 to fit, 1 left out; 3 poses/);
    expect(stdout).toContain('by lse, t = 1 mol/kcal\n');
    expect(stdout).toMatch(/epoch +loss\n +1 +\d+\.\d{4}\n +2 /);
    expect(stdout).toMatch(/lig_whole \(left out\) +1 +-12\.28/);
    expect(stdout).toMatch(/left out +1 +\d/);
    const lines = stdout.replaceAll(out, 'out').split('\n');
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80);
  });

  test('stops --patience epochs after the best validation loss, and keeps the weights of that epoch', async () => {
    const { epochs, best, validation, stopped } = await reportOf(
      ...[...smallNetwork, '--limit', '1', '--epochs', '60', '--rate', '0.3', '--patience', '3'],
      ...['--validate', '0.3', '--seed', '2'],
    );
    expect(validation?.compounds).toBe(1);
    expect(stopped).toBe('patience');
    expect(epochs.length).toBe(best + 3);
    const validationLosses = epochs.map(({ validationLoss }) => validationLoss as number);
    expect(validationLosses[best - 1]).toBe(Math.min(...validationLosses));
    expectClose((validation?.rmse as number) ** 2, Math.min(...validationLosses), 1e-9);
  });

  test('notes that the affinities of the built-in example are invented', async () => {
    const { code, stdout, stderr } = await run([
      'fit',
      ...smallNetwork,
      '--epochs',
      '0',
      '--limit',
      '1',
      '--json',
    ]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /^note: the affinities of .*demo are made up: give --folder or --table to fit your own\n$/,
      ),
    });
    expect(JSON.parse(stdout).compounds.length).toBe(3);
  });

  test('warns if more parameters are fitted than there are compounds', async () => {
    const stderrOf = async (...more: string[]) =>
      (
        await runProgram([
          'fit',
          '--folder',
          demo,
          '--scorer',
          'vina',
          '--epochs',
          '1',
          '--limit',
          '1',
          ...more,
        ])
      ).stderr;
    expect(await stderrOf('--learn', 'kT')).toBe(
      'note: fits 7 parameters to 3 compounds, which they may fit by chance: check with --validate or --leave-out\n',
    );
    expect(await stderrOf('--freeze', 'gauss1', 'gauss2', 'repulsion')).toBe('');
    expect(await stderrOf('--epochs', '0')).toBe('');
    expect(await stderrOf('--leave-out', 'lig_whole')).toBe('');
  });

  test('reports errors in one line on stderr', async () => {
    const wrong = (...argv: string[]) => run(['fit', ...withFolder(argv)]);
    expect(await wrong('--leave-out', 'lig_x')).toMatchObject({
      code: 1,
      stderr:
        'error: --leave-out lig_x: no such compound or target; compounds are lig_whole, lig_no_piperazine, lig_no_benzamide\n',
    });
    const all = ['lig_whole', 'lig_no_piperazine', 'lig_no_benzamide'];
    expect((await wrong('--leave-out', ...all)).stderr).toBe(
      'error: --leave-out: no compound remains to be fitted\n',
    );
    expect((await wrong('--freeze', 'x')).stderr).toMatch(
      /^error: --freeze x: no such weight; weights are embedding, /,
    );
    const vina = ['--scorer', 'vina'];
    expect(await wrong(...vina, '--freeze', 'rotor')).toMatchObject({
      code: 2,
      stderr: 'error: --freeze rotor: no such weight; did you mean rotors?\n',
    });
    expect((await wrong(...vina, '--freeze', 'hydrogenbond')).stderr).toContain('did you mean hydrogenBond?');
    expect((await wrong('--freeze', 'interactoin1')).stderr).toContain('did you mean interaction1?');
    mkdirSync(at('empty'));
    expect((await wrong('--folder', at('empty'))).stderr).toMatch(
      /^error: cannot read .*affinities\.csv: no such file/,
    );
    expect((await wrong('--folder', at('none'))).stderr).toMatch(/^error: cannot read .*none: no such file/);
    for (const [argv, message] of [
      ['--hidden 5', 'It must be an even number.'],
      ['--epochs=-1', 'It must be a whole number from 0.'],
      ['--optimiser lbfgs --batch 2', '--batch does not go with --optimiser lbfgs'],
      [
        '--scorer vina --rate 0.1',
        '--rate does not go with --optimiser lbfgs, the default for vina: choose another optimiser',
      ],
      ['--scorer vina --hidden 8', '--hidden needs --scorer schnet'],
      ['--scorer vina --no-delta', '--no-delta needs --scorer schnet'],
      ['--patience 3', '--patience needs --validate'],
      ['--validate 1.5', 'It must be a number between 0 and 1.'],
      ['--resume', '--resume needs --checkpoint <file>'],
      ['--stay 1', '--stay needs --scorer vina'],
      ['--loss gaussian', '--loss gaussian needs --combination spread'],
      ['--learn t', '--learn t does not go with --combination boltzmann'],
      ['--table a.csv --folder b', '--table and --folder exclude each other'],
    ] as const) {
      const { code, stderr } = await wrong(...argv.split(' '));
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
    }
  });

  test('prints a help with examples, in at most 80 columns', async () => {
    const { code, stdout } = await run(['fit', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Examples:');
    expect(stdout).not.toContain('["');
    for (const [example] of stdout.matchAll(/^ {2}npm start -- fit.*/gm))
      expect(example).toContain('--scorer');
    expect(Math.max(...stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('fit, for Vina,', () => {
  const vina = ['--scorer', 'vina', '--limit', '3'];

  test('notes that poses with TORSDOF have no BRANCH', async () => {
    const path = join(moved('flat', 0), 'lig_whole.pdbqt');
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, whole.replace(/^(?:ROOT|ENDROOT|BRANCH|ENDBRANCH).*\n/gm, ''));
    const { code, stderr } = await run(['fit', ...vina, '--folder', at('flat'), '--epochs', '0']);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `note: ${path}: TORSDOF 7, but no BRANCH; the ligand is scored as rigid\n`,
    });
  });

  test('descends along the gradient by the six weights', async () => {
    // `fit` takes one step of gradient descent. It fits the weights divided by their initial values.
    const out = at('step.safetensors');
    const argv = '--optimiser sgd --rate 0.001 --epochs 1 --batch 3 --combination lse'.split(' ');
    const { epochs } = await reportOf(...vina, ...argv, '--out', out);
    const fitted = readSafetensors(readFileSync(out)).tensors;
    expect(Object.keys(fitted).sort()).toEqual(Object.keys(vinaWeights()).sort());
    expect(epochs).toHaveLength(1);
    // To first order, the loss falls by the rate times the squared gradient. The gradient is the step over the rate.
    const after = await reportOf(...vina, '--combination', 'lse', '--epochs', '0', '--weights', out);
    const before = await reportOf(...vina, '--combination', 'lse', '--epochs', '0');
    expect(before.fitted.rmse ** 2).toBeCloseTo(epochs[0]?.loss as number, 9);
    const squares = Object.entries(vinaWeights()).map(
      ([
        name,
        {
          data: [first = 0],
        },
      ]) => {
        const step = ((fitted[name]?.data[0] as number) - first) / first / 0.001;
        return step ** 2;
      },
    );
    const fall = before.fitted.rmse ** 2 - after.fitted.rmse ** 2;
    expect(fall).toBeGreaterThan(0);
    expectClose(fall, 0.001 * squares.reduce((a, b) => a + b), 0.3);
  });

  test('fits an offset and kT, which score reads from the file', async () => {
    const out = at('vina.safetensors');
    const report = await reportOf(
      ...vina,
      '--learn',
      'offset',
      'kT',
      '--stay',
      '0.1',
      '--epochs',
      '30',
      '--out',
      out,
    );
    expect(report.fitted.rmse).toBeLessThan(2.3);
    const numbers = new Map(report.numbers.map(({ name, after }) => [name, after]));
    expect([...numbers.keys()]).toEqual([...Object.keys(vinaWeights()), 'offset', 'kT']);
    expect(numbers.get('kT')).not.toBeCloseTo(0.593, 3);
    const files = ['--receptor', join(demo, 'pocket.pdbqt'), join(demo, 'lig_whole.pdbqt'), '--json'];
    const scored = JSON.parse((await run(['score', ...files, '--weights', out])).stdout);
    expect(scored.kT).toBeCloseTo(numbers.get('kT') as number, 12);
    const all = await reportOf('--scorer', 'vina', '--weights', out, '--epochs', '0');
    expectClose(scored.compounds[0].value, all.compounds[0]?.predicted as number, 1e-12);
    const chosen = JSON.parse((await run(['score', ...files, '--weights', out, '--kT', '2'])).stdout);
    expect(chosen.kT).toBe(2);
  });

  test('keeps the weights that --freeze names; the larger --stay, the nearer the others to their initial values', async () => {
    const frozen = await reportOf(...vina, '--freeze', 'rotors', 'gauss2', '--epochs', '5');
    for (const { name, before, after } of frozen.numbers) {
      if (['rotors', 'gauss2'].includes(name)) expect(after).toBe(before);
      else expect(after).not.toBe(before);
    }
    const distance = async (stay: string) => {
      const { numbers } = await reportOf(...vina, '--stay', stay, '--epochs', '20');
      return Math.hypot(...numbers.map(({ before, after }) => after / before - 1));
    };
    const [near, farther] = [await distance('100'), await distance('0.1')];
    expect(near).toBeLessThan(farther);
    expect(near).toBeLessThan(0.2);
  });

  test.each(['adam', 'adamw', 'sgd', 'lbfgs'])('lowers the loss with --optimiser %s', async optimiser => {
    const rate = optimiser === 'lbfgs' ? [] : ['--rate', optimiser === 'sgd' ? '0.0005' : '0.05'];
    const { epochs } = await reportOf(...vina, '--optimiser', optimiser, ...rate, '--epochs', '5');
    expect(epochs.at(-1)?.loss).toBeLessThan(epochs[0]?.loss as number);
  });

  test.each(['absolute', 'huber', 'gaussian', 'within-target', 'ranking'])(
    'lowers the loss with --loss %s',
    async loss => {
      const combination = loss === 'gaussian' ? ['--combination', 'spread'] : [];
      const { epochs } = await reportOf(...vina, '--loss', loss, ...combination, '--epochs', '8');
      expect(epochs.at(-1)?.loss).toBeLessThan(epochs[0]?.loss as number);
    },
  );

  test.each(['mean', 'lse', 'free-energy', 'spread'])(
    'lowers the loss with --combination %s',
    async combination => {
      const { epochs } = await reportOf(...vina, '--combination', combination, '--epochs', '4');
      expect(epochs.at(-1)?.loss).toBeLessThan(epochs[0]?.loss as number);
    },
  );

  test('writes a report page with charts, which loads no other file', async () => {
    const report = at('fit.html');
    await reportOf(...vina, '--epochs', '4', '--validate', '0.3', '--report', report);
    const page = readFileSync(report, 'utf8');
    expect(page.match(/<svg /g)).toHaveLength(3);
    expect(page).not.toMatch(/(?:src|href)="?https?:/);
    for (const text of ['Loss by epoch', 'lig_no_benzamide', 'hydrogenBond']) expect(page).toContain(text);
  });
});

describe('compounds to fit', () => {
  test('have the receptor of their own folder', async () => {
    const [here, there] = [moved('here', 0), moved('there', 30)];
    const argv = ['--scorer', 'vina', '--limit', '2', '--epochs', '3'];
    const both = await reportOf(...argv, '--folder', here, there);
    const one = await reportOf(...argv, '--folder', here);
    expect(both.compounds.map(({ name, target }) => [name, target])).toEqual(
      ['here', 'there'].flatMap(target =>
        ['lig_whole', 'lig_no_piperazine', 'lig_no_benzamide'].map(name => [`${target}/${name}`, target]),
      ),
    );
    both.compounds.forEach(({ predicted }, i) => {
      expectClose(predicted, one.compounds[i % 3]?.predicted as number, 1e-4);
    });
    const withoutThere = await reportOf(...argv, '--folder', here, there, '--leave-out', 'there');
    expect([withoutThere.fitted.compounds, withoutThere.leftOut?.compounds]).toEqual([3, 3]);
    const byTarget = ['--validate', '0.2', '--validate-by', 'target'];
    mkdirSync(at('nested'));
    for (const name of ['here', 'there']) cpSync(at(name), join(at('nested'), name), { recursive: true });
    expect(await reportOf(...argv, '--folder', at('nested'))).toEqual(both);
    const split = await reportOf(...argv, '--folder', here, there, ...byTarget);
    expect([split.fitted.compounds, split.validation?.compounds]).toEqual([3, 3]);
  });

  test('are read from a table of paths', async () => {
    moved('table', 10);
    const lines = [
      'name;receptor;poses;measure;value;unit;target',
      'a;table/pocket.pdbqt;table/lig_whole.pdbqt;Ki;1,5;nM;first',
      '',
      `b;${demo}/pocket.pdbqt;${demo}/lig_no_benzamide.pdbqt;pKi;<5;;second`,
    ];
    writeFileSync(at('table.csv'), lines.join('\n'));
    const sources = await findSources({ folder: [], table: at('table.csv'), scorer: 'vina' }, {});
    expect(
      sources.map(({ name, target, affinity: { pKi, bound, line } }) => [name, target, pKi, bound, line]),
    ).toEqual([
      ['a', 'first', -Math.log10(1.5e-9), undefined, 2],
      ['b', 'second', 5, 'upper', 4],
    ]);
    // The report has bounds on ΔG. An upper bound on pKi is a lower bound on ΔG.
    const { compounds } = await reportOf('--scorer', 'vina', '--table', at('table.csv'), '--epochs', '2');
    expect(compounds.map(({ bound }) => bound)).toEqual([undefined, 'lower']);
    const fail = (...lines: string[]) => {
      writeFileSync(at('bad.csv'), lines.join('\n'));
      return expect(findSources({ folder: [], table: at('bad.csv'), scorer: 'vina' }, {})).rejects;
    };
    await fail('poses,measure,value,unit', 'a,Ki,1,nM').toThrow('line 1: expected a column "receptor"');
    await fail('receptor,poses,measure,value,unit', ',a,Ki,1,nM').toThrow(
      'bad.csv, line 2: expected a value in the column receptor',
    );
    await fail('receptor,poses,measure,value,unit', '', 'r,a,Ki,-1,nM').toThrow('bad.csv, line 3: ');
  });

  test('are read from a folder laid out like PDBbind', async () => {
    const root = at('pdbbind');
    for (const [id, ligand] of [
      ['1abc', 'lig_whole'],
      ['2xyz', 'lig_no_benzamide'],
    ] as const) {
      mkdirSync(join(root, id), { recursive: true });
      cpSync(join(demo, 'pocket.pdbqt'), join(root, id, `${id}_pocket.pdbqt`));
      cpSync(join(demo, `${ligand}.pdbqt`), join(root, id, `${id}_ligand.pdbqt`));
    }
    const index = [
      '# PDB code, resolution, release year, -logKd/Ki, Kd/Ki, reference, ligand name',
      '1abc  2.00  1994   4.30  Kd=50uM       // 1abc.pdf (DPE)',
      '2xyz  NMR   2007   9.00  Ki<1nM        // 2xyz.pdf (X-1)',
    ];
    writeFileSync(join(root, 'INDEX_general_PL_data.2020'), index.join('\n'));
    const where = { folder: [root], scorer: 'vina' } as const;
    const sources = await findSources(where, {});
    expect(sources.map(({ name, affinity: { pKi, bound } }) => [name, pKi, bound])).toEqual([
      ['1abc', -Math.log10(5e-5), undefined],
      ['2xyz', 9, 'lower'],
    ]);
    expect(sources.every(({ receptor, poses }) => existsSync(receptor) && existsSync(poses))).toBe(true);
    const csv = at('index.csv');
    writeFileSync(csv, 'ligand,measure,value,unit,target\n2xyz,Ki,2,nM,kinase\n');
    const [only] = await findSources({ ...where, index: csv }, {});
    expect(only).toMatchObject({ name: '2xyz', target: 'kinase' });
    writeFileSync(join(root, 'INDEX_general_PL_data.2020'), [...index, '3bad 1.0 what'].join('\n'));
    await expect(findSources(where, {})).rejects.toThrow(
      'line 4: expected an identifier, resolution, year, logarithm and affinity, such as Kd=50uM, found',
    );
  });

  test('are never replaced by an output, nor are their receptor, affinities and initial weights', async () => {
    const to = moved('inputs', 0);
    const argv = ['--scorer', 'vina', '--limit', '1', '--epochs', '1', '--folder', to];
    const weights = at('first.safetensors');
    expect(await run(['fit', ...argv, '--out', weights])).toMatchObject({ code: 0, stderr: '' });
    const inputs = ['affinities.csv', 'pocket.pdbqt', 'lig_whole.pdbqt'].map(name => join(to, name));
    for (const [option, file] of [
      ...['--out', '--checkpoint', '--report'].flatMap(option => inputs.map(file => [option, file] as const)),
      ['--out', weights],
    ] as const) {
      const { code, stderr } = await run(['fit', ...argv, '--weights', weights, option, file]);
      const message = `error: ${file} is an input, which the output would replace; choose another name\n`;
      expect({ code, stderr }).toEqual({ code: 1, stderr: message });
    }
  });

  test('are reported and skipped if unreadable, or stop the fit with --strict', async () => {
    const to = moved('holes', 0);
    rmSync(join(to, 'lig_no_piperazine.pdbqt'));
    const argv = ['--scorer', 'vina', '--limit', '1', '--epochs', '2', '--folder', to];
    const { code, stdout, stderr } = await run(['fit', ...argv]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^skipped lig_no_piperazine: cannot read .*: no such file or directory\n$/);
    expect(stdout).toContain('2 to fit');
    expect(await run(['fit', ...argv, '--strict'])).toMatchObject({ code: 1, stdout: '' });
  });

  test('are split by compound or by target, in the same way for the same seed', () => {
    const compounds = Array.from({ length: 20 }, (_, i) => ({
      ...{ name: `c${i}`, target: `t${i % 4}`, poses: [], poseCount: 0, pKi: i },
    })) satisfies FitCompound[];
    const options = { validate: 0.25, validateBy: 'target', leaveOut: ['c0', 't1'], seed: 1 } as const;
    const parts = partsOf(compounds, options);
    expect(partsOf(compounds, options)).toEqual(parts);
    expect(compounds.filter(({ target }) => target === 't1').map(({ name }) => parts.get(name))).toEqual(
      Array(5).fill('left out'),
    );
    const held = compounds.filter(({ name }) => parts.get(name) === 'validation');
    expect(new Set(held.map(({ target }) => target)).size).toBe(1);
    const single = partsOf(compounds, { ...options, validateBy: 'compound', leaveOut: [] });
    expect([...single.values()].filter(part => part === 'validation')).toHaveLength(5);
  });
});

describe('losses of fit', () => {
  const settings = {
    loss: 'squared',
    huber: 1,
    readout: 'dG',
    learn: [],
    combination: 'lse',
    kT: 1,
    t: 1,
    q: 1,
  } as const;
  const compound = (pKi: number, more: Partial<FitCompound> = {}): FitCompound => ({
    ...{ name: 'c', target: 't', poses: [], poseCount: 0, pKi },
    ...more,
  });

  test('turn a lower bound of pKi into an upper bound of ΔG, and are 0 within bounds', async () => {
    expect(bindingEnergy(1)).toBeCloseTo(-1.3642, 4);
    expect(measuredOf(compound(5, { bound: 'lower' }), 'dG').bound).toBe('upper');
    expect(measuredOf(compound(5, { bound: 'lower' }), 'pKi')).toEqual({ measured: 5, bound: 'lower' });
    const cost = async (loss: LossName, bound: 'lower' | 'upper', energy: number) => {
      const compoundLoss = lossOf({ ...settings, loss }, compound(5, { bound }));
      const result = await combinePoses({
        poses: [0],
        params: { x: tensor(energy) },
        score: (_, { x }) => x,
        combination: lse(),
        loss: x => compoundLoss?.(x) as never,
      });
      return result.loss;
    };
    const measured = bindingEnergy(5);
    // The bound 'lower' says that pKi is at least 5, so ΔG is at most `measured`, the ΔG of pKi 5.
    for (const loss of ['squared', 'absolute', 'huber'] as const) {
      expect(await cost(loss, 'lower', measured - 3)).toBe(0);
      expect(await cost(loss, 'upper', measured + 3)).toBe(0);
      expect(await cost(loss, 'upper', measured - 3)).toBeCloseTo(
        { squared: 9, absolute: 3, huber: 2.5 }[loss],
        9,
      );
    }
    expect(() => lossOf({ ...settings, loss: 'gaussian' }, compound(5, { bound: 'lower' }))).toThrow(
      'c: --loss gaussian needs exact affinities, found a bound',
    );
    expect(roomKT).toBeCloseTo(0.5925, 4);
  });

  test('by within-target sum the squares of the errors that remain after the best shift of each target', async () => {
    const values = [-3, -5, -8, -1, -2];
    const compounds = values.map((_, i) => compound(i, { name: `c${i}`, target: i < 3 ? 'a' : 'b' }));
    const batchLoss = batchLossOf({ ...settings, loss: 'within-target' });
    const { loss } = await combineBatch({
      compounds: compounds.map((compound, i) => ({ ...compound, poses: [values[i] as number] })),
      params: { one: tensor(1) },
      score: (_, { one }, value: number) => mul(one, value),
      combination: lse(),
      batchLoss: batchLoss as never,
    });
    const pairs = values.map((predicted, i) => ({ predicted, measured: bindingEnergy(i) }));
    const expected = [pairs.slice(0, 3), pairs.slice(3)].flatMap(shiftedErrors);
    expectClose(
      loss as number,
      expected.reduce((sum, error) => sum + error ** 2, 0),
      1e-12,
    );
  });
});

describe('statistics of fit', () => {
  const pairs = (measured: number[], predicted: number[]) =>
    measured.map((value, i) => ({ measured: value, predicted: predicted[i] as number }));

  test('agree with SciPy', () => {
    // Expected values: scipy.stats.kendalltau([1, 2, 2, 4, 5], [2, 1, 3, 3, 7]) and scipy.stats.pearsonr
    expect(kendall(pairs([1, 2, 2, 4, 5], [2, 1, 3, 3, 7]))).toBeCloseTo(0.6666666666666666, 12);
    expect(correlation(pairs([1, 2, 2, 4, 5], [2, 1, 3, 3, 7]))).toBeCloseTo(0.8139847818425263, 12);
    expect(kendall(pairs([1, 2], [3, 3]))).toBe(0);
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(shiftedErrors(pairs([1, 2], [4, 6]))).toEqual([-0.5, 0.5]);
  });
});
