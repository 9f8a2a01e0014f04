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

let opened: Opened;
const { open } = site();
afterEach(() => opened.expectNoComplaints());

/** Opens one page for all tests of a panel, because most of their time would be spent on opening pages. */
function onOnePage(): void {
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.page.close());
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

/** Presses keys that move the slider with this id by one step, or to an end. */
async function press(id: string, ...keys: string[]): Promise<void> {
  for (const key of keys) await opened.page.locator(`#${id}`).press(key);
}

describe('the poses panel', () => {
  onOnePage();
  test('shows energy, weight and longest force of the pose chosen by slider or buttons', async () => {
    const { predictions, weights } = await combined(boltzmann({ kT }));
    for (const [pose, move] of [
      [0, () => undefined],
      [1, () => press('pose', 'ArrowRight')],
      [63, () => press('pose', 'End')],
      [0, () => opened.page.click('#pose-next')],
      [63, () => opened.page.click('#pose-previous')],
    ] as const) {
      await move();
      await opened.shows('pose-number', `${pose + 1} of 64`);
      await opened.shows('pose-value', fixed(predictions[pose] as number, 3));
      await opened.shows('pose-weight', short(weights[pose] as number));
      await opened.shows('pose-force', short(longestForce(poseAt(pose))));
    }
  });

  test('draws the poses, hides forces by a checkbox, and turns the view by keys', async () => {
    const viewer = opened.page.locator('#viewer');
    await viewer.locator('canvas').waitFor();
    const drawn = () => viewer.screenshot();
    await expect.poll(async () => (await drawn()).length).toBeGreaterThan(20_000);
    const withForces = await drawn();
    await opened.page.locator('#forces').uncheck();
    await expect.poll(async () => (await drawn()).equals(withForces)).toBe(false);
    const without = await drawn();
    await viewer.press('ArrowRight');
    await expect.poll(async () => (await drawn()).equals(without)).toBe(false);
  });

  // The first three poses stand for a user's file.
  const three = `${posesFile.text.split('ENDMDL').slice(0, 3).join('ENDMDL')}ENDMDL\n`;
  const userFile = (name: string, text: string) => ({
    name,
    mimeType: 'chemical/x-pdbqt',
    buffer: Buffer.from(text),
  });

  test('shows the user’s files chosen by the button, and the example again by “back”', async () => {
    await opened.page.setInputFiles('#own', [
      userFile('three.pdbqt', three),
      userFile('mine.pdbqt', receptor.text),
    ]);
    await opened.shows('pose-number', '1 of 3');
    await opened.shows('poses-what', '3 poses of three.pdbqt in mine.pdbqt.');
    const result = await combined(boltzmann({ kT }), poses.slice(0, 3));
    await opened.shows('value', fixed(result.value, 4));
    await opened.page.click('#back');
    await opened.shows('pose-number', '1 of 64');
    await opened.shows('value', fixed((await combined(boltzmann({ kT }))).value, 4));
  });

  test('shows the user’s files dropped on the view', async () => {
    const transfer = await opened.page.evaluateHandle(text => {
      const data = new DataTransfer();
      data.items.add(new File([text], 'dropped.pdbqt'));
      return data;
    }, three);
    await opened.page.dispatchEvent('#viewer', 'drop', { dataTransfer: transfer });
    await opened.shows('poses-what', '3 poses of dropped.pdbqt in pocket.pdbqt.');
    await opened.page.click('#back');
    await opened.shows('pose-number', '1 of 64');
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
    await opened.page.setInputFiles('#own', userFile('bad.pdbqt', text));
    await opened.shows('problem', message);
    expect(await opened.page.locator('#problem').isVisible()).toBe(true);
    await opened.shows('pose-number', '1 of 64');
    await press('pose', 'ArrowRight');
    await opened.shows('pose-value', fixed((await combined(mean())).predictions[1] as number, 3));
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

  test('says that it draws the 64 best of 70 poses, and shows the numbers of a pose that is not among them', async () => {
    await opened.shows('poses-drawn', '');
    const many = [...models, ...models.slice(0, 6)].join('');
    await opened.page.setInputFiles('#own', userFile('many.pdbqt', many));
    await opened.shows('pose-number', '1 of 70');
    await opened.shows('poses-drawn', 'Showing the 64 best of 70 poses, and the chosen one.');
    const { predictions } = await combined(
      mean(),
      ensembleOf(receptor, { name: 'many.pdbqt', text: many }).poses,
    );
    const worst = predictions.indexOf(Math.max(...predictions));
    await opened.page.locator('#pose').fill(`${worst + 1}`);
    await opened.shows('pose-value', fixed(predictions[worst] as number, 3));
    await opened.shows('pose-force', short(longestForce(poseAt(worst % 64))));
  });

  test('offers a choice of compounds from several files, gzipped or not', async () => {
    await opened.page.setInputFiles('#own', [
      userFile('three.pdbqt.gz', gzipSync(models.slice(0, 3).join(''))),
      userFile('mixed.pdbqt', `${models[3]}${phenol}`),
    ]);
    await opened.shows('pose-number', '1 of 4');
    const options = await opened.page.locator('#compound option').allTextContents();
    expect(options.length).toBe(2);
    expect(options[0]).toMatch(/three\.pdbqt\.gz.*: 4 poses$/);
    expect(options[1]).toMatch(/mixed\.pdbqt.*: \d+ poses?$/);
    expect(await opened.page.locator('#compound').isVisible()).toBe(true);
    await opened.shows('value', fixed((await combined(boltzmann({ kT }), poses.slice(0, 4))).value, 4));
    await opened.page.locator('#compound').selectOption('1');
    const other = ensembleOf(receptor, { name: 'mixed.pdbqt', text: phenol });
    await opened.shows('pose-number', `1 of ${other.poses.length}`);
    await opened.shows('value', fixed((await combined(boltzmann({ kT }), other.poses)).value, 4));
    await opened.page.click('#back');
    await opened.shows('pose-number', '1 of 64');
    expect(await opened.page.locator('#compound').isVisible()).toBe(false);
  });

  test('scores poses with flexible residues as the program does', async () => {
    const { poses } = ensembleOf(receptor, { name: 'flexible.pdbqt', text: flexible });
    expect(poses[0]?.between).toBeDefined();
    await opened.page.setInputFiles('#own', userFile('flexible.pdbqt', flexible));
    await opened.shows('pose-number', `1 of ${poses.length}`);
    const { value } = await combinePoses({
      poses,
      params: vinaWeights(),
      score: scoreDocked,
      combination: boltzmann({ kT }),
    });
    await opened.shows('value', fixed(value, 4));
    await opened.page.click('#back');
    await opened.shows('pose-number', '1 of 64');
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
    await opened.page.setInputFiles('#own', userFile(name, content));
    // The browser words errors of gzip in its own way.
    await opened.shows('problem', name.endsWith('.gz') ? /^cannot read cut\.pdbqt\.gz: .+/ : message);
    expect(message).toContain(name);
    await opened.shows('pose-number', '1 of 64');
  });
});

describe('the combination panel', () => {
  onOnePage();
  beforeAll(() => opened.page.click('#numbers summary'));

  const choose = (kind: string) => opened.page.locator(`input[name=combination][value=${kind}]`).check();

  /** Expects the page to show the results of a combination. */
  async function expectResults(combination: Combination): Promise<CombineResult<VinaWeights>> {
    const result = await combined(combination);
    await opened.shows('value', fixed(result.value, 4));
    const expected = Array.from({ length: result.predictions.length }, (_, n) => [
      `${n + 1}`,
      fixed(result.predictions[n] as number, 3),
      short(result.weights[n] as number),
      short(result.coefficients[n] as number),
    ]);
    await opened.showsRows('poses-table', expected);
    const gradient = Object.entries(result.gradient).map(([name, { data }]) => [
      name,
      short(data[0] as number),
    ]);
    await opened.showsRows('gradient-table', gradient);
    return result;
  }

  /** Hydrogen-bond term H_n of each pose. */
  const bonds = poses.map(pose => {
    const { hydrogenBond } = terms(new Tape(), pose);
    return interpreter().run([sum(hydrogenBond)])[0]?.data[0] as number;
  });

  /** Expects the page's numbers to be those of the library's `gated` with the log-weight g H_n. */
  async function expectGatedResults(g: number): Promise<{ value: number; weights: Float64Array }> {
    const { value, predictions, weights, coefficients, gradient } = await combinePoses({
      poses: poses.map((pose, n) => ({ pose, bonds: bonds[n] as number })),
      params: { ...vinaWeights(), g: tensor(g) },
      score: (tape, { g, ...weights }, { pose, bonds }) =>
        concat([reshape(mul(g, bonds), [1]), reshape(score(tape, weights, pose), [1])]),
      combination: gated(),
    });
    await opened.shows('value', fixed(value, 4));
    await opened.showsRows(
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
    await opened.showsRows(
      'gradient-table',
      Object.values(gradient).map(({ data }, k) => [names[k] as string, short(data[0] as number)]),
    );
    return { value, weights };
  }

  test('starts with Boltzmann, whose ΔG moves from the best pose to the mean as kT grows', async () => {
    const { predictions } = await expectResults(boltzmann({ kT }));
    await opened.shows('best', fixed(Math.min(...predictions), 4));
    await opened.shows('combined-time', /^[\d.]+ ms$/);
    await opened.shows('average', fixed(predictions.reduce((a, b) => a + b) / predictions.length, 4));
    await press('setting', 'Home');
    await opened.shows('setting-value', '0.05 kcal/mol');
    expect((await expectResults(boltzmann({ kT: 0.05 }))).value).toBeCloseTo(Math.min(...predictions), 6);
    await press('setting', 'End');
    await opened.shows('setting-value', '50 kcal/mol');
    expect((await expectResults(boltzmann({ kT: 50 }))).value).toBeCloseTo(-7.8136, 1);
  });

  test('shows a smooth minimum with sharpness t', async () => {
    await choose('lse');
    await opened.shows('setting-value', '1 mol/kcal');
    await expectResults(lse({ t: 1 }));
    await press('setting', 'ArrowRight');
    const t = Number.parseFloat(await opened.text('setting-value'));
    expect(t).toBeGreaterThan(1);
    await expectResults(lse({ t }));
    await press('setting', 'End');
    const { value, predictions } = await expectResults(lse({ t: 50 }));
    expect(value).toBeCloseTo(Math.min(...predictions), 6);
  });

  test('shows the mean, which has no setting', async () => {
    await choose('mean');
    await expectResults(mean());
    expect(await opened.page.locator('#setting').isVisible()).toBe(false);
  });

  test('gates by hydrogen bonds with strength g, shows ∂ΔG/∂g, and gives the mean for g = 0', async () => {
    await choose('gated');
    await opened.shows('setting-value', '1');
    await expectGatedResults(1);
    await press('setting', 'ArrowRight');
    await opened.shows('setting-value', '1.05');
    await expectGatedResults(1.05);
    const poseOfMostBonds = bonds.indexOf(Math.max(...bonds));
    await press('setting', 'End');
    await opened.shows('setting-value', '10');
    const { weights } = await expectGatedResults(10);
    expect(weights[poseOfMostBonds]).toBeGreaterThan(0.95);
    await press('setting', 'Home');
    await opened.shows('setting-value', '0');
    const { value } = await expectGatedResults(0);
    expect(value).toBeCloseTo((await combined(mean())).value, 12);
  });

  test('follows a slider that is dragged', async () => {
    await choose('boltzmann');
    const slider = opened.page.locator('#setting');
    const box = (await slider.boundingBox()) as { x: number; y: number; width: number; height: number };
    const y = box.y + box.height / 2;
    await opened.page.mouse.move(box.x + box.width / 3, y);
    await opened.page.mouse.down();
    for (let step = 0; step <= 10; step++)
      await opened.page.mouse.move(box.x + box.width * (0.3 + step / 25), y);
    await opened.page.mouse.up();
    await expectResults(boltzmann({ kT: Number.parseFloat(await opened.text('setting-value')) }));
  });

  test('draws both charts, and a click on the second one chooses a pose', async () => {
    await opened.page.locator('#shares svg').waitFor();
    await opened.page.locator('#curve svg').waitFor();
    // Each row of the second chart is labelled with the ends of its scale, to two digits.
    const { predictions, weights, coefficients } = await combined(
      boltzmann({ kT: Number.parseFloat(await opened.text('setting-value')) }),
    );
    for (const numbers of [predictions, [0, ...weights], [0, ...coefficients]]) {
      for (const end of [Math.min(...numbers), Math.max(...numbers)]) {
        await expect
          .poll(() => opened.page.locator('#shares svg text').allTextContents())
          .toContain(short(Number(end.toPrecision(2))));
      }
    }
    const { width } = (await opened.page.locator('#shares').boundingBox()) as { width: number };
    await opened.page.locator('#shares').click({ position: { x: width - 30, y: 30 } });
    await opened.shows('pose-number', /^6\d of 64$/);
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
    await opened.shows('tape-where', /^pose 1/);
  });

  test('has a cell for each value, with its op, formula, shape, value and bytes', async () => {
    const cells = opened.page.locator('#tape .cell');
    await expect.poll(() => cells.count()).toBe(tape.values.length);
    expect(await opened.page.locator('#tape-adjoints .cell').count()).toBe(
      tape.values.filter(({ isAdjoint }) => isAdjoint).length,
    );
    const all = interpreter().run(tape.values);
    for (const id of [9, 18, 25, 66, 81, 103, 118]) {
      await cells.nth(id).hover();
      const value = tape.values[id] as (typeof tape.values)[number];
      const detail = await opened.text('tape-detail');
      expect(detail).toContain(`%${id} ${value.op.name}`);
      expect(detail).toContain(formulaOf(value));
      expect(detail).toContain(`[${value.shape.join(', ')}]`);
      expect(detail).toContain(bytes(8 * value.shape.reduce((product, length) => product * length, 1)));
      expect(detail).toContain(short(all[id]?.data[0] as number));
    }
    await cells.nth(18).focus();
    await opened.page.keyboard.press('ArrowRight');
    await opened.shows('tape-detail', /%19 fill/);
  });

  test('steps forward and backward, and shows the bytes held', async () => {
    await opened.shows('strip-note', new RegExp(`Held now: ${bytes(memory.peak)}`));
    await opened.page.locator('#strip').scrollIntoViewIfNeeded();
    await opened.page.locator('#strip svg').waitFor();
    await press('tape-step', 'Home');
    await opened.shows('tape-where', 'pose 1, step 0 of 120, forward');
    expect(await opened.page.locator('.cell[data-state=held]').count()).toBe(0);
    await opened.page.click('#tape-forward');
    await opened.shows('tape-where', 'pose 1, step 1 of 120, forward');
    await press('tape-step', 'End', 'ArrowLeft');
    await opened.shows('tape-where', 'pose 1, step 120 of 120, backward');
    // The seven results are still held: ΔG and six derivatives. Five of the derivatives pass through a reshape.
    expect(await opened.page.locator('.cell[data-state=held]').count()).toBe(7);
    await opened.page.click('#tape-back');
    await opened.shows('tape-where', 'pose 1, step 119 of 120, backward');
  });

  test('discards the tape after its last step, and keeps the pose', async () => {
    await press('tape-step', 'End');
    await opened.shows('tape-where', 'pose 1: tape discarded');
    // The state of Boltzmann holds two sums, Σ w g and Σ w d g, with six entries each.
    await opened.shows('strip-note', new RegExp(`a state of ${bytes(2 * 6 * 8)}`));
    await opened.page.click('#tape-forward');
    await opened.shows('tape-where', 'pose 1: tape discarded');
    await opened.shows('pose-number', '1 of 64');
  });

  test('plays to the end of the tape, stops there, and keeps the pose', async () => {
    await press('tape-step', 'End', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft');
    await opened.page.click('#tape-play');
    await opened.shows('tape-play', 'Pause');
    await opened.shows('tape-where', 'pose 1: tape discarded');
    await opened.shows('tape-play', 'Play');
    // Waits long enough for the timer of another step to fire.
    await opened.page.evaluate(() => new Promise(resolve => setTimeout(resolve, 1500)));
    await opened.shows('tape-where', 'pose 1: tape discarded');
    await opened.shows('pose-number', '1 of 64');
    // At the end of the tape, Play starts over. A second click pauses.
    await opened.page.click('#tape-play');
    await opened.shows('tape-where', /^pose 1, step [1-9]/);
    await opened.page.click('#tape-play');
    const where = await opened.text('tape-where');
    await opened.page.evaluate(() => new Promise(resolve => setTimeout(resolve, 300)));
    expect(await opened.text('tape-where')).toBe(where);
  });

  test.each(['light', 'dark'] as const)(
    'has a legend in the same colours as its cells, in %s mode',
    async colorScheme => {
      await opened.page.emulateMedia({ colorScheme });
      await press('tape-step', 'Home');
      await opened.page.locator('#tape-step').fill('40');
      const differing = await opened.page.evaluate(() => {
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
      expect(await opened.page.locator('#tape .sample').count()).toBe(4);
      expect(differing).toBe(0);
    },
  );

  test('shows the code that jit generates', async () => {
    await opened.page.click('#tape summary');
    const source = jit().explain(wanted);
    expect(source.replaceAll(/\s+/g, ' ')).toContain(
      (await opened.text('fused')).replaceAll(/\s+/g, ' ').trim(),
    );
    await opened.shows('fused-note', /computes 120 values .* 3 loops and stores 1,824 B/);
  });
});

describe('the memory panel', () => {
  onOnePage();

  /** Peak bytes for the first N poses, with G poses on each tape. */
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
    await opened.page.selectOption('#memory-largest', '64');
    await opened.page.click('#memory-run');
    // The status and a row for each number of poses appear at once.
    const [doing, rowsAtFirst] = await Promise.all([
      opened.text('memory-doing'),
      rowsOf(opened.page, 'memory-table'),
    ]);
    expect(doing).not.toBe('');
    expect(rowsAtFirst.length).toBe(7);
    await press('pose', 'ArrowRight');
    await opened.shows('pose-number', '2 of 64');
    await opened.shows('memory-doing', /^At N = 64 the full graph holds \d+ times as much/);
    const rows = await rowsOf(opened.page, 'memory-table');
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
      await opened.page.locator('#memory-progress').evaluate(bar => (bar as HTMLProgressElement).value),
    ).toBe(1);
  });

  test('shows a peak with G poses on a tape between that of one tape per pose and that of the full graph', async () => {
    const rowsBefore = await rowsOf(opened.page, 'memory-table');
    const peaks = [];
    for (const G of [1, 4, 64]) {
      await opened.page.selectOption('#memory-per-tape', `${G}`);
      await opened.shows(
        'memory-doing',
        new RegExp(`^At N = 64 .* ${G} poses? on a tape \\d+ times as much`),
      );
      const rows = await rowsOf(opened.page, 'memory-table');
      expect(rows.map(row => row.slice(0, 4))).toEqual(rowsBefore.map(row => row.slice(0, 4)));
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
    await opened.page.selectOption('#memory-largest', '1024');
    // The page itself clicks Stop when three rows are done, because the job might finish before a click by the test arrives.
    await opened.page.evaluate(() => {
      const table = document.querySelector('#memory-table') as HTMLTableElement;
      new MutationObserver((_, observer) => {
        if ((table.querySelectorAll('tbody tr')[2]?.textContent ?? '…').includes('…')) return;
        observer.disconnect();
        (document.querySelector('#memory-stop') as HTMLButtonElement).click();
      }).observe(table, { childList: true, subtree: true });
    });
    await opened.page.click('#memory-run');
    await opened.shows('memory-doing', 'Stopped.');
    await opened.page.selectOption('#memory-largest', '64');
    await opened.page.click('#memory-run');
    await opened.shows('memory-doing', /^At N = 64/);
  });
});

describe('the scorer panel', () => {
  onOnePage();
  const source = readFileSync('examples/vina/score.ts', 'utf8');

  beforeEach(async () => {
    await opened.page.locator('#scorer').scrollIntoViewIfNeeded();
    await opened.page.locator('#editor .cm-content').waitFor();
  });

  async function run(text?: string): Promise<void> {
    if (text !== undefined) await write(opened.page, text);
    await opened.page.click('#scorer-run');
  }

  test('runs Vina’s scorer at first, and shows ΔG, gradient and its check', async () => {
    await run();
    await opened.shows('scorer-doing', /^ran in/);
    const tape = new Tape();
    const weights = recordWeights(tape);
    const energy = score(tape, weights, poseAt(0));
    const [value, ...slopes] = interpreter().run([energy, ...gradient(energy, Object.values(weights))]);
    const { value: all } = await combined(boltzmann({ kT }));
    const result = await opened.text('scorer-result');
    expect(result).toContain(`ΔG of pose 1${fixed(value?.data[0] as number, 4)}`);
    expect(result).toContain(`ΔG of all poses${fixed(all, 4)}`);
    expect(result).toContain('gradient agrees in all 15 entries');
    const rows = await rowsOf(opened.page, 'scorer-result');
    expect(rows.slice(0, 6).map(([name, slope]) => [name, slope])).toEqual(
      Object.keys(weights).map((name, k) => [name, short(slopes[k]?.data[0] as number)]),
    );
    expect(rows.every(([, , , verdict]) => verdict === 'agrees')).toBe(true);
  });

  test('runs an edited scorer: a doubled weight doubles its term', async () => {
    await run(source.replace('tensor(-0.587439)', 'tensor(2 * -0.587439)'));
    await opened.shows('scorer-doing', /^ran in/);
    const doubled = { ...vinaWeights() };
    doubled.hydrogenBond.data[0] = 2 * (doubled.hydrogenBond.data[0] as number);
    const { predictions } = await combinePoses({
      poses: poses.slice(0, 1),
      params: doubled,
      score,
      combination: mean(),
    });
    await opened.shows('scorer-result', new RegExp(fixed(predictions[0] as number, 4)));
  });

  test('pools the scores of an edited scorer by the gated combination', async () => {
    await opened.page.locator('input[name=combination][value=gated]').check();
    await opened.shows('setting-value', '1');
    await run(source.replace('tensor(-0.587439)', 'tensor(2 * -0.587439)'));
    await opened.shows('scorer-doing', /^ran in/);
    const doubled = { ...vinaWeights(), hydrogenBond: tensor(2 * -0.587439) };
    const { value } = await combinePoses({
      poses,
      params: doubled,
      score: (tape, weights, pose) =>
        concat([reshape(sum(terms(tape, pose).hydrogenBond), [1]), reshape(score(tape, weights, pose), [1])]),
      combination: gated(),
    });
    await opened.shows('scorer-result', new RegExp(`ΔG of all poses${fixed(value, 4)}`));
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
    await opened.shows('scorer-doing', `error in line ${line}`);
    await opened.page.locator('#editor .cm-lintRange-error, #editor .cm-lint-marker-error').first().waitFor();
    await opened.shows('scorer-result', new RegExp(`^Line ${line}: .`));
  });

  test('names the function that the source must export', async () => {
    await run('export const nothing = 1;');
    await opened.shows('scorer-result', 'the page calls score(), which this source does not export');
  });

  test('stops an endless loop on request, and runs again', async () => {
    await run(source.replace('return exp(neg(', 'for (;;) {} return exp(neg('));
    await opened.shows('scorer-doing', /gradient/);
    await press('pose', 'ArrowRight');
    await opened.shows('pose-number', '2 of 64');
    await opened.page.click('#scorer-stop');
    await opened.shows('scorer-doing', 'Stopped.');
    await opened.page.click('#scorer-reset');
    await run();
    await opened.shows('scorer-doing', /^ran in/);
    await opened.shows(
      'scorer-result',
      new RegExp(`^ΔG of pose 2${fixed((await combined(mean())).predictions[1] as number, 4)}`),
    );
  });
});

test('an error that a library throws as a string is shown', async () => {
  opened = await open({
    before: () => {
      const getContext = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string) {
        if (kind.startsWith('webgl')) throw 'no context today';
        return getContext.call(this, kind);
      } as typeof getContext;
    },
  });
  await opened.shows('viewer', 'The 3D view could not start: no context today');
  await opened.page.close();
});

test('without WebGL, the view says so and the rest of the page works', async () => {
  opened = await open({
    before: () => {
      const getContext = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string) {
        return kind.startsWith('webgl') ? null : getContext.call(this, kind);
      } as typeof getContext;
    },
  });
  await opened.shows('viewer', /^The 3D view could not start: it needs WebGL/);
  await opened.page.click('#pose-next');
  await opened.shows('pose-force', short(longestForce(poseAt(1))));
  opened.expectNoComplaints();
  await opened.page.close();
});
