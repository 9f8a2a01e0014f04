import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { run } from '../support/program.ts';

const data = (name: string) =>
  fileURLToPath(new URL(`../../examples/vina/data/imatinib-abl/${name}`, import.meta.url));
const [posesFile, receptor] = [data('poses.pdbqt'), data('pocket.pdbqt')];
const text = readFileSync(posesFile, 'utf8');
const models = text.split(/(?=^MODEL)/m);
const folder = mkdtempSync(join(tmpdir(), 'posetape-score-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** Poses `from` to `to` of the example, counted from 1. */
const someModels = (from: number, to: number) => models.slice(from - 1, to).join('');
const few = file('few.pdbqt', someModels(1, 5));
const far = 'ATOM      1  C1  LIG A   7    -999.000   2.250 100.125  1.00  0.00     0.014 C';

/** SDF record of two atoms in the pocket, moved by `dx` Å along x. */
function record(name: string, dx: number): string {
  const line = text.split('\n').find(line => /^(?:ATOM|HETATM)/.test(line)) as string;
  const [x, y, z] = [30, 38, 46].map(from => Number(line.slice(from, from + 8))) as [number, number, number];
  const atom = (offset: number) =>
    `${[x + dx + offset, y, z].map(value => value.toFixed(4).padStart(10)).join('')} C   0  0\n`;
  return `${name}\n\n\n  2  1  0  0  0  0  0  0  0  0999 V2000\n${atom(0)}${atom(1.5)}  1  2  1  0\nM  END\n$$$$\n`;
}

/** Fields of the output of `--json` that these tests read. */
interface ScoreOutput {
  readonly predictions: readonly number[];
  readonly compounds: readonly {
    readonly name: string;
    readonly poses: number;
    readonly skipped: number;
    readonly value: number;
    readonly loss?: number;
    readonly variance?: number;
    readonly best: { readonly pose: number; readonly score: number };
    readonly weights: readonly number[];
    readonly gradient: Readonly<Record<string, number>>;
    readonly combinations: Readonly<Record<string, number>>;
    readonly terms?: readonly Readonly<Record<string, number>>[];
  }[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly duplicates: number;
  readonly strategies?: readonly Readonly<Record<string, unknown>>[];
}

/** Output that the program prints for these arguments with --json. */
async function outputOf(...argv: string[]): Promise<ScoreOutput> {
  const { code, stdout, stderr } = await run([...argv, '--json']);
  const others = stderr.replace(/^note: the SchNet is untrained.*\n/, '');
  expect({ code, others }).toEqual({ code: 0, others: '' });
  return JSON.parse(stdout);
}

/** Output of `score` for the five poses of `few`. */
const ofFew = (...argv: string[]) => outputOf(few, '--receptor', receptor, ...argv);
/** The compound of an output that has only one. */
const only = ({ compounds }: ScoreOutput) => compounds[0] as ScoreOutput['compounds'][number];
const meanOf = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

describe('score', () => {
  test('prints the best poses, ΔG and its derivatives', async () => {
    const { code, stdout, stderr } = await run([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const part of ['-13.067', 'mean', 'lse', 'boltzmann', 'free-energy', '∂ΔG/∂w', 'hydrogenBond']) {
      expect(stdout).toContain(part);
    }
    expect(stdout).not.toContain('full-graph');
    expect(stdout).not.toContain('\u001b');
    expect(Math.max(...stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(80);
  });

  test('prints only JSON with --json; with --target, it has the loss and the gradient of the loss', async () => {
    const output = await outputOf('--target=-9', '--combination', 'mean');
    const { value, loss, gradient } = only(output);
    expect(output.predictions.length).toBe(64);
    expect(value).toBeCloseTo(meanOf(output.predictions), 12);
    expect(loss).toBeCloseTo((value + 9) ** 2, 12);
    // The slope of the loss is L′ = 2 (ΔG − target).
    const plain = only(await outputOf('--combination', 'mean')).gradient;
    for (const [name, slope] of Object.entries(plain)) {
      expect(gradient[name]).toBeCloseTo(2 * (value + 9) * slope, 8);
    }
  });

  test.each(['mean', 'lse', 'boltzmann', 'free-energy'])(
    'pools poses by --combination %s',
    async combination => {
      const { value, weights, combinations } = only(
        await ofFew('--combination', combination, '--t', '2', '--kT', '3'),
      );
      expect(value).toBeCloseTo(combinations[combination] as number, 12);
      expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      const byMean = await ofFew('--combination', 'mean', '--t', '2', '--kT', '3');
      expect(only(byMean).combinations).toEqual(combinations);
      const factors = byMean.predictions.map(score => Math.exp(-score / 3));
      const sum = factors.reduce((a, b) => a + b);
      expect(combinations['free-energy']).toBeCloseTo(-3 * Math.log(sum / 5), 10);
      expect(combinations.boltzmann).toBeCloseTo(
        byMean.predictions.reduce((total, score, n) => total + (score * (factors[n] as number)) / sum, 0),
        10,
      );
    },
  );

  test('gives mean and variance with --combination spread, and rejects negative scores with power-mean', async () => {
    const { value, variance } = only(await ofFew('--combination', 'spread', '--kT', '1e6'));
    const { predictions } = await ofFew();
    expect(value).toBeCloseTo(meanOf(predictions), 3);
    expect(variance).toBeCloseTo(meanOf(predictions.map(score => (score - meanOf(predictions)) ** 2)), 3);
    const { code, stderr } = await run([few, '--receptor', receptor, '--combination', 'power-mean']);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^skipped few, pose 1: .*few\.pdbqt, line 1: bad pose: --combination power-mean needs scores above 0, got -13\.067\n/,
    );
  });

  test('gives the same result with every --strategy, and compares them with --compare', async () => {
    const streamed = only(await ofFew());
    for (const strategy of ['recompute', 'full-graph']) {
      const { value, gradient } = only(await ofFew('--strategy', strategy));
      expect(value).toBeCloseTo(streamed.value, 12);
      for (const [name, slope] of Object.entries(gradient)) {
        expect(slope / (streamed.gradient[name] as number)).toBeCloseTo(1, 11);
      }
    }
    const { strategies = [] } = await ofFew('--compare');
    expect(strategies.map(({ strategy, executor, tapesAlive }) => [strategy, executor, tapesAlive])).toEqual([
      ['stream', 'jit float64', 1],
      ['recompute', 'jit float64', 1],
      ['full-graph', 'jit float64', 5],
      ['full-graph', 'interpreter float64', 5],
    ]);
    for (const { difference } of strategies) expect(difference).toBeLessThan(1e-12);
  });

  test('prints the terms with --terms; their weighted sum, divided by the rotor penalty, is the score', async () => {
    const { terms = [] } = only(await ofFew('--terms'));
    const { predictions } = await ofFew();
    const weights = {
      ...{ gauss1: -0.035579, gauss2: -0.005156, repulsion: 0.840245 },
      ...{ hydrophobic: -0.035069, hydrogenBond: -0.587439 },
    };
    expect(terms.length).toBe(5);
    for (const [n, row] of terms.entries()) {
      const sum = Object.entries(weights).reduce((total, [name, w]) => total + w * (row[name] as number), 0);
      // No atom of these poses clashes badly, so the limit on energies changes the score by less than 10⁻⁵ kcal/mol.
      expect(sum / (1 + 0.05846 * (row.rotors as number))).toBeCloseTo(predictions[n] as number, 4);
    }
  });

  test('scores by an untrained SchNet with --scorer schnet', async () => {
    const argv = [
      '--scorer',
      'schnet',
      ...'--hidden 4 --interactions 1 --neighbours 6 --pocket 4'.split(' '),
    ];
    const output = await ofFew(...argv);
    expect(output.predictions.length).toBe(5);
    expect(only(output).combinations.mean).toBeCloseTo(meanOf(output.predictions), 12);
    const { stdout } = await run([few, '--receptor', receptor, ...argv]);
    for (const part of ['untrained', '|∂ΔG/∂θ|', 'embedding']) expect(stdout).toContain(part);
    expect(await ofFew(...argv, '--refine', '0')).toEqual(output);
  });

  test('notes once per file that a pose with TORSDOF has no BRANCH, as refine does', async () => {
    const flat = someModels(1, 2).replace(/^(?:ROOT|ENDROOT|BRANCH|ENDBRANCH).*\n/gm, '');
    const path = file('flat.pdbqt', flat);
    const note = `note: ${path}: TORSDOF 7, but no BRANCH; the ligand is scored as rigid\n`;
    for (const argv of [[], ['--shard', '1/1', '--state', join(folder, 'flat.json')]]) {
      const { code, stderr } = await run([path, '--receptor', receptor, ...argv]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: note });
    }
    const refined = await run(['refine', path, '--receptor', receptor, '--steps', '1']);
    expect(refined.stderr).toBe(note);
    const rigid = file('rigid.pdbqt', flat.replace(/^TORSDOF.*/gm, 'TORSDOF 0'));
    expect((await run([rigid, '--receptor', receptor])).stderr).toBe('');
  });

  test('leaves out duplicate poses with --rmsd', async () => {
    const twice = file('twice.pdbqt', someModels(1, 2) + someModels(1, 2));
    const { predictions, duplicates } = await outputOf(twice, '--receptor', receptor, '--rmsd', '0.1');
    expect(predictions).toEqual((await ofFew()).predictions.slice(0, 2));
    expect(duplicates).toBe(2);
  });
});

describe('score, given many compounds,', () => {
  const library = join(folder, 'library');
  file('library/b10.pdbqt', someModels(3, 4));
  file('library/b9.pdbqt', someModels(1, 2));
  file('library/inner/c.pdbqt', someModels(5, 5));
  file('library/notes.txt', 'no poses');
  const names = ['b9', 'b10', 'inner/c'];

  test.each([
    ['a folder', [library]],
    ['files', [join(library, 'b9.pdbqt'), join(library, 'b10.pdbqt'), join(library, 'inner/c.pdbqt')]],
    ['a pattern', [`${library}/**/*.pdbqt`]],
    ['--poses', ['--poses', library]],
  ])('finds them by %s', async (what, inputs) => {
    const { compounds, predictions } = await outputOf(...inputs, '--receptor', receptor);
    expect(compounds.map(({ name }) => name)).toEqual(what === 'files' ? ['b9', 'b10', 'c'] : names);
    expect(compounds.map(({ poses }) => poses)).toEqual([2, 2, 1]);
    expect(predictions).toEqual((await ofFew()).predictions);
  });

  test('distinguishes files of the same name by their paths', async () => {
    const same = ['1abc', '2abc'].map((id, i) => file(`${id}/lig.pdbqt`, someModels(i + 1, i + 1)));
    const { compounds } = await outputOf(...same, '--receptor', receptor);
    expect(compounds.map(({ name }) => name)).toEqual(same.map(path => path.replace('.pdbqt', '')));
    const byPattern = await outputOf(join(folder, '*abc/lig.pdbqt'), '--receptor', receptor);
    expect(byPattern.compounds.map(({ name }) => name)).toEqual(['1abc/lig', '2abc/lig']);
  });

  test('leaves out a receptor in the folder of the poses', async () => {
    const inside = file('with/rec.pdbqt', readFileSync(receptor, 'utf8'));
    file('with/a.pdbqt', someModels(1, 1));
    const { compounds } = await outputOf(join(folder, 'with'), '--receptor', inside);
    expect(compounds.map(({ name }) => name)).toEqual(['a']);
  });

  test('pools them as one compound with --group-by all', async () => {
    const { compounds } = await outputOf(library, '--receptor', receptor, '--group-by', 'all');
    expect(compounds.length).toBe(1);
    expect(only({ compounds } as ScoreOutput).value).toBeCloseTo(only(await ofFew()).value, 12);
  });

  test('prints a line per compound as text, a row per pose in CSV, and an object per compound in JSON lines', async () => {
    const { stdout } = await run([library, '--receptor', receptor]);
    expect(stdout).toMatch(/^ +poses +best +ΔG\n {2}b9 +2 +-13\.067 +-\d+\.\d{4}\n {2}b10 +2 /m);
    expect(stdout).toContain('3 compounds, 5 poses');
    const csv = (await run([library, '--receptor', receptor, '--format', 'csv', '--terms'])).stdout;
    const [head, ...rows] = csv.trimEnd().split('\n');
    expect(head).toMatch(/^compound,file,pose,line,score,weight,rank,dG,skipped,gauss1,.*,rotors$/);
    expect(
      rows.map(row =>
        row
          .split(',')
          .filter((_, i) => [0, 2, 6].includes(i))
          .join(' '),
      ),
    ).toEqual([...['b9 1 1', 'b9 2 2', 'b10 1 1', 'b10 2 2', 'inner/c 1 1']]);
    const lines = (await run([library, '--receptor', receptor, '--format', 'jsonl'])).stdout.trimEnd();
    expect(lines.split('\n').map(line => JSON.parse(line).name)).toEqual(names);
  });

  test('groups the records of an SDF by name, and skips a bad record', async () => {
    const sdf = [
      ...[record('A', 0), record('A', 0.5), record('B', 0).replace('V2000', 'V9000')],
      ...[record('B', 1), record('', 1.5)],
    ];
    const argv = ['--receptor', receptor, '--scorer', 'schnet', '--pocket', '8', '--json'];
    const { code, stdout, stderr } = await run([file('ligands.sdf', sdf.join('')), ...argv]);
    const { compounds }: ScoreOutput = JSON.parse(stdout);
    expect(code).toBe(3);
    expect(compounds.map(({ name, poses, skipped }) => [name, poses, skipped])).toEqual([
      ['A', 2, 0],
      ['B', 1, 1],
      ['ligands', 1, 0],
    ]);
    expect(stderr).toMatch(
      /^note: the SchNet is untrained.*\nskipped B, pose 3: .*ligands\.sdf, line 22: .*V3000.*\n1 pose was skipped\n$/,
    );
    const byFile = await run([
      file('good.sdf', record('A', 0) + record('B', 1)),
      ...argv,
      '--group-by',
      'file',
    ]);
    expect(JSON.parse(byFile.stdout).compounds).toMatchObject([{ name: 'good', poses: 2 }]);
  });

  test('prints the number of skipped poses in CSV, JSON lines and text, and after merge', async () => {
    const bad = someModels(2, 2).replace(/^(HETATM.{30})..../m, '$1x.y ');
    const argv = [file('skips/a.pdbqt', someModels(1, 1) + bad + someModels(3, 3)), '--receptor', receptor];
    const csv = await run([...argv, '--format', 'csv']);
    const rows = csv.stdout.trimEnd().split('\n');
    expect(rows.map(row => row.split(',').at(-1))).toEqual(['skipped', '1', '1']);
    expect(rows.map(row => row.split(',')[2])).toEqual(['pose', '1', '3']);
    expect(csv.stderr).toMatch(
      /^skipped a, pose 2: .*a\.pdbqt, line \d+: expected .*\n1 pose was skipped\n$/,
    );
    const state = join(folder, 'skips.json');
    const lines = await run([...argv, '--format', 'jsonl', '--state', state]);
    expect(JSON.parse(lines.stdout)).toMatchObject({ name: 'a', poses: 2, skipped: 1 });
    expect((await run(argv)).stdout).toMatch(/skipped poses +1\n/);
    expect((await run(['merge', state, '--format', 'csv'])).stdout).toMatch(/,skipped\na,.*,2,.*,1\n$/);
    for (const part of ['1', '2']) {
      await run([
        ...argv,
        '--shard',
        `${part}/2`,
        '--chunk',
        '2',
        '--state',
        join(folder, `skips${part}.json`),
      ]);
    }
    const shards = ['1', '2'].map(part => join(folder, `skips${part}.json`));
    expect((await run(['merge', ...shards, '--format', 'csv'])).stdout).toMatch(/,skipped\na,.*,2,.*,1\n$/);
  });

  test('chooses the format by the end of the name that --out gives, unless another option gives the format', async () => {
    const written = async (name: string, ...argv: string[]) => {
      const out = join(folder, name);
      expect((await run([few, '--receptor', receptor, '--out', out, ...argv])).code).toBe(0);
      return readFileSync(out, 'utf8');
    };
    expect(await written('o.csv')).toMatch(/^compound,file,pose,/);
    expect(JSON.parse(await written('o.json')).compounds.length).toBe(1);
    expect(JSON.parse(await written('o.JSONL')).name).toBe('few');
    expect(await written('o.txt')).toMatch(/^Vina scores/);
    expect(await written('text.csv', '--format', 'text')).toMatch(/^Vina scores/);
    expect(JSON.parse(await written('json.csv', '--json')).compounds.length).toBe(1);
  });

  test('shows each pooling with its own setting and no other', async () => {
    const argv = [few, '--receptor', receptor, '--combination', 'lse', '--t', '2'];
    const { stdout } = await run(argv);
    expect(stdout).toContain('by lse, t = 2 mol/kcal\n');
    const [, others] = stdout.split('ΔG by other combinations\n\n') as [string, string];
    expect(others.split('\n\n')[0]).toMatch(
      /^ {2}mean +-\d+\.\d{4}\n {2}boltzmann, kT = 0\.593 kcal\/mol +-.*\n {2}free-energy, kT = 0\.593 kcal\/mol +-.*$/,
    );
    const output = JSON.parse((await run([...argv, '--json'])).stdout);
    expect([output.t, output.kT, output.q]).toEqual([2, undefined, undefined]);
  });

  test('names poses by their position in the file, as JSON and text; refine and merge do so, too', async () => {
    const bad = someModels(1, 1).replace(/^(HETATM.{30})..../m, '$1x.y ');
    // The text before the first MODEL is not a pose.
    const content = `REMARK header\n${bad}${someModels(5, 5)}${someModels(5, 5)}${someModels(1, 2)}`;
    const path = file('positions/a.pdbqt', content);
    const argv = [path, '--receptor', receptor];
    const skip = `skipped a, pose 1: ${path}, line `;
    const best = { file: path, pose: 4 };
    const output = await run([...argv, '--json', '--rmsd', '0.1']);
    expect(output.stderr.startsWith(skip)).toBe(true);
    expect(JSON.parse(output.stdout)).toMatchObject({
      compounds: [{ best, numbers: [2, 4, 5] }],
      skipped: [{ name: 'a', pose: 1 }],
    });
    const { stdout } = await run(argv);
    expect(stdout).toContain('-13.067 (pose 4)\n');
    expect(stdout).toMatch(/\n {2} +4 +-13\.067 /);
    const refined = await run(['refine', ...argv, '--steps', '1', '--json']);
    expect(JSON.parse(refined.stdout).poses.map(({ pose }: { pose: number }) => pose)).toEqual([2, 3, 4, 5]);
    const states = [1, 2, 3].map(part => join(folder, `positions${part}.json`));
    for (const [i, state] of states.entries()) {
      await run([...argv, '--shard', `${i + 1}/3`, '--chunk', '2', '--state', state]);
    }
    const merged = await run(['merge', ...states, '--json']);
    expect(JSON.parse(merged.stdout).compounds).toMatchObject([{ best }]);
    expect(merged.stderr.startsWith(skip)).toBe(true);
    const both = await run([path, few, '--receptor', receptor, '--group-by', 'all']);
    expect(both.stdout).toContain('-13.067 (pose 4)\n');
    expect(both.stdout).toContain(`${few} 2`);
  });

  test.each(['text', 'csv', 'json', 'jsonl'])(
    'warns that SchNet is untrained, with --format %s',
    async format => {
      const { code, stderr } = await run([
        few,
        '--receptor',
        receptor,
        '--scorer',
        'schnet',
        '--format',
        format,
      ]);
      expect(code).toBe(0);
      expect(stderr).toBe('note: the SchNet is untrained, and its scores mean nothing: give --weights\n');
    },
  );

  test('reports and skips bad poses and compounds, or stops at the first of them with --strict', async () => {
    file('bad/a.pdbqt', someModels(1, 1));
    file('bad/b.pdbqt', 'hello\u0007');
    file('bad/c.pdbqt', far);
    file('bad/d.pdbqt', someModels(2, 2));
    const argv = [join(folder, 'bad'), '--receptor', receptor, '--format', 'json'];
    const { code, stdout, stderr } = await run(argv);
    const { compounds, skipped }: ScoreOutput = JSON.parse(stdout);
    expect(code).toBe(3);
    expect(compounds.map(({ name }) => name)).toEqual(['a', 'd']);
    expect(skipped.map(({ name }) => name)).toEqual(['b', 'c']);
    expect(stderr).toMatch(
      /^skipped b, pose 1: .*b\.pdbqt, line 1: expected .*\nskipped c: .*no pose comes within 8 Å .*\n1 pose and 1 compound were skipped\n$/,
    );
    const strict = await run([...argv, '--strict']);
    expect(strict).toMatchObject({ code: 1, stdout: '' });
    expect(strict.stderr).toMatch(/^error: .*b\.pdbqt, line 1: expected [^\n]*\n$/);
  });
});

describe('merge of --state files', () => {
  const parts = [1, 2].map(n => join(folder, `state${n}.json`));

  test('gives the same result as scoring all poses at once', async () => {
    const halves = [file('h1/x.pdbqt', someModels(1, 3)), file('h2/x.pdbqt', someModels(4, 5))];
    for (const [i, half] of halves.entries()) {
      await outputOf(half, '--receptor', receptor, '--state', parts[i] as string);
    }
    const both = join(folder, 'both.json');
    const merged = only(await outputOf('merge', ...parts, '--state', both));
    const whole = only(await ofFew());
    expect(merged).toMatchObject({ name: 'x', poses: 5, best: { pose: 1, score: whole.best.score } });
    expect(merged.value).toBeCloseTo(whole.value, 12);
    for (const [name, slope] of Object.entries(whole.gradient)) {
      expect((merged.gradient[name] as number) / slope).toBeCloseTo(1, 11);
    }
    expect(only(await outputOf('merge', both))).toEqual(merged);
    expect(await run(['merge', both, both])).toMatchObject({
      code: 1,
      stderr: `error: ${both}: it is named twice; each part counts once\n`,
    });
    const { loss } = only(await outputOf('merge', both, '--target', '-9'));
    expect(loss).toBeCloseTo((whole.value + 9) ** 2, 10);
    expect((await run(['merge', both])).stdout).toContain('∂ΔG/∂w');
    expect((await run(['merge', both, '--format', 'csv'])).stdout).toMatch(
      /^compound,file,poses,best,dG,skipped\nx,.*x\.pdbqt,5,-13\.0.*,0\n$/,
    );
  });

  test('expands quoted patterns, as score does', async () => {
    expect(only(await outputOf('merge', join(folder, 'state[12].json')))).toEqual(
      only(await outputOf('merge', ...parts)),
    );
    for (const [path, message] of [
      [join(folder, 'no*.json'), 'PATH: expected files that match, found none'],
      [join(folder, 'no.json'), 'cannot read PATH: no such file or directory'],
    ] as const)
      expect(await run(['merge', path])).toEqual({
        code: 1,
        stdout: '',
        stderr: `error: ${message.replace('PATH', path)}\n`,
      });
    const [first] = parts as [string, string];
    expect((await run(['merge', join(folder, 'state*.json'), '--out', first])).stderr).toContain(
      `${first} is an input, which the output would replace`,
    );
  });

  test('rejects a file that is not a state, is damaged, or belongs to another run', async () => {
    const [first] = parts as [string, string];
    const other = join(folder, 'other.json');
    await outputOf(few, '--receptor', receptor, '--kT', '2', '--state', other);
    const damaged = file('damaged.json', readFileSync(first, 'utf8').replace('"count":3', '"count":4'));
    for (const [argv, message] of [
      [[few], /few\.pdbqt: expected JSON that score --state wrote/],
      [[file('empty.json', '{}')], /empty\.json: expected a file that score --state of this version wrote/],
      [[damaged], /damaged\.json: compound x: accumulator: /],
      [
        [first, other],
        /other\.json: expected vina, boltzmann with kT 0\.593, .* found vina, boltzmann with kT 2/,
      ],
    ] as const) {
      const { code, stdout, stderr } = await run(['merge', ...argv]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^error: [^\n]*\n$/);
      expect(stderr).toMatch(message);
    }
  });
});

describe('score, with one line on stderr,', () => {
  const withReceptor = ['--receptor', receptor];

  test.each([
    [
      'an unknown combination',
      ['--combination', 'median'],
      /'median' is invalid. Allowed choices are mean, lse/,
    ],
    ['an unknown strategy', ['--strategy', 'x'], /Allowed choices are stream, recompute, full-graph/],
    ['kT of 0', ['--kT', '0'], /--kT.*'0' is invalid. It must be a number greater than 0/],
    ['t below 0', ['--t=-1'], /--t.*'-1' is invalid. It must be a number greater than 0/],
    ['q of 0', ['--q', '0'], /It must be a number other than 0/],
    ['a target that is not a number', ['--target', 'low'], /--target.*'low' is invalid. It must be a number/],
    ['a target that is not finite', ['--target', '1e999'], /'1e999' is invalid. It must be a number/],
    ['an empty number', ['--t', ''], /'' is invalid. It must be a number/],
    ['an unknown option', ['--bogus'], /unknown option '--bogus'/],
    ['poses without a receptor', ['poses.pdbqt'], /option '--receptor <file>' is needed/],
    ['a receptor without poses', withReceptor, /poses are needed/],
    ['--terms with schnet', ['--scorer', 'schnet', '--terms'], /--terms needs --scorer vina/],
    [
      'sizes given along with weights',
      ['--weights', 'w.json', '--hidden', '4'],
      /cannot be used with option/,
    ],
    ['--refine with vina', ['--refine', '3'], /--refine is not an option but a command: npm start -- refine/],
    ['--json and CSV', ['--format', 'csv', '--json'], /--json and --format csv exclude each other/],
    [
      '--json and CSV of merge',
      ['merge', 'a.json', '--format', 'csv', '--json'],
      /--json and --format csv exclude each other/,
    ],
    ['--hidden with vina', ['--hidden', '8'], /--hidden needs --scorer schnet/],
    ['--seed with vina', ['--seed', '2'], /--seed needs --scorer schnet/],
    ['merge without files', ['merge'], /missing required argument 'states'/],
  ])('exits with code 2 for %s', async (_what, argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]*\n$/);
    expect(stderr).toMatch(message);
  });

  test.each([
    [
      'a missing file',
      ['nowhere.pdbqt', ...withReceptor],
      /cannot read nowhere.pdbqt: no such file or directory/,
    ],
    [
      'a pattern that matches no file',
      ['nowhere*.pdbqt', ...withReceptor],
      /nowhere\*\.pdbqt: expected files that match/,
    ],
    [
      'a folder without poses',
      [join(file('empty/a.txt', ''), '..'), ...withReceptor],
      /expected files that end in \.pdbqt or \.dlg or, for schnet, .*, found none; give PDB and mmCIF files by name or pattern/,
    ],
    [
      'a receptor as the poses',
      [receptor, ...withReceptor],
      /pocket\.pdbqt: expected files with poses, found only the receptor /,
    ],
    ['a missing receptor', [few, '--receptor', 'nowhere.pdbqt'], /cannot read nowhere.pdbqt: no such file/],
    [
      'a receptor of many models',
      [few, '--receptor', posesFile],
      /poses\.pdbqt.*: expected a file with only one molecule/,
    ],
    [
      'a file that is not PDBQT',
      [file('a.pdbqt', 'hello'), ...withReceptor],
      /a\.pdbqt, line 1: expected ATOM/,
    ],
    [
      'poses far from the receptor',
      [file('far.pdbqt', far), ...withReceptor],
      /far\.pdbqt: no pose comes within 8 Å of an atom of .*pocket\.pdbqt/,
    ],
    [
      'an output in a missing folder',
      [few, ...withReceptor, '--out', join(folder, 'no', 'out.csv')],
      /cannot write .*out\.csv: no such file or directory/,
    ],
    [
      'a folder as the output',
      [few, ...withReceptor, '--out', folder],
      /cannot write .*: illegal operation on a directory/,
    ],
  ])('exits with code 1 for %s', async (_what, argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]*\n$/);
    expect(stderr).toMatch(message);
  });
});
