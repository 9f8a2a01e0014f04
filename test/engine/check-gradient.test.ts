import { readFileSync } from 'node:fs';
import {
  checkGradient,
  defineOp,
  interpreter,
  map,
  type Tape,
  type Tensor,
  tensor,
  type Value,
} from 'posetape';
import {
  abs,
  add,
  concat,
  exp,
  greater,
  mul,
  relu,
  reshape,
  scaled,
  sin,
  slice,
  square,
  sum,
  where,
} from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { pairsOf } from '../../examples/vina/pairs.ts';
import { recordWeights, score } from '../../examples/vina/score.ts';
import type { Molecule } from '../../program/molecule/molecule.ts';
import { moleculesOf } from '../../program/read/molecules.ts';
import { heavyAtoms } from '../../program/vina/xs-types.ts';
import { evenly } from '../support/numbers.ts';
import { paramsOf, poseArbitrary, programArbitrary, record } from '../support/programs.ts';
import { property } from '../support/property.ts';

/** Op x³ with the derivative `factor` · x². This derivative is right only if the factor is 3. */
const cubeBy = (factor: number) =>
  defineOp({
    name: 'cube',
    forward: map((s, x) => s.mul(x, s.mul(x, x))),
    vjp: [(g, _ans, x) => scaled(g, mul(factor, square(x)))],
  });

const w = tensor([1, 0, -3]);
const check = (f: (w: Value) => Value, options = {}, params: { w: Tensor } = { w }) =>
  checkGradient((_tape: Tape, values) => sum(f(values.w)), params, options);

