import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { gradient, interpreter, jit, Memory, Tape, tensor } from 'posetape';
import {
  boltzmann,
  type Combination,
  type CombineResult,
  combinePoses,
  gated,
  lse,
  mean,
} from 'posetape/combine';
import { concat, mul, reshape, sum } from 'posetape/ops';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bytes, fixed, short } from '../../examples/browser/draw/numbers.ts';
import { formulaOf } from '../../examples/browser/formula.ts';
import type { Pose } from '../../examples/vina/pairs.ts';
import {
  recordWeights,
  score,
  scoreGroup,
  terms,
  type VinaWeights,
  vinaWeights,
} from '../../examples/vina/score.ts';
import { readMolecules } from '../../program/read/files.ts';
import { typesOf } from '../../program/vina/bonds.ts';
import { ensembleOf } from '../../program/vina/ensemble.ts';
import { score as scoreDocked } from '../../program/vina/score.ts';
import { ensemble, type Opened, posesFile, receptor, rowsOf, site, write } from './open.ts';

let at: Opened;
const { open } = site();
afterEach(() => at.isQuiet());

/** Opens one page for all tests of a panel, as opening takes most of their time. */
function onOnePage(): void {
  beforeAll(async () => {
    at = await open();
  });
  afterAll(() => at.page.close());
}

const { poses } = ensemble;
const poseAt = (index: number) => poses[index] as Pose;
const kT = 0.593;

function combined(
  combination: Combination,
  pooled: readonly Pose[] = poses,
): Promise<CombineResult<VinaWeights>> {
  return combinePoses({ poses: pooled, params: vinaWeights(), score, combination });
}

/** Length of the longest force on an atom, computed in Node. */
function longestForce(pose: Pose): number {
  const tape = new Tape();
  const x = tape.parameter(pose.ligand, 'x');
  const [slope] = jit().run(gradient(score(tape, recordWeights(tape), pose, x), [x]));
  const atoms = Array.from({ length: pose.ligand.shape[0] as number }, (_, i) =>
    Math.hypot(...(slope?.data.subarray(3 * i, 3 * i + 3) ?? [])),
  );
  return Math.max(...atoms);
}

/** Moves the slider with this id by keys: by one step, or to an end. */
async function press(id: string, ...keys: string[]): Promise<void> {
  for (const key of keys) await at.page.locator(`#${id}`).press(key);
}

