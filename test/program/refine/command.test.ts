import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tensor } from 'posetape';
import { afterAll, describe, expect, test } from 'vitest';
import { vinaWeights } from '../../../examples/vina/score.ts';
import { fixed } from '../../../program/command/table.ts';
import { moleculesOf } from '../../../program/read/molecules.ts';
import type { RefineResults } from '../../../program/refine/result.ts';
import { untrained } from '../../../program/schnet/model.ts';
import { modelToSafetensors } from '../../../program/weights/safetensors.ts';
import { run } from '../../support/program.ts';

const data = (name: string) =>
  fileURLToPath(new URL(`../../../examples/vina/data/imatinib-abl/${name}`, import.meta.url));
const receptor = data('pocket.pdbqt');
const folder = mkdtempSync(join(tmpdir(), 'posetape-refine-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const file = (name: string, text: string | Uint8Array): string => {
  writeFileSync(at(name), text);
  return at(name);
};

const all = readFileSync(data('poses.pdbqt'), 'utf8');
/** The first poses of the example. */
const few = (count: number) =>
  all
    .split(/(?<=ENDMDL\n)/)
    .slice(0, count)
    .join('');
const three = file('three.pdbqt', few(3));
const refine = (...argv: string[]) => run(['refine', ...argv, '--receptor', receptor]);

/** Lines of a PDBQT file, without coordinates and without remarks on energies. */
const withoutNumbers = (text: string) =>
  text
    .split('\n')
    .filter(line => !/^REMARK +(?:VINA RESULT|INTER|INTRA|UNBOUND|REFINED)/.test(line))
    .map(line => (/^(?:ATOM|HETATM)/.test(line) ? line.slice(0, 30) + line.slice(54) : line));

describe('refine', () => {
  test('prints a table of scores, energies and displacements', async () => {
    const { code, stdout, stderr } = await refine(three);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ +1 +-13\.067 +-13\.1\d\d +-0\.\d\d\d +0\.0\d +\d+$/m);
    expect(stdout).toMatch(/3 poses in \d+\.\d s, [\d.]+ a second; median change of score -0\.\d/);
    expect(
      Math.max(
        ...stdout
          .split('\n')
          .slice(5)
          .map(line => line.length),
      ),
    ).toBeLessThanOrEqual(80);
  });

  test('says 1 pose and 1 more file in the singular, and 0.000 without a minus sign', async () => {
    const [one, two] = [file('one.pdbqt', few(1)), file('two.pdbqt', few(1))] as [string, string];
    expect((await refine(one, '--steps', '1')).stdout).toMatch(/^ {2}1 pose in /m);
    expect((await refine(one, two, '--steps', '1')).stdout).toContain(`${one} and 1 more file\n`);
    expect(fixed(-0.0004, 3)).toBe('0.000');
    expect(fixed(-0.0006, 3)).toBe('-0.001');
  });

  test('writes PDBQT that differs from the input only in coordinates and energies', async () => {
    const { code, stdout } = await refine(three, '--out', at('refined.pdbqt'), '--json');
    expect(code).toBe(0);
    const results: RefineResults = JSON.parse(stdout);
    const written = readFileSync(at('refined.pdbqt'), 'utf8');
    expect(withoutNumbers(written)).toEqual(withoutNumbers(few(3)));
    const energies = [...written.matchAll(/VINA RESULT: +(-?[\d.]+)/g)].map(([, energy]) => Number(energy));
    expect(energies).toEqual(results.poses.map(({ after }) => Number(after.score.toFixed(3))));
    const [molecule] = moleculesOf(written, 'refined.pdbqt');
    expect(molecule?.tree?.branches.length).toBe(7);
    // Coordinates are written to 0.001 Å, so their score is close to the reported one.
    const again: RefineResults = JSON.parse((await refine(at('refined.pdbqt'), '--json')).stdout);
    for (const [k, { before }] of again.poses.entries()) {
      expect(before.score).toBeCloseTo(results.poses[k]?.after.score as number, 1);
    }
  });

  describe('of several compounds', () => {
    const atoms = few(1).match(/^(?:ATOM|HETATM).*$/gm) ?? [];
    const pair = `MODEL 1\nROOT\n${atoms.slice(0, 2).join('\n')}\nENDROOT\nTORSDOF 0\nENDMDL\n`;
    const several = mkdtempSync(join(folder, 'several-'));
    writeFileSync(join(several, 'a.pdbqt'), few(3));
    writeFileSync(join(several, 'b 2.pdbqt'), pair);
    writeFileSync(join(several, 'c.pdbqt'), few(4).slice(few(3).length));
    /** Names of the compounds that `score` finds, each with its number of poses. */
    const compoundsOf = async (...argv: string[]) => {
      const { stdout, stderr } = await run(['score', ...argv, '--receptor', receptor, '--json']);
      expect(stderr).toBe('');
      const { compounds } = JSON.parse(stdout) as { compounds: { name: string; poses: number }[] };
      return compounds.map(({ name, poses }) => `${name}: ${poses}`);
    };

    test('names each in the output, so that score and refine find the same compounds again', async () => {
      const before = await compoundsOf(several);
      expect(before).toEqual(['a: 3', 'b 2: 1', 'c: 1']);
      const out = at('several.pdbqt');
      expect(await refine(several, '--out', out)).toMatchObject({ code: 0, stderr: '' });
      expect(await compoundsOf(out)).toEqual(before);
      // Given its own output file, `refine` writes the same compounds again.
      expect(await refine(out, '--out', at('again.pdbqt'))).toMatchObject({ code: 0, stderr: '' });
      expect(await compoundsOf(at('again.pdbqt'))).toEqual(before);
      // Shards of `score` find the same compounds.
      const states = [1, 2].map(number => at(`shard${number}.json`));
      for (const [nth, state] of states.entries()) {
        const shard = ['--shard', `${nth + 1}/2`, '--chunk', '2', '--state', state];
        expect(await run(['score', out, '--receptor', receptor, ...shard])).toMatchObject({ code: 0 });
      }
      const { stdout } = await run(['merge', ...states, '--json']);
      const { compounds } = JSON.parse(stdout) as { compounds: { name: string; poses: number }[] };
      expect(compounds.map(({ name, poses }) => `${name}: ${poses}`)).toEqual(before);
    });

    test('keeps the poses of each compound together with --top', async () => {
      const out = at('best.pdbqt');
      expect(await refine(several, '--top', '4', '--out', out)).toMatchObject({ code: 0, stderr: '' });
      expect(await compoundsOf(out)).toEqual(['a: 3', 'c: 1']);
    });
  });

  test('keeps the best poses with --top, best first', async () => {
    const reversed = file(
      'reversed.pdbqt',
      few(3)
        .split(/(?<=ENDMDL\n)/)
        .reverse()
        .join(''),
    );
    const { stdout } = await refine(reversed, '--top', '2', '--json', '--out', at('best.pdbqt'));
    const { poses, refined }: RefineResults = JSON.parse(stdout);
    expect(refined).toBe(3);
    expect(poses.map(({ pose }) => pose)).toEqual([3, 2]);
    expect(readFileSync(at('best.pdbqt'), 'utf8').match(/^MODEL \d$/gm)).toEqual(['MODEL 1', 'MODEL 2']);
  });

  test('stops after --steps, and marks poses that did not converge', async () => {
    const { stdout } = await refine(three, '--steps', '2');
    expect(stdout).toMatch(/ 2\*$/m);
    const { poses }: RefineResults = JSON.parse((await refine(three, '--steps', '2', '--json')).stdout);
    expect(poses.map(({ steps, converged }) => ({ steps, converged }))).toEqual(
      poses.map(() => ({ steps: 2, converged: false })),
    );
  });

  test('refines SDF by SchNet, and keeps the data fields of the file', async () => {
    const [pose] = moleculesOf(few(1), 'poses.pdbqt');
    const heavy = pose?.atoms.filter(({ element }) => element > 1) ?? [];
    const number = (x: number) => x.toFixed(4).padStart(10);
    const symbols: Readonly<Record<number, string>> = { 6: 'C', 7: 'N', 8: 'O' };
    const lines = heavy.map(({ x, y, z, element }) => {
      return `${number(x)}${number(y)}${number(z)} ${(symbols[element] as string).padEnd(3)} 0  0  0  0  0  0`;
    });
    const sdf = file(
      'pose.sdf',
      `imatinib\n  test\n\n${String(heavy.length).padStart(3)}  0  0  0  0  0  0  0  0  0999 V2000\n` +
        `${lines.join('\n')}\nM  END\n> <dock>\n-13.1\n\n$$$$\n`,
    );
    const sizes = {
      hidden: 8,
      gaussians: 25,
      interactions: 1,
      cutoff: 5,
      neighbours: 12,
      pocket: 6,
      delta: true,
    };
    const model = modelToSafetensors({ scorer: 'schnet', ...untrained(sizes, 1) });
    const weights = file('model.safetensors', model);
    const how = ['--scorer', 'schnet', '--weights', weights, '--steps', '3', '--json'];
    const { code, stdout, stderr } = await refine(sdf, ...how, '--out', at('refined.sdf'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { poses }: RefineResults = JSON.parse(stdout);
    expect(poses[0]?.after.score).toBeLessThan(poses[0]?.before.score as number);
    const written = readFileSync(at('refined.sdf'), 'utf8');
    expect(written).toContain('> <dock>\n-13.1\n');
    expect(written).toContain(`<posetape_score>\n${poses[0]?.after.score.toFixed(4)}\n`);
    const [moved] = moleculesOf(written, 'refined.sdf');
    expect(moved?.atoms.map(({ element }) => element)).toEqual(heavy.map(({ element }) => element));
    // Untitled records of several files are named after their files.
    const untitled = mkdtempSync(join(folder, 'untitled-'));
    for (const name of ['x', 'y']) {
      writeFileSync(join(untitled, `${name}.sdf`), readFileSync(sdf, 'utf8').replace('imatinib', ''));
    }
    const titled = await refine(untitled, ...how, '--out', at('titled.sdf'));
    expect({ code: titled.code, stderr: titled.stderr }).toEqual({ code: 0, stderr: '' });
    const names = [...moleculesOf(readFileSync(at('titled.sdf'), 'utf8'), 'titled.sdf')].map(
      ({ name }) => name,
    );
    expect(names).toEqual(['x', 'y']);
  });

  test('reads fitted weights of Vina, and adds their offset to the score only', async () => {
    const weights = { ...vinaWeights(), gauss1: tensor(-0.04) };
    const offset = tensor(1.5);
    const fitted = (name: string, model: object) =>
      file(name, modelToSafetensors({ scorer: 'vina', weights, ...model }));
    const one = file('some.pdbqt', few(1));
    const resultsOf = async (name: string, model: object) => {
      const { stdout } = await refine(one, '--weights', fitted(name, model), '--steps', '2', '--json');
      return (JSON.parse(stdout) as RefineResults).poses[0] as RefineResults['poses'][number];
    };
    const [plain, shifted] = [
      await resultsOf('a.safetensors', {}),
      await resultsOf('b.safetensors', { offset }),
    ];
    expect(shifted.after.score).toBeCloseTo(plain.after.score + 1.5, 9);
    expect(shifted.after.minimised).toBe(plain.after.minimised);
    const { stdout } = await refine(one, '--steps', '2', '--json');
    expect((JSON.parse(stdout) as RefineResults).poses[0]?.before.score).not.toBe(plain.before.score);
  });

  test('rejects weights that reward clashes', async () => {
    const weights = { ...vinaWeights(), repulsion: tensor(-0.4) };
    const model = file('bad.safetensors', modelToSafetensors({ scorer: 'vina', weights }));
    const { code, stderr } = await refine(file('clash.pdbqt', few(1)), '--weights', model, '--json');
    expect(code).toBe(1);
    expect(stderr).toContain('bad.safetensors: repulsion is -0.4, so clashes lower the energy');
  });

  test('skips bad and far poses with exit code 3, or stops with --strict', async () => {
    const far = all.split(/(?<=ENDMDL\n)/)[1]?.replace(/^(HETATM.{24}).{8}/gm, '$1-900.000') as string;
    const broken = few(1).replace(/^(HETATM.{30})..../m, '$1x.y ');
    const mixed = file('mixed.pdbqt', few(1) + far + broken + few(1));
    const { code, stdout, stderr } = await refine(mixed, '--json', '--out', at('kept.pdbqt'));
    expect(code).toBe(3);
    expect(stderr).toContain('skipped pose 2: ');
    expect(stderr).toContain('no atom of the pose is within 8 Å of the receptor');
    const results: RefineResults = JSON.parse(stdout);
    expect(results.poses.map(({ pose }) => pose)).toEqual([1, 4]);
    expect(results.skipped.map(({ name }) => name)).toEqual(['pose 2', 'pose 3']);
    expect(stderr).toMatch(/skipped pose 3: .*mixed\.pdbqt, line \d+: expected/);
    const sizes = {
      hidden: 4,
      gaussians: 4,
      interactions: 1,
      cutoff: 5,
      neighbours: 4,
      pocket: 6,
      delta: false,
    };
    const model = modelToSafetensors({ scorer: 'schnet', ...untrained(sizes, 1) });
    const how = ['--scorer', 'schnet', '--weights', file('far.safetensors', model), '--steps', '1'];
    const network = await refine(file('far.pdbqt', few(1) + far), ...how);
    expect(network.code).toBe(3);
    expect(network.stderr).toContain('no atom of the pose is within 6 Å of the receptor');
    const strict = await refine(mixed, '--strict', '--out', at('none.pdbqt'));
    expect({ code: strict.code, stdout: strict.stdout }).toEqual({ code: 1, stdout: '' });
    expect(existsSync(at('none.pdbqt'))).toBe(false);
  });
});

describe('refine, with one line on stderr, rejects', () => {
  test.each([
    [
      'an output of unknown format',
      1,
      [three, '--out', at('refined.xyz')],
      /ends in \.pdbqt, \.pdb or \.sdf/,
    ],
    [
      'an output in another format than the input',
      1,
      [three, '--out', at('refined.sd')],
      /ends like that of the input .*three\.pdbqt/,
    ],
    ['an output in a missing folder', 1, [three, '--out', at('none/refined.pdbqt')], /cannot write .*none/],
    ['missing poses', 1, [at('nowhere.pdbqt')], /cannot read .*nowhere\.pdbqt/],
    ['a limit of 0 steps', 2, [three, '--steps', '0'], /--steps.*greater than 0/],
    ['a tolerance of 0', 2, [three, '--tolerance', '0'], /--tolerance.*greater than 0/],
    ['SchNet without weights', 2, [three, '--scorer', 'schnet'], /needs --weights/],
  ])('%s', async (_what, exit, argv, message) => {
    const { code, stdout, stderr } = await refine(...argv);
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]*\n$/);
    expect(stderr).toMatch(message);
  });
});