describe('checkGradient', () => {
  test('accepts a right rule', async () => {
    const { ok, entries, report } = await check(cubeBy(3));
    expect(ok).toBe(true);
    expect(entries.map(({ verdict }) => verdict)).toEqual(['agrees', 'agrees', 'agrees']);
    expect(report).toMatch(/^gradient agrees in all 3 entries, largest difference \d/);
  });

  test.each<[string, unknown, string]>([
    ['is async', async () => 1, 'returned a promise; it must record synchronously'],
    ['returns nothing', () => undefined, 'must return a value on the tape, got undefined'],
    ['returns a number', () => 3, 'must return a value on the tape, got number'],
    ['fails asynchronously', async () => Promise.reject(new Error('late')), 'returned a promise'],
  ])('refuses a function that %s', async (_what, score, message) => {
    await expect(checkGradient(score as never, { w: tensor(1) })).rejects.toThrow(
      `checkGradient: score ${message}`,
    );
  });

  test('refuses arguments in the wrong order', async () => {
    const score = (tape: Tape) => tape.fill(1);
    await expect(checkGradient({ w: tensor(1) } as never, score as never)).rejects.toThrow(
      new TypeError(
        'checkGradient: pass the scorer (tape, params) => value, then the parameters; got an object in place of the scorer',
      ),
    );
  });

  test('explains that a scorer of poses must be wrapped, but only if the scorer fails', async () => {
    const score = (_tape: Tape, { w }: { w: Value }, pose: { r: number }) => mul(w, pose.r);
    const failed = checkGradient(score as never, { w: tensor(1) });
    await expect(failed).rejects.toThrow(
      new TypeError(
        'checkGradient: score takes 3 arguments, but is called without a pose: pass (tape, params) => score(tape, params, pose)',
      ),
    );
    await expect(failed).rejects.toHaveProperty('cause.message', expect.stringContaining("reading 'r'"));
    const unused = (_tape: Tape, { w }: { w: Value }, _pose: unknown) => square(w);
    expect((await checkGradient(unused as never, { w: tensor(1) })).ok).toBe(true);
    const own = () => {
      throw new RangeError('of the scorer');
    };
    await expect(checkGradient(own, { w: tensor(1) })).rejects.toThrow(new RangeError('of the scorer'));
  });

  test('names the wrong entries with their errors, and blames the gradient', async () => {
    const { ok, entries, report } = await check(cubeBy(2));
    expect(ok).toBe(false);
    expect(entries.map(({ verdict }) => verdict)).toEqual(['wrong', 'agrees', 'wrong']);
    expect(entries[2]).toMatchObject({ parameter: 'w', entry: 2, gradient: 18 });
    expect(entries[2]?.error).toBeCloseTo(9, 6);
    expect(report).toMatch(/^w\[0\]: gradient 2, difference .*: the gradient is wrong\nw\[2\]: /);
  });

  test.each([Number.NaN, Infinity, -Infinity])(
    'reports a gradient of %d as wrong, without an effect on other entries',
    async number => {
      const broken = (x: Value) => add(sum(cubeBy(number)(slice(x, 0, 1))), sum(cubeBy(3)(slice(x, 1))));
      const { ok, entries, report } = await check(broken, {}, { w: tensor([1, 2, -3]) });
      expect(ok).toBe(false);
      expect(entries.map(({ verdict }) => verdict)).toEqual(['wrong', 'agrees', 'agrees']);
      expect(entries[0]?.error).toBe(Infinity);
      expect(report).toMatch(/^w\[0\]: gradient (NaN|-?Infinity), difference 3.*: the gradient is wrong$/);
      const alsoWrong = (x: Value) => add(broken(x), sum(cubeBy(2)(slice(x, 1, 2))));
      const verdicts = (await check(alsoWrong, {}, { w: tensor([1, 2, -3]) })).entries;
      expect(verdicts.map(({ verdict }) => verdict)).toEqual(['wrong', 'wrong', 'agrees']);
    },
  );

  test('blames the precision of an executor if the gradient overflows its range', async () => {
    const inFloat32 = interpreter({ precision: 'float32' });
    const { entries } = await check(square, { executor: inFloat32 }, { w: tensor([3e38]) });
    expect(entries).toMatchObject([{ gradient: Infinity, verdict: 'precision' }]);
  });

  test.each([1e12, 1e15, 1e18, 1e30])(
    'does not call a gradient wrong if a term of %d hides the change, and blames the precision from 1e15 on',
    async large => {
      const { entries } = await check(x => add(square(x), large), {}, { w: tensor([1]) });
      expect(entries[0]?.verdict).not.toBe('wrong');
      expect(large < 1e15 || entries[0]?.verdict === 'precision').toBe(true);
    },
  );

  test('accepts a parameter of 200,000 entries', async () => {
    const params = { w: tensor(new Float64Array(200_000)) };
    expect((await check(square, { entries: 1 }, params)).ok).toBe(true);
  });

  test.each([
    [{ entries: 0 }, 'entries must be a number from 1, got 0'],
    [{ entries: Number.NaN }, 'entries must be a number from 1, got NaN'],
    [{ step: 0 }, 'step must be a finite number above 0, got 0'],
    [{ tolerance: Number.NaN }, 'tolerance must be a number from 0 to below 1, got NaN'],
  ])('rejects options out of range: %o', async (options, message) => {
    await expect(check(square, options)).rejects.toThrow(new RangeError(`checkGradient: ${message}`));
  });

  test('blames the step at a kink, unless the difference equals the subgradient', async () => {
    const { entries } = await check(relu);
    expect(entries.map(({ verdict }) => verdict)).toEqual(['agrees', 'step', 'agrees']);
    expect((await check(abs)).ok).toBe(true);
  });

  test('blames a step that is too large for the function', async () => {
    const steep = (x: Value) => exp(mul(3e8, x));
    const { entries } = await check(steep, {}, { w: tensor([1e-8]) });
    expect(entries[0]?.verdict).toBe('step');
    expect((await check(steep, { step: 1e-9 }, { w: tensor([1e-8]) })).ok).toBe(true);
  });

  property(
    'never calls a right rule wrong, however fast the function oscillates',
    evenly(0, 8),
    evenly(-2, 2),
    async (exponent, x) => {
      const { entries } = await check(v => sin(mul(10 ** exponent, v)), {}, { w: tensor([x]) });
      expect(entries[0]?.verdict).not.toBe('wrong');
      expect(exponent > 2 || entries[0]?.verdict === 'agrees').toBe(true);
    },
  );

  property(
    'calls a rule wrong that is off by more than the tolerance, for a smooth function',
    evenly(-5, 0),
    evenly(0.5, 2),
    async (exponent, x) => {
      const { entries } = await check(cubeBy(3 * (1 + 10 ** exponent)), {}, { w: tensor([x]) });
      expect(entries[0]?.verdict).toBe('wrong');
    },
  );

  test('calls a rule wrong near overflow', async () => {
    const wrongExp = defineOp({
      name: 'exp',
      forward: map((s, x) => s.exp(x)),
      vjp: [(g, ans) => scaled(g, mul(2, ans))],
    });
    for (let x = 700; x < 710; x += 0.1)
      expect((await check(wrongExp, {}, { w: tensor([x]) })).ok).toBe(false);
  });

  test('blames the precision of a float32 executor if the tolerance is too small for it', async () => {
    const inFloat32 = interpreter({ precision: 'float32' });
    const { entries } = await check(exp, { executor: inFloat32, tolerance: 1e-9 });
    expect(entries[0]?.verdict).toBe('precision');
    expect((await check(exp, { executor: inFloat32, tolerance: 1e-6 })).ok).toBe(true);
  });

  test('checks `entries` entries, spread evenly', async () => {
    const params = { w: tensor(Float64Array.from({ length: 100 }, (_, i) => Math.sin(i))) };
    const { entries } = await check(square, { entries: 4 }, params);
    expect(entries.map(({ entry }) => entry)).toEqual([0, 25, 50, 75]);
  });

  test('is not disturbed by a jump that the steps do not reach', async () => {
    expect((await check(x => where(greater(x, 0.5), square(x), 7))).ok).toBe(true);
  });

  property(
    'agrees with reverse mode on random smooth programs',
    programArbitrary({ smooth: true, steps: 5 }),
    poseArbitrary({ rows: 3 }),
    async (program, pose) => {
      const params = paramsOf(program);
      const { entries } = await checkGradient((tape, values) => record(program, tape, values, pose), params, {
        entries: 2,
        tolerance: 1e-5,
      });
      // Slopes of a program are near 1. Where such slopes cancel, an error below 1e-6 may be rounding.
      expect(entries.filter(({ verdict, error }) => verdict === 'wrong' && error > 1e-6)).toEqual([]);
    },
  );
});