describe('the poses panel', () => {
  onOnePage();
  test('shows energy, weight and longest force of the pose chosen by slider or buttons', async () => {
    const { predictions, weights } = await combined(boltzmann({ kT }));
    for (const [pose, move] of [
      [0, () => undefined],
      [1, () => press('pose', 'ArrowRight')],
      [63, () => press('pose', 'End')],
      [0, () => at.page.click('#pose-next')],
      [63, () => at.page.click('#pose-previous')],
    ] as const) {
      await move();
      await at.shows('pose-number', `${pose + 1} of 64`);
      await at.shows('pose-value', fixed(predictions[pose] as number, 3));
      await at.shows('pose-weight', short(weights[pose] as number));
      await at.shows('pose-force', short(longestForce(poseAt(pose))));
    }
  });

  test('draws the poses, hides forces by a checkbox, and turns the view by keys', async () => {
    const viewer = at.page.locator('#viewer');
    await viewer.locator('canvas').waitFor();
    const drawn = () => viewer.screenshot();
    await expect.poll(async () => (await drawn()).length).toBeGreaterThan(20_000);
    const withForces = await drawn();
    await at.page.locator('#forces').uncheck();
    await expect.poll(async () => (await drawn()).equals(withForces)).toBe(false);
    const without = await drawn();
    await viewer.press('ArrowRight');
    await expect.poll(async () => (await drawn()).equals(without)).toBe(false);
  });

  // The first three poses, as a user's file.
  const three = `${posesFile.text.split('ENDMDL').slice(0, 3).join('ENDMDL')}ENDMDL\n`;
  const userFile = (name: string, text: string) => ({
    name,
    mimeType: 'chemical/x-pdbqt',
    buffer: Buffer.from(text),
  });

  test('shows the user’s files chosen by the button, and the example again by “back”', async () => {
    await at.page.setInputFiles('#own', [
      userFile('three.pdbqt', three),
      userFile('mine.pdbqt', receptor.text),
    ]);
    await at.shows('pose-number', '1 of 3');
    await at.shows('poses-what', '3 poses of three.pdbqt in mine.pdbqt.');
    const result = await combined(boltzmann({ kT }), poses.slice(0, 3));
    await at.shows('value', fixed(result.value, 4));
    await at.page.click('#back');
    await at.shows('pose-number', '1 of 64');
    await at.shows('value', fixed((await combined(boltzmann({ kT }))).value, 4));
  });

  test('shows the user’s files dropped on the view', async () => {
    const transfer = await at.page.evaluateHandle(text => {
      const data = new DataTransfer();
      data.items.add(new File([text], 'dropped.pdbqt'));
      return data;
    }, three);
    await at.page.dispatchEvent('#viewer', 'drop', { dataTransfer: transfer });
    await at.shows('poses-what', '3 poses of dropped.pdbqt in pocket.pdbqt.');
    await at.page.click('#back');
    await at.shows('pose-number', '1 of 64');
  });

  test.each([
    ['a coordinate that is not a number', three.replace(' 16.400', ' 16,400')],
    ['a missing ENDMDL', three.replaceAll('ENDMDL', 'REMARK')],
    ['an unknown atom type', three.replace(/ A $/m, ' Xx')],
    [
      'poses far from the receptor',
      three.replaceAll(
        /^(HETATM.{24})(.{8})/gm,
        (_, head, x) => `${head}${(Number(x) + 900).toFixed(3).padStart(8)}`,
      ),
    ],
  ])('shows the error of a bad file and keeps the poses: %s', async (_what, text) => {
    let message = '';
    try {
      ensembleOf(receptor, { name: 'bad.pdbqt', text });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain('bad.pdbqt');
    await press('pose', 'Home');
    await at.page.setInputFiles('#own', userFile('bad.pdbqt', text));
    await at.shows('problem', message);
    expect(await at.page.locator('#problem').isVisible()).toBe(true);
    await at.shows('pose-number', '1 of 64');
    await press('pose', 'ArrowRight');
    await at.shows('pose-value', fixed((await combined(mean())).predictions[1] as number, 3));
  });
});

describe('the poses panel, with files of the user,', () => {
  onOnePage();
  const models = posesFile.text.split(/(?<=ENDMDL\n)/).filter(model => model.includes('MODEL'));
  const flexible = readFileSync('test/program/vina/complexes/flexible.pdbqt', 'utf8');
  const phenol = readFileSync('test/program/vina/complexes/phenol.pdbqt', 'utf8');
  const userFile = (name: string, text: string | Buffer) => ({
    name,
    mimeType: 'text/plain',
    buffer: Buffer.from(text),
  });

  test('draws the 64 best poses, and says so', async () => {
    await at.shows('poses-drawn', '');
    const many = [...models, ...models.slice(0, 6)].join('');
    await at.page.setInputFiles('#own', userFile('many.pdbqt', many));
    await at.shows('pose-number', '1 of 70');
    await at.shows('poses-drawn', 'Showing the 64 best of 70 poses, and the chosen one.');
    // Other poses are drawn when they are chosen.
    const { predictions } = await combined(
      mean(),
      ensembleOf(receptor, { name: 'many.pdbqt', text: many }).poses,
    );
    const worst = predictions.indexOf(Math.max(...predictions));
    await at.page.locator('#pose').fill(`${worst + 1}`);
    await at.shows('pose-value', fixed(predictions[worst] as number, 3));
    await at.shows('pose-force', short(longestForce(poseAt(worst % 64))));
  });

  test('offers a choice of compounds from several files, gzipped or not', async () => {
    await at.page.setInputFiles('#own', [
      userFile('three.pdbqt.gz', gzipSync(models.slice(0, 3).join(''))),
      userFile('mixed.pdbqt', `${models[3]}${phenol}`),
    ]);
    await at.shows('pose-number', '1 of 4');
    const options = await at.page.locator('#compound option').allTextContents();
    expect(options.length).toBe(2);
    expect(options[0]).toMatch(/three\.pdbqt\.gz.*: 4 poses$/);
    expect(options[1]).toMatch(/mixed\.pdbqt.*: \d+ poses?$/);
    expect(await at.page.locator('#compound').isVisible()).toBe(true);
    await at.shows('value', fixed((await combined(boltzmann({ kT }), poses.slice(0, 4))).value, 4));
    await at.page.locator('#compound').selectOption('1');
    const other = ensembleOf(receptor, { name: 'mixed.pdbqt', text: phenol });
    await at.shows('pose-number', `1 of ${other.poses.length}`);
    await at.shows('value', fixed((await combined(boltzmann({ kT }), other.poses)).value, 4));
    await at.page.click('#back');
    await at.shows('pose-number', '1 of 64');
    expect(await at.page.locator('#compound').isVisible()).toBe(false);
  });

  test('scores poses with flexible residues like the program', async () => {
    const { poses } = ensembleOf(receptor, { name: 'flexible.pdbqt', text: flexible });
    expect(poses[0]?.between).toBeDefined();
    await at.page.setInputFiles('#own', userFile('flexible.pdbqt', flexible));
    await at.shows('pose-number', `1 of ${poses.length}`);
    const { value } = await combinePoses({
      poses,
      params: vinaWeights(),
      score: scoreDocked,
      combination: boltzmann({ kT }),
    });
    await at.shows('value', fixed(value, 4));
    await at.page.click('#back');
    await at.shows('pose-number', '1 of 64');
  });

  test.each([
    [
      'without AutoDock types',
      'water.sdf',
      'w\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    1.0 2.0 3.0 O\nM  END\n$$$$\n',
    ],
    ['of another kind', 'notes.txt', 'notes'],
    ['in another archive', 'poses.pdbqt', Buffer.from([0x50, 0x4b, 0x03, 0x04, 0])],
    ['gzipped and cut off', 'cut.pdbqt.gz', gzipSync(posesFile.text).subarray(0, 2000)],
  ])('rejects a file %s with the program’s message', async (_what, name, content) => {
    const folder = mkdtempSync(join(tmpdir(), 'posetape-page-'));
    writeFileSync(join(folder, name), content);
    let message = '';
    try {
      for await (const molecule of readMolecules(join(folder, name))) typesOf(molecule);
    } catch (error) {
      message = (error as Error).message.replaceAll(`${folder}/`, '');
    }
    rmSync(folder, { recursive: true });
    await at.page.setInputFiles('#own', userFile(name, content));
    // The browser words errors of gzip in its own way.
    await at.shows('problem', name.endsWith('.gz') ? /^cannot read cut\.pdbqt\.gz: .+/ : message);
    expect(message).toContain(name);
    await at.shows('pose-number', '1 of 64');
  });
});

describe('the combination panel', () => {
  onOnePage();
  beforeAll(() => at.page.click('#numbers summary'));

  const choose = (kind: string) => at.page.locator(`input[name=combination][value=${kind}]`).check();

  /** Expects the page to show the results of a combination. */
  async function holds(combination: Combination): Promise<CombineResult<VinaWeights>> {
    const result = await combined(combination);
    await at.shows('value', fixed(result.value, 4));
    const expected = Array.from({ length: result.predictions.length }, (_, n) => [
      `${n + 1}`,
      fixed(result.predictions[n] as number, 3),
      short(result.weights[n] as number),
      short(result.coefficients[n] as number),
    ]);
    await at.showsRows('poses-table', expected);
    const gradient = Object.entries(result.gradient).map(([name, { data }]) => [
      name,
      short(data[0] as number),
    ]);
    await at.showsRows('gradient-table', gradient);
    return result;
  }

  /** Hydrogen-bond term H_n of each pose. */
  const bonds = poses.map(pose => {
    const { hydrogenBond } = terms(new Tape(), pose);
    return interpreter().run([sum(hydrogenBond)])[0]?.data[0] as number;
  });

  /** Expects the page's numbers to be those of the library's `gated` with the log-weight g H_n. */
  async function holdsGated(g: number): Promise<{ value: number; weights: Float64Array }> {
    const { value, predictions, weights, coefficients, gradient } = await combinePoses({
      poses: poses.map((pose, n) => ({ pose, bonds: bonds[n] as number })),
      params: { ...vinaWeights(), g: tensor(g) },
      score: (tape, { g, ...weights }, { pose, bonds }) =>
        concat([reshape(mul(g, bonds), [1]), reshape(score(tape, weights, pose), [1])]),
      combination: gated(),
    });
    await at.shows('value', fixed(value, 4));
    await at.showsRows(
      'poses-table',
      bonds.map((bond, n) => [
        `${n + 1}`,
        fixed(predictions[2 * n + 1] as number, 3),
        short(weights[n] as number),
        short(coefficients[2 * n + 1] as number),
        short(bond),
        short(g * (coefficients[2 * n] as number)),
      ]),
    );
    const names = [...Object.keys(vinaWeights()), 'gate strength g'];
    await at.showsRows(
      'gradient-table',
      Object.values(gradient).map(({ data }, k) => [names[k] as string, short(data[0] as number)]),
    );
    return { value, weights };
  }

  test('starts with Boltzmann, which kT moves between the best pose and the average', async () => {
    const { predictions } = await holds(boltzmann({ kT }));
    await at.shows('best', fixed(Math.min(...predictions), 4));
    await at.shows('combined-time', /^[\d.]+ ms$/);
    await at.shows('average', fixed(predictions.reduce((a, b) => a + b) / predictions.length, 4));
    await press('setting', 'Home');
    await at.shows('setting-value', '0.05 kcal/mol');
    expect((await holds(boltzmann({ kT: 0.05 }))).value).toBeCloseTo(Math.min(...predictions), 6);
    await press('setting', 'End');
    await at.shows('setting-value', '50 kcal/mol');
    expect((await holds(boltzmann({ kT: 50 }))).value).toBeCloseTo(-7.8136, 1);
  });

  test('shows a smooth minimum with sharpness t', async () => {
    await choose('lse');
    await at.shows('setting-value', '1 mol/kcal');
    await holds(lse({ t: 1 }));
    await press('setting', 'ArrowRight');
    const t = Number.parseFloat(await at.text('setting-value'));
    expect(t).toBeGreaterThan(1);
    await holds(lse({ t }));
    await press('setting', 'End');
    const { value, predictions } = await holds(lse({ t: 50 }));
    expect(value).toBeCloseTo(Math.min(...predictions), 6);
  });

  test('shows the mean, which has no setting', async () => {
    await choose('mean');
    await holds(mean());
    expect(await at.page.locator('#setting').isVisible()).toBe(false);
  });

  test('gates by hydrogen bonds with strength g, shows its derivative, and gives the mean for g = 0', async () => {
    await choose('gated');
    await at.shows('setting-value', '1');
    await holdsGated(1);
    await press('setting', 'ArrowRight');
    await at.shows('setting-value', '1.05');
    await holdsGated(1.05);
    const poseOfMostBonds = bonds.indexOf(Math.max(...bonds));
    await press('setting', 'End');
    await at.shows('setting-value', '10');
    const { weights } = await holdsGated(10);
    expect(weights[poseOfMostBonds]).toBeGreaterThan(0.95);
    await press('setting', 'Home');
    await at.shows('setting-value', '0');
    const { value } = await holdsGated(0);
    expect(value).toBeCloseTo((await combined(mean())).value, 12);
  });

  test('follows a slider that is dragged', async () => {
    await choose('boltzmann');
    const slider = at.page.locator('#setting');
    const box = (await slider.boundingBox()) as { x: number; y: number; width: number; height: number };
    const y = box.y + box.height / 2;
    await at.page.mouse.move(box.x + box.width / 3, y);
    await at.page.mouse.down();
    for (let step = 0; step <= 10; step++) await at.page.mouse.move(box.x + box.width * (0.3 + step / 25), y);
    await at.page.mouse.up();
    await holds(boltzmann({ kT: Number.parseFloat(await at.text('setting-value')) }));
  });

  test('draws charts, and a click on one chooses a pose', async () => {
    await at.page.locator('#shares svg').waitFor();
    await at.page.locator('#curve svg').waitFor();
    // Each row of the second chart is labelled with its smallest and its largest number.
    const { predictions, weights, coefficients } = await combined(
      boltzmann({ kT: Number.parseFloat(await at.text('setting-value')) }),
    );
    for (const numbers of [predictions, [0, ...weights], [0, ...coefficients]]) {
      for (const end of [Math.min(...numbers), Math.max(...numbers)]) {
        await expect
          .poll(() => at.page.locator('#shares svg text').allTextContents())
          .toContain(short(Number(end.toPrecision(2))));
      }
    }
    const { width } = (await at.page.locator('#shares').boundingBox()) as { width: number };
    await at.page.locator('#shares').click({ position: { x: width - 30, y: 30 } });
    await at.shows('pose-number', /^6\d of 64$/);
  });
});

describe('the tape panel', () => {
  onOnePage();
  const tape = new Tape();
  const weights = recordWeights(tape);
  const energy = score(tape, weights, poseAt(0));
  const wanted = [energy, ...gradient(energy, Object.values(weights))];
  const memory = new Memory();
  interpreter().run(wanted, { memory });

  beforeEach(async () => {
    await press('pose', 'Home');
    await at.shows('tape-where', /^pose 1/);
  });

  test('has a cell for each value, with its op, formula, shape, value and bytes', async () => {
    const cells = at.page.locator('#tape .cell');
    await expect.poll(() => cells.count()).toBe(tape.values.length);
    expect(await at.page.locator('#tape-adjoints .cell').count()).toBe(
      tape.values.filter(({ isAdjoint }) => isAdjoint).length,
    );
    const all = interpreter().run(tape.values);
    for (const id of [9, 18, 25, 66, 81, 103, 118]) {
      await cells.nth(id).hover();
      const value = tape.values[id] as (typeof tape.values)[number];
      const detail = await at.text('tape-detail');
      expect(detail).toContain(`%${id} ${value.op.name}`);
      expect(detail).toContain(formulaOf(value));
      expect(detail).toContain(`[${value.shape.join(', ')}]`);
      expect(detail).toContain(bytes(8 * value.shape.reduce((product, length) => product * length, 1)));
      expect(detail).toContain(short(all[id]?.data[0] as number));
    }
    await cells.nth(18).focus();
    await at.page.keyboard.press('ArrowRight');
    await at.shows('tape-detail', /%19 fill/);
  });

  test('steps forward and backward, and shows the bytes held', async () => {
    await at.shows('strip-note', new RegExp(`Held now: ${bytes(memory.peak)}`));
    await at.page.locator('#strip').scrollIntoViewIfNeeded();
    await at.page.locator('#strip svg').waitFor();
    await press('tape-step', 'Home');
    await at.shows('tape-where', 'pose 1, step 0 of 120, forward');
    expect(await at.page.locator('.cell[data-state=held]').count()).toBe(0);
    await at.page.click('#tape-forward');
    await at.shows('tape-where', 'pose 1, step 1 of 120, forward');
    await press('tape-step', 'End', 'ArrowLeft');
    await at.shows('tape-where', 'pose 1, step 120 of 120, backward');
    // The results are still held: ΔG and six derivatives, five of them through a reshape.
    expect(await at.page.locator('.cell[data-state=held]').count()).toBe(7);
    await at.page.click('#tape-back');
    await at.shows('tape-where', 'pose 1, step 119 of 120, backward');
  });

  test('shows no tape after its last step, and keeps the pose', async () => {
    await press('tape-step', 'End');
    await at.shows('tape-where', 'pose 1: tape discarded');
    // The state of Boltzmann has two sums over six weights: Σ w g and Σ w d g.
    await at.shows('strip-note', new RegExp(`a state of ${bytes(2 * 6 * 8)}`));
    await at.page.click('#tape-forward');
    await at.shows('tape-where', 'pose 1: tape discarded');
    await at.shows('pose-number', '1 of 64');
  });

  test('plays to the end of the tape, stops there, and keeps the pose', async () => {
    await press('tape-step', 'End', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft');
    await at.page.click('#tape-play');
    await at.shows('tape-play', 'Pause');
    await at.shows('tape-where', 'pose 1: tape discarded');
    await at.shows('tape-play', 'Play');
    // The timer of another step would fire within this time.
    await at.page.evaluate(() => new Promise(resolve => setTimeout(resolve, 1500)));
    await at.shows('tape-where', 'pose 1: tape discarded');
    await at.shows('pose-number', '1 of 64');
    // At the end, Play starts over; a second click pauses.
    await at.page.click('#tape-play');
    await at.shows('tape-where', /^pose 1, step [1-9]/);
    await at.page.click('#tape-play');
    const where = await at.text('tape-where');
    await at.page.evaluate(() => new Promise(resolve => setTimeout(resolve, 300)));
    expect(await at.text('tape-where')).toBe(where);
  });

  test.each(['light', 'dark'] as const)(
    'has a legend in the same colours as its cells, in %s mode',
    async colorScheme => {
      await at.page.emulateMedia({ colorScheme });
      await press('tape-step', 'Home');
      await at.page.locator('#tape-step').fill('40');
      const differing = await at.page.evaluate(() => {
        const looks = (element: Element) => {
          const { color, backgroundColor, borderTopStyle, borderTopColor } = getComputedStyle(element);
          return [color, backgroundColor, borderTopStyle, borderTopColor].join();
        };
        return [...document.querySelectorAll<HTMLElement>('#tape .sample')].filter(sample => {
          const cell = document.querySelector(
            `#tape-recorded .cell[data-state="${sample.dataset.state}"]:not(.pointed, .reads, .read-by)`,
          );
          return !cell || looks(cell) !== looks(sample);
        }).length;
      });
      expect(await at.page.locator('#tape .sample').count()).toBe(4);
      expect(differing).toBe(0);
    },
  );

  test('shows the code that jit generates', async () => {
    await at.page.click('#tape summary');
    const source = jit().explain(wanted);
    expect(source.replaceAll(/\s+/g, ' ')).toContain((await at.text('fused')).replaceAll(/\s+/g, ' ').trim());
    await at.shows('fused-note', /computes 120 values .* 3 loops and stores 1,824 B/);
  });
});

describe('the memory panel', () => {
  onOnePage();

  /** Peak bytes of the first N poses with G of them on a tape. */
  async function peakOf(G: number, N: number): Promise<number> {
    const { stats } = await combinePoses({
      poses: poses.slice(0, N),
      params: vinaWeights(),
      score: scoreGroup,
      posesPerTape: G,
      combination: boltzmann({ kT }),
      executor: jit(),
    });
    return stats.peakBytes;
  }

  test('shows the peaks that Node counts, while the page stays responsive', async () => {
    await at.page.selectOption('#memory-largest', '64');
    await at.page.click('#memory-run');
    // The status and a row for each number of poses appear at once.
    const [doing, rowsAtFirst] = await Promise.all([
      at.text('memory-doing'),
      rowsOf(at.page, 'memory-table'),
    ]);
    expect(doing).not.toBe('');
    expect(rowsAtFirst.length).toBe(7);
    await press('pose', 'ArrowRight');
    await at.shows('pose-number', '2 of 64');
    await at.shows('memory-doing', /^At N = 64 the full graph holds \d+ times as much/);
    const rows = await rowsOf(at.page, 'memory-table');
    expect(rows.map(([n]) => Number(n))).toEqual([1, 2, 4, 8, 16, 32, 64]);
    for (const [n = '', ...peaks] of [rows[2], rows[6]] as string[][]) {
      const expected = [];
      for (const how of [
        { strategy: 'full-graph', executor: interpreter() },
        { strategy: 'stream', executor: interpreter() },
        { strategy: 'stream', executor: jit() },
      ] as const) {
        const { stats } = await combinePoses({
          poses: poses.slice(0, Number(n)),
          params: vinaWeights(),
          score,
          combination: boltzmann({ kT }),
          ...how,
        });
        expected.push(bytes(stats.peakBytes));
      }
      expect(peaks).toEqual([...expected, bytes(await peakOf(16, Number(n)))]);
    }
    expect(
      await at.page.locator('#memory-progress').evaluate(bar => (bar as HTMLProgressElement).value),
    ).toBe(1);
  });

  test('shows a peak with G poses on a tape between that of one tape per pose and that of the full graph', async () => {
    const before = await rowsOf(at.page, 'memory-table');
    const peaks = [];
    for (const G of [1, 4, 64]) {
      await at.page.selectOption('#memory-per-tape', `${G}`);
      await at.shows('memory-doing', new RegExp(`^At N = 64 .* ${G} poses? on a tape \\d+ times as much`));
      const rows = await rowsOf(at.page, 'memory-table');
      expect(rows.map(row => row.slice(0, 4))).toEqual(before.map(row => row.slice(0, 4)));
      const peak = await peakOf(G, 64);
      expect(rows.at(-1)?.[4]).toBe(bytes(peak));
      peaks.push(peak);
    }
    const [least, most] = await Promise.all(
      (['stream', 'full-graph'] as const).map(async strategy => {
        const task = { poses, params: vinaWeights(), score, combination: boltzmann({ kT }) };
        return (await combinePoses({ ...task, strategy, executor: jit() })).stats.peakBytes;
      }),
    );
    const [one, four, all] = peaks as [number, number, number];
    expect(one).toBe(least);
    expect(four).toBeGreaterThan(one);
    expect(four).toBeLessThan(all);
    expect(all).toBeLessThanOrEqual(most as number);
  });

  test('stops on request, and runs again', async () => {
    await at.page.selectOption('#memory-largest', '1024');
    // The page itself clicks Stop at the third row, as the job might finish before a click by the test arrives.
    await at.page.evaluate(() => {
      const table = document.querySelector('#memory-table') as HTMLTableElement;
      new MutationObserver((_, observer) => {
        if ((table.querySelectorAll('tbody tr')[2]?.textContent ?? '…').includes('…')) return;
        observer.disconnect();
        (document.querySelector('#memory-stop') as HTMLButtonElement).click();
      }).observe(table, { childList: true, subtree: true });
    });
    await at.page.click('#memory-run');
    await at.shows('memory-doing', 'Stopped.');
    await at.page.selectOption('#memory-largest', '64');
    await at.page.click('#memory-run');
    await at.shows('memory-doing', /^At N = 64/);
  });
});

describe('the scorer panel', () => {
  onOnePage();
  const source = readFileSync('examples/vina/score.ts', 'utf8');

  beforeEach(async () => {
    await at.page.locator('#scorer').scrollIntoViewIfNeeded();
    await at.page.locator('#editor .cm-content').waitFor();
  });

  async function run(text?: string): Promise<void> {
    if (text !== undefined) await write(at.page, text);
    await at.page.click('#scorer-run');
  }

  test('runs Vina’s scorer at first, and shows ΔG, gradient and its check', async () => {
    await run();
    await at.shows('scorer-doing', /^ran in/);
    const tape = new Tape();
    const weights = recordWeights(tape);
    const energy = score(tape, weights, poseAt(0));
    const [value, ...slopes] = interpreter().run([energy, ...gradient(energy, Object.values(weights))]);
    const { value: all } = await combined(boltzmann({ kT }));
    const result = await at.text('scorer-result');
    expect(result).toContain(`ΔG of pose 1${fixed(value?.data[0] as number, 4)}`);
    expect(result).toContain(`ΔG of all poses${fixed(all, 4)}`);
    expect(result).toContain('gradient agrees in all 15 entries');
    const rows = await rowsOf(at.page, 'scorer-result');
    expect(rows.slice(0, 6).map(([name, slope]) => [name, slope])).toEqual(
      Object.keys(weights).map((name, k) => [name, short(slopes[k]?.data[0] as number)]),
    );
    expect(rows.every(([, , , verdict]) => verdict === 'agrees')).toBe(true);
  });

  test('runs an edited scorer: a doubled weight doubles its term', async () => {
    await run(source.replace('tensor(-0.587439)', 'tensor(2 * -0.587439)'));
    await at.shows('scorer-doing', /^ran in/);
    const doubled = { ...vinaWeights() };
    doubled.hydrogenBond.data[0] = 2 * (doubled.hydrogenBond.data[0] as number);
    const { predictions } = await combinePoses({
      poses: poses.slice(0, 1),
      params: doubled,
      score,
      combination: mean(),
    });
    await at.shows('scorer-result', new RegExp(fixed(predictions[0] as number, 4)));
  });

  test('pools an edited scorer by the gated combination', async () => {
    await at.page.locator('input[name=combination][value=gated]').check();
    await at.shows('setting-value', '1');
    await run(source.replace('tensor(-0.587439)', 'tensor(2 * -0.587439)'));
    await at.shows('scorer-doing', /^ran in/);
    const doubled = { ...vinaWeights(), hydrogenBond: tensor(2 * -0.587439) };
    const { value } = await combinePoses({
      poses,
      params: doubled,
      score: (tape, weights, pose) =>
        concat([reshape(sum(terms(tape, pose).hydrogenBond), [1]), reshape(score(tape, weights, pose), [1])]),
      combination: gated(),
    });
    await at.shows('scorer-result', new RegExp(`ΔG of all poses${fixed(value, 4)}`));
  });

  const lineOf = (part: string) => source.slice(0, source.indexOf(part)).split('\n').length;

  test.each([
    ['a syntax error', 'return exp(neg(', 'return exp(neg(('],
    ['a name declared twice', 'return exp(neg(', 'const d = 1; return exp(neg('],
    ['an undefined name', 'return exp(neg(', 'return expp(neg('],
    ['shapes that do not fit', 'return exp(neg(', 'd = add(d, d.tape.constant([1, 2, 3])); return exp(neg('],
    ['a throw', 'return exp(neg(', 'throw new Error("no"); return exp(neg('],
  ])('marks an error on its line: %s', async (_what, find, replace) => {
    const line = lineOf(find);
    await run(source.replace(find, replace));
    await at.shows('scorer-doing', `error in line ${line}`);
    await at.page.locator('#editor .cm-lintRange-error, #editor .cm-lint-marker-error').first().waitFor();
    await at.shows('scorer-result', new RegExp(`^Line ${line}: .`));
  });

  test('names the function that the source must export', async () => {
    await run('export const nothing = 1;');
    await at.shows('scorer-result', 'the page calls score(), which this source does not export');
  });

  test('stops an endless loop on request, and runs again', async () => {
    await run(source.replace('return exp(neg(', 'for (;;) {} return exp(neg('));
    await at.shows('scorer-doing', /gradient/);
    await press('pose', 'ArrowRight');
    await at.shows('pose-number', '2 of 64');
    await at.page.click('#scorer-stop');
    await at.shows('scorer-doing', 'Stopped.');
    await at.page.click('#scorer-reset');
    await run();
    await at.shows('scorer-doing', /^ran in/);
    await at.shows(
      'scorer-result',
      new RegExp(`^ΔG of pose 2${fixed((await combined(mean())).predictions[1] as number, 4)}`),
    );
  });
});

test('an error that a library throws as a string is shown', async () => {
  at = await open({
    before: () => {
      const getContext = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string) {
        if (kind.startsWith('webgl')) throw 'no context today';
        return getContext.call(this, kind);
      } as typeof getContext;
    },
  });
  await at.shows('viewer', 'The 3D view could not start: no context today');
  await at.page.close();
});

test('without WebGL, the view says so and the rest of the page works', async () => {
  at = await open({
    before: () => {
      const getContext = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string) {
        return kind.startsWith('webgl') ? null : getContext.call(this, kind);
      } as typeof getContext;
    },
  });
  await at.shows('viewer', /^The 3D view could not start: it needs WebGL/);
  await at.page.click('#pose-next');
  await at.shows('pose-force', short(longestForce(poseAt(1))));
  at.isQuiet();
  await at.page.close();
});