describe('checkGradient by coordinates of a docked pose', () => {
  const read = (name: string) => {
    const text = readFileSync(
      new URL(`../../examples/vina/data/imatinib-abl/${name}`, import.meta.url),
      'utf8',
    );
    return [...moleculesOf(text, name)];
  };
  const receptor = heavyAtoms(read('pocket.pdbqt')[0] as Molecule);
  const models = read('poses.pdbqt');

  /** Checks `factor` times the gradient of the Vina score by the coordinates of four atoms. */
  const forces = (n: number, factor: number, entries: number) => {
    const pose = pairsOf(heavyAtoms(models[n] as Molecule), receptor);
    const identity = defineOp({ name: 'identity', forward: map((_s, x) => x), vjp: [g => mul(g, factor)] });
    const { data } = pose.ligand;
    const moved = (tape: Tape, x: Value) => {
      const [before, after] = [tape.constant(data.slice(0, 48)), tape.constant(data.slice(60))];
      return reshape(concat([before, identity(x), after]), pose.ligand.shape);
    };
    const params = { x: tensor(data.slice(48, 60)) };
    return checkGradient((tape, { x }) => score(tape, recordWeights(tape), pose, moved(tape, x)), params, {
      entries,
    });
  };

  // These poses are hard: coordinates are up to 100 Å, and the potential has kinks every few hundredths of an Å.
  test.each([0, 32])('accepts the forces of pose %d', async n => {
    const { ok, report, entries } = await forces(n, 1, 6);
    expect(ok, report).toBe(true);
    expect(entries.length).toBe(6);
  });

  test('rejects forces that are off by a thousandth', async () => {
    const { entries } = await forces(0, 1.001, 3);
    expect(entries.map(({ verdict }) => verdict)).toEqual(['wrong', 'wrong', 'wrong']);
  });
});
