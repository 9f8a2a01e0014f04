import fc from 'fast-check';
import { type Executor, evaluate, interpreter, jit, Tape, type Tensor, tensor, type Value } from 'posetape';
import {
  BadPoseError,
  boltzmann,
  type Combination,
  combinePoses,
  lse,
  mean,
  type ParamsContext,
  type PoseProgress,
  pIC50,
  pKi,
  pooling,
  squaredError,
  type Values,
} from 'posetape/combine';
import { add, exp, gather, less, log, mul, segmentSum, sqrt, sub, sum, where } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test, vi } from 'vitest';
import { property } from '../support/property.ts';
import { energies, magnitudes, several } from './arbitraries.ts';
import {
  combineKnown,
  type KnownOptions,
  type KnownPose,
  posesOf,
  score,
  strategies,
} from './known-poses.ts';

/** Combination in ops: the sum of the predictions. */
const inOps = (predictions: Value) => sum(predictions);

type Kind = 'Error' | 'TypeError' | 'RangeError' | 'BadPoseError';

/** Fails unless the options give this error. By default there are three good poses. */
async function expectError(options: Partial<KnownOptions>, kind: Kind, message: RegExp): Promise<unknown> {
  const error = await combineKnown({ poses: posesOf(-9, -8, -6), ...options }).catch(caught => caught);
  expect(error).toMatchObject({ name: kind, message: expect.stringMatching(message) });
  return error;
}

/** Fails unless the options give this error under every strategy. */
const expectErrors = async (options: Partial<KnownOptions>, kind: Kind, message: RegExp): Promise<void> => {
  for (const strategy of strategies) await expectError({ strategy, ...options }, kind, message);
};

/** Scorer that returns the result of `fail` for the second pose. */
function failingAtSecond(fail: (tape: Tape, w: Value) => unknown): KnownOptions['score'] {
  return (tape, values, pose) =>
    pose.energy === -8 ? (fail(tape, values.w) as Value) : score(tape, values, pose);
}

describe('a scorer', () => {
  test.each<[string, (tape: Tape, w: Value) => unknown, Kind, RegExp]>([
    ['that returns several numbers', (_tape, w) => w, 'RangeError', /^pose 1: score .*single number.* \[3\]/],
    ['that returns an index', tape => tape.constant(Int32Array.of(1)), 'RangeError', /^pose 1: .*index data/],
    [
      'that returns nothing',
      () => undefined,
      'TypeError',
      /^pose 1: score .*value on its tape, got undefined/,
    ],
    ['that returns a number', () => -8, 'TypeError', /^pose 1: score .*value on its tape, got number/],
    [
      'that returns a value of another tape',
      () => new Tape().parameter(1, 'stranger'),
      'Error',
      /^pose 1: score .*stranger.* of another tape/,
    ],
    ['that is async', async (_tape, w) => sum(w), 'TypeError', /^pose 1: score returned a promise/],
    [
      'that is async and rejects',
      async () => {
        throw new Error('offline');
      },
      'TypeError',
      /^pose 1: score returned a promise/,
    ],
  ])('%s causes an error that names the pose', async (_what, fail, kind, message) => {
    await expectErrors({ score: failingAtSecond(fail) }, kind, message);
  });

  test.each<[string, (tape: Tape, w: Value) => unknown, Kind, RegExp]>([
    [
      'with shapes that do not fit',
      (tape, w) => add(w, tape.constant([1, 2])),
      'RangeError',
      /^add: \[3\] and \[2\]/,
    ],
    [
      'that gathers out of range',
      (_tape, w) => gather(w, [0, 3]),
      'RangeError',
      /^gather: index 3 at position 1/,
    ],
    [
      'that sums segments out of range',
      (_tape, w) => segmentSum(w, [0, 1, 2], 2),
      'RangeError',
      /^segmentSum: index 2 at position 2/,
    ],
    [
      'that mixes tapes',
      (_tape, w) => add(w, new Tape().parameter(1, 'stranger')),
      'Error',
      /^add: .*stranger.* belongs to another tape/,
    ],
  ])('%s: the error names the pose and has the cause', async (_what, fail, kind, message) => {
    const options = { score: failingAtSecond(fail) };
    for (const strategy of strategies) {
      const error = await expectError({ strategy, ...options }, 'Error', /^pose 1: /);
      const cause = (error as Error).cause as Error;
      expect(cause).toMatchObject({ name: kind, message: expect.stringMatching(message) });
      expect((error as Error).message).toBe(`pose 1: ${cause.message}`);
    }
  });
});

describe('an executor that fails', () => {
  /** Executor that throws if an array on the tape was detached. */
  const checking = (executor: Executor): Executor => ({
    ...executor,
    run(wanted, options) {
      for (const { form, op } of wanted[0]?.tape.values ?? []) {
        if (form.kind === 'constant' && form.tensor.data.length === 0)
          throw new RangeError(`${op.name}: its array was detached`);
      }
      return executor.run(wanted, options);
    },
  });
  const executors = [interpreter(), jit(), jit({ precision: 'float32' }), wasm()].map(checking);

  test('at a pose with a detached array: the error names the pose and has the cause', async () => {
    const detaching: KnownOptions['score'] = (tape, { w }, { energy, slope }) => {
      const data = Float64Array.from(slope);
      const x = tape.constant(data);
      if (energy === -8) structuredClone(data.buffer, { transfer: [data.buffer] });
      return add(sum(mul(w, x)), energy);
    };
    for (const executor of executors) {
      for (const strategy of strategies) {
        for (const badPose of ['throw', 'skip'] as const) {
          const options = { executor, strategy, badPose, score: detaching };
          const error = (await expectError(options, 'Error', /^pose 1: /)) as Error;
          expect(error.message).toBe(`pose 1: ${(error.cause as Error).message}`);
        }
      }
    }
  });

  test('only on the full graph: the error is passed on unchanged', async () => {
    const executor: Executor = {
      ...interpreter(),
      run(wanted, options) {
        if ((wanted[0]?.tape.values.length ?? 0) > 20) throw new RangeError('too large');
        return interpreter().run(wanted, options);
      },
    };
    await expectError({ executor, strategy: 'full-graph' }, 'RangeError', /^too large$/);
  });
});

/** Scorer with ΔG_n = energy and g_n = slope², so that a steep pose has a bad gradient but a good prediction. */
const steep: KnownOptions['score'] = (tape, { w }, { energy, slope }) =>
  add(sum(mul(mul(w, tape.constant(slope)), tape.constant(slope))), energy);
const pose = (energy: number, slope = 1): KnownPose => ({ energy, slope: [slope, 2, 3] });

describe('a bad pose', () => {
  test.each<[string, KnownPose, RegExp]>([
    ['whose prediction is NaN', pose(Number.NaN), /^its prediction is NaN: %\d+ = constant \[\] is NaN/],
    [
      'whose prediction is infinite',
      pose(-Infinity),
      /^its prediction is -Infinity: .* = constant \[\] is -Inf/,
    ],
    [
      'whose gradient is infinite',
      pose(-8, 1e200),
      /^its gradient with respect to w is Infinity: %\d+ = scaled \[3\] of \(%\d+, %\d+\) is Infinity at position 0/,
    ],
  ])('%s: the error names the pose and the origin', async (_what, bad, reason) => {
    for (const strategy of strategies) {
      const options = { poses: [pose(-9), bad, pose(-6)], score: steep, strategy };
      const error = await expectError(options, 'BadPoseError', /^pose 1: its/);
      expect(error).toBeInstanceOf(BadPoseError);
      expect(error).toMatchObject({ index: 1, reason: expect.stringMatching(reason) });
    }
  });

  test('is not blamed on a branch that was not taken', async () => {
    const branching: KnownOptions['score'] = (_tape, { w }, { energy }) => {
      const x = add(sum(w), energy);
      const taken = where(less(x, 50), 0, log(sub(x, 100)));
      return add(taken, sqrt(x));
    };
    await expectErrors(
      { score: branching },
      'BadPoseError',
      /^pose 0: its prediction is NaN: %\d+ = sqrt \[\]/,
    );
  });

  const mixed = [pose(-9), pose(Number.NaN), pose(-8, 1e200), pose(-6), pose(Infinity), pose(-7, -1e300)];
  const good = [pose(-9), pose(-6)];

  test.each(strategies)(
    "is left out by badPose: 'skip', as if it did not exist, under %s",
    async strategy => {
      const options: Partial<KnownOptions> = { score: steep, strategy, loss: squaredError(-10) };
      const { stats, ...result } = await combineKnown({ ...options, poses: mixed, badPose: 'skip' });
      const expected = await combineKnown({ ...options, poses: good });
      const spread = ([first, last]: Float64Array, gap: number) =>
        Float64Array.of(first as number, gap, gap, last as number, gap, gap);
      expect(result).toEqual({
        ...result,
        value: expected.value,
        loss: expected.loss,
        gradient: expected.gradient,
        predictions: spread(expected.predictions, Number.NaN),
        weights: spread(expected.weights, 0),
        coefficients: spread(expected.coefficients, 0),
      });
      expect(stats.poses).toBe(2);
      const reasons = new Map(stats.badPoses.map(({ index, reason }) => [index, reason]));
      expect([...reasons.keys()].sort()).toEqual([1, 2, 4, 5]);
      expect(reasons.get(1)).toMatch(/prediction is NaN/);
      expect(reasons.get(2)).toMatch(/gradient with respect to w is Infinity/);
      expect(reasons.get(4)).toMatch(/prediction is Infinity/);
      expect(reasons.get(5)).toMatch(/gradient with respect to w is Infinity/);
    },
  );
});

describe('recompute with many bad gradients', () => {
  /** Predicates that select the bad half of 800 poses. */
  const halves: Readonly<Record<string, (n: number) => boolean>> = {
    'every other pose is bad': n => n % 2 === 1,
    'the first half is bad': n => n < 400,
    'the last half is bad': n => n >= 400,
  };

  test.each(Object.keys(halves))(
    'reads the poses three times, not once for each bad pose, if %s',
    async where => {
      const isBad = halves[where] as (n: number) => boolean;
      const poses = Array.from({ length: 800 }, (_, n) => pose(-((n * 37) % 101) / 20, isBad(n) ? 1e200 : 1));
      let calls = 0;
      const reported: PoseProgress[] = [];
      const counting: KnownOptions['score'] = (tape, values, each) => {
        calls++;
        return steep(tape, values, each);
      };
      const options = { strategy: 'recompute', badPose: 'skip' } as const;
      const onPose = (progress: PoseProgress) => reported.push(progress);
      const { value, gradient, stats } = await combineKnown({ poses, score: counting, onPose, ...options });
      expect(calls).toBe(800 + 800 + 400);
      expect(stats.badPoses.map(({ index }) => index)).toEqual([...poses.keys()].filter(isBad));
      const good = poses.filter((_, n) => !isBad(n));
      expect({ value, gradient }).toMatchObject(
        await valueAndGradient({ poses: good, score: steep, ...options }),
      );
      expect(reported).toHaveLength(800 + 800 + 400);
      expect(reported.map(({ pass, passes }) => `${pass} of ${passes}`)).toEqual([
        ...Array(800).fill('1 of 2'),
        ...Array(800).fill('2 of 2'),
        ...Array(400).fill('3 of 3'),
      ]);
    },
  );

  test('scores each pose twice if a bad gradient shows only after the previous bad pose is left out', async () => {
    // The best pose has all the weight. So the gradient of the next best is computed only after the best is left out.
    const poses = Array.from({ length: 20 }, (_, n) => pose(-n, n > 0 ? 1e200 : 1));
    let calls = 0;
    const { value, stats } = await combineKnown({
      poses,
      score(tape, values, each) {
        calls++;
        return steep(tape, values, each);
      },
      strategy: 'recompute',
      combination: boltzmann({ kT: 1e-3 }),
      badPose: 'skip',
    });
    expect([value, stats.poses, calls]).toEqual([0, 1, 20 + 20]);
  });

  async function valueAndGradient(options: Parameters<typeof combineKnown>[0]) {
    const { value, gradient } = await combineKnown(options);
    return { value, gradient };
  }
});

describe('when all poses are bad', () => {
  test.each<[string, KnownPose[], RegExp]>([
    [
      'in their predictions',
      [pose(Number.NaN), pose(Infinity)],
      /all 2 poses are bad; pose 0: its prediction is NaN/,
    ],
    ['in their gradients', [pose(-9, 1e200), pose(-8, 1e200)], /all 2 poses are bad; pose 0: its gradient/],
  ])('%s, the error says so and gives the reason of pose 0', async (_what, poses, message) => {
    await expectErrors({ poses, score: steep, badPose: 'skip' }, 'RangeError', message);
  });
});

test('poseLoss receives the index of a pose among all poses, also after poses that are left out', async () => {
  const indices = new Set<number>();
  const poseLoss = (x: Value, { index }: { readonly index: number }) => {
    indices.add(index);
    return mul(x, index);
  };
  for (const strategy of strategies) {
    indices.clear();
    const poses = [pose(-9), pose(Number.NaN), pose(-8, 1e200), pose(-6)];
    const { loss } = await combineKnown({ poses, score: steep, strategy, poseLoss, badPose: 'skip' });
    expect(loss).toBe(-18);
    expect([...indices]).toEqual(expect.arrayContaining([0, 3]));
  }
});

test('recompute skips the backward pass of a pose of weight 0, and so does not notice that its gradient is bad', async () => {
  const options = { poses: [pose(-9), pose(9000, 1e200)], score: steep, strategy: 'recompute' } as const;
  expect((await combineKnown(options)).stats).toMatchObject({ backwardSkipped: 1, badPoses: [] });
});

describe('poses', () => {
  test('may not be empty', async () => {
    await expectErrors({ poses: [] }, 'RangeError', /there are no poses/);
    await expectErrors({ poses: [], badPose: 'skip' }, 'RangeError', /there are no poses/);
  });

  test.each([7, null, undefined, { length: 2 }])('must be an iterable, not %o', async poses => {
    await expectErrors({ poses: poses as unknown as KnownPose[] }, 'TypeError', /poses must be an iterable/);
  });

  test.each<[string, () => KnownOptions['poses']]>([
    [
      'a generator',
      function* () {
        yield* posesOf(-9);
      },
    ],
    [
      'an async generator',
      async function* () {
        yield* posesOf(-9);
      },
    ],
    ['an iterator', () => posesOf(-9).values()],
  ])('must be readable twice for recompute, not %s', async (_what, once) => {
    const message = /recompute reads the poses twice.*only once.*strategy stream/;
    await expectError({ poses: once(), strategy: 'recompute' }, 'TypeError', message);
    await expectError({ poses: once(), combination: inOps }, 'TypeError', message);
  });

  /** Iterable that yields the poses of the first reading when first read, of the second when read again, and so on. */
  const changing = (...readings: Iterable<KnownPose>[]): Iterable<KnownPose> => ({
    *[Symbol.iterator]() {
      yield* readings.shift() ?? [];
    },
  });
  const endless: Iterable<KnownPose> = {
    *[Symbol.iterator]() {
      for (let read = 0; read < 100; read++) yield* posesOf(-9, -8);
      throw new Error('read without end');
    },
  };
  test.each<[string, Iterable<KnownPose>, RegExp]>([
    ['fewer', posesOf(-9), /2 poses in its first pass and only 1 in its second/],
    ['none', [], /2 poses in its first pass and only 0 in its second/],
    ['more', posesOf(-9, -8, -7), /2 poses in its first pass and more in its second/],
    ['endless poses', endless, /2 poses in its first pass and more in its second/],
    ['other poses', posesOf(-9, -8.5), /prediction of pose 1 was -8 in the first pass .* -8.5 in the second/],
  ])('must be the same in the second pass, not %s', async (_what, second, message) => {
    const poses = changing(posesOf(-9, -8), second);
    await expectError({ poses, strategy: 'recompute' }, 'Error', message);
  });
});

describe.each(['combination', 'readout', 'loss', 'poseReadout', 'poseLoss'] as const)('a %s', name => {
  const supporting = name === 'combination' ? (['recompute', 'full-graph'] as const) : strategies;

  test.each<[string, (x: Value) => unknown, Kind, string]>([
    [
      'several numbers',
      x => x.tape.constant([1, 2]),
      'RangeError',
      'must return a single number .*shape \\[2\\]',
    ],
    ['a number', () => 1, 'TypeError', 'must return a value on its tape, got number'],
    ['nothing', () => undefined, 'TypeError', 'must return a value on its tape, got undefined'],
    ['a promise', async x => x, 'TypeError', 'returned a promise'],
    [
      'a value of another tape',
      () => new Tape().parameter(1, 'stranger'),
      'Error',
      'stranger.* of another tape',
    ],
  ])('that returns %s causes an error', async (_what, fail, kind, message) => {
    for (const strategy of supporting) {
      const options = { strategy, poseLoss: squaredError(0), [name]: fail };
      await expectError(options, kind, new RegExp(`^${name} .*${message}`));
    }
  });

  test('whose result is not finite causes an error, even if every prediction is finite', async () => {
    const fail = (x: Value) => log(mul(0, sum(x)));
    for (const strategy of supporting) {
      const options = { strategy, poseLoss: squaredError(0), [name]: fail };
      await expectError(options, 'RangeError', /is (NaN|-?Infinity)/);
    }
  });
});

test('a gradient that overflows in the combination is an error', async () => {
  await expectErrors(
    { poses: [pose(1, 1e140)], score: steep, loss: x => mul(x, 1e200) },
    'RangeError',
    /overflows/,
  );
});

test('poseLosses whose sum overflows are an error', async () => {
  const poseLoss = (x: Value) => add(mul(x, 0), 1e308);
  await expectErrors({ poseLoss }, 'RangeError', /loss, .* is Infinity/);
});

describe('settings and options:', () => {
  const numbers = [0, -1, Number.NaN, Infinity];

  test.each(numbers)('t, kT or km of %d is an error', number => {
    const message = (name: string) =>
      new RangeError(`${name} must be a finite number above 0, got ${number}`);
    expect(() => lse({ t: number })).toThrow(message('lse: t'));
    expect(() => boltzmann({ kT: number })).toThrow(message('boltzmann: kT'));
    expect(() => pKi({ kT: number })).toThrow(message('pKi: kT'));
    expect(() => pIC50({ kT: number, substrate: 1, km: 1 })).toThrow(message('pIC50: kT'));
    expect(() => pIC50({ substrate: 1, km: number })).toThrow(message('pIC50: km'));
  });

  test.each<[string, () => unknown, string]>([
    ['kT', () => boltzmann({ kT: 5.5e-309 }), 'boltzmann: kT of 5.5e-309 is out of range: 1/kT overflows'],
    ['kT', () => boltzmann({ kT: 5e-324 }), 'boltzmann: kT of 5e-324 is out of range: 1/kT overflows'],
    ['t', () => lse({ t: 2e-307 }), 'lse: t of 2e-307 is out of range: ln(N)/t overflows'],
    ['kT', () => pKi({ kT: 8e307 }), 'pKi: kT of 8e+307 is out of range: kT ln 10 overflows'],
    ['kT', () => pKi({ kT: 2e-309 }), 'pKi: kT of 2e-309 is out of range: 1/(kT ln 10) overflows'],
    [
      'substrate',
      () => pIC50({ substrate: 1e200, km: 1e-200 }),
      'pIC50: substrate of 1e+200 to km of 1e-200 is out of range: substrate/km overflows',
    ],
  ])('a %s is an error if a number computed from it overflows', (_what, make, message) => {
    expect(make).toThrow(new RangeError(message));
  });

  property(
    'a kT or t that is accepted gives finite numbers',
    magnitudes(5e-324, Number.MAX_VALUE),
    fc.constantFrom<-1 | 1>(-1, 1),
    several(energies, 8),
    fc.constantFrom(...strategies),
    async (setting, sign, drawn, strategy) => {
      for (const make of [() => boltzmann({ kT: setting }), () => lse({ t: setting, sign })]) {
        let combination: Combination;
        try {
          combination = make();
        } catch (error) {
          expect((error as Error).message).toMatch(/out of range/);
          expect(setting).toBeLessThan(2.1e-307);
          continue;
        }
        const { value, gradient } = await combineKnown({ poses: posesOf(...drawn), combination, strategy });
        expect([value, ...gradient.w.data].every(Number.isFinite)).toBe(true);
      }
    },
  );

  test.each([-1, Number.NaN, Infinity])('a substrate concentration of %d is an error', number => {
    const message = `pIC50: substrate must be a finite concentration from 0, got ${number}`;
    expect(() => pIC50({ substrate: number, km: 1 })).toThrow(new RangeError(message));
  });

  test.each([Number.NaN, Infinity, -Infinity])('a target of %d is an error', number => {
    const message = `squaredError: target must be a finite number, got ${number}`;
    expect(() => squaredError(number)).toThrow(new RangeError(message));
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      'an option of boltzmann',
      () => boltzmann({ kt: 0.593 } as object),
      /^boltzmann: no option kt; did you mean kT\?/,
    ],
    ['an option of lse', () => lse({ T: 5 } as object), /^lse: no option T; did you mean t\?/],
    [
      'an option of pKi',
      () => pKi({ temperature: 298 } as object),
      /^pKi: no option temperature; options are kT/,
    ],
    [
      'an option of jit',
      () => jit({ precison: 'float32' } as object),
      /^jit: no option precison; options are precision, structures/,
    ],
    [
      'an option of wasm',
      () => wasm({ precision: 'float64' } as object),
      /^wasm: no option precision; options are structures/,
    ],
    [
      'an option of interpreter',
      () => interpreter({ float32: true } as object),
      /^interpreter: no option float32/,
    ],
    [
      'an option of evaluate',
      () => evaluate([], { executer: jit() } as object),
      /^evaluate: no option executer/,
    ],
    [
      'a number in place of the options',
      () => boltzmann(0.593 as never),
      /^boltzmann: options must be an object such as \{ kT \}, got 0.593/,
    ],
    [
      'a precision of jit',
      () => jit({ precision: 'float16' as 'float32' }),
      /^jit: precision .* got "float16"/,
    ],
    [
      'a precision of interpreter',
      () => interpreter({ precision: 'half' as 'float32' }),
      /^interpreter: precision /,
    ],
  ])('an unknown option, or an unknown value of an option, is an error: %s', (_what, make, message) => {
    expect(make).toThrow(message);
  });

  const logKT = ({ logkT }: Values) => exp(logkT as Value);
  test.each<[string, object]>([
    ['boltzmann: kT', { combination: boltzmann({ kT: logKT }) }],
    ['lse: t', { combination: lse({ t: logKT }) }],
    ['gated: value', { combination: pooling({ name: 'gated', value: (_, { params }) => logKT(params) }) }],
    ['x: logWeight', { combination: pooling({ name: 'x', logWeight: (_, { params }) => logKT(params) }) }],
    ['combination', { combination: (_: Value, { params }: ParamsContext) => logKT(params) }],
    ['loss', { loss: (_: Value, { params }: ParamsContext) => logKT(params) }],
    ['poseLoss', { poseLoss: (_: Value, { params }: ParamsContext) => logKT(params) }],
    ['readout', { readout: (_: Value, { params }: ParamsContext) => logKT(params) }],
  ])(
    'a function that reads a parameter that does not exist is named in the error: %s',
    async (who, option) => {
      const params = { depth: tensor(1), width: tensor(2) };
      const score = (_tape: Tape, { depth }: Values) => mul(depth as Value, 2);
      const options = { poses: [1], params, score, combination: mean(), ...option };
      const message = `${who}: exp: operand 1 is undefined (no parameter is called logkT; there are depth, width)`;
      await expect(combinePoses(options as never)).rejects.toThrow(message);
      const strategy = 'full-graph';
      await expect(combinePoses({ ...options, strategy } as never)).rejects.toThrow(message);
    },
  );

  test('a scorer that reads a parameter that does not exist causes an error', async () => {
    const score = (_tape: Tape, { dpeth }: { dpeth?: Value }) => mul(dpeth as Value, 2);
    const params = { depth: tensor(1), width: tensor(2) };
    const options = { poses: [1], params, score: score as never, combination: mean() };
    await expect(combinePoses(options)).rejects.toThrow(
      'pose 0: mul: operand 1 is undefined (no parameter is called dpeth; there are depth, width)',
    );
    expect(() => mul(undefined as never, 2)).toThrow('mul: operand 1 is undefined');
    expect(() => mul(new Tape().fill(1), undefined as never)).toThrow('mul: operand 2 is undefined');
  });

  test('a loss that reads all predictions is an error under stream, before any pose is scored', async () => {
    const score = vi.fn();
    const loss: KnownOptions['loss'] = (x, context) => add(x, sum(context.predictions));
    await expectError({ score, loss }, 'TypeError', /the loss reads all predictions, .*recompute/);
    expect(score).not.toHaveBeenCalled();
  });

  test.each([0, 2, Number.NaN])('a sign of %d is an error', sign => {
    expect(() => lse({ sign: sign as 1 })).toThrow(RangeError);
    expect(() => lse({ sign: sign as 1 })).toThrow(/sign must be −1 or 1, got/);
  });

  test('poses in place of the object with all options are an error', async () => {
    const score = (tape: Tape) => tape.fill(1);
    const call = combinePoses as (...args: unknown[]) => Promise<unknown>;
    for (const poses of [[1, 2], new Set([1]), new Float64Array(20)]) {
      await expect(call(poses, { w: tensor(1) }, score)).rejects.toThrow(
        new TypeError('combinePoses: pass one object, such as { poses, params, score, combination }'),
      );
    }
  });

  test.each<[string, Record<string, unknown>, Kind, RegExp]>([
    ['a tolerance below 0', { tolerance: -1e-9 }, 'RangeError', /tolerance .* got -1e-9/],
    ['a tolerance of 1', { tolerance: 1 }, 'RangeError', /tolerance .* got 1/],
    ['a tolerance of NaN', { tolerance: Number.NaN }, 'RangeError', /tolerance .* got NaN/],
    ['an unknown badPose', { badPose: 'ignore' }, 'RangeError', /badPose .*'throw' or 'skip', got ignore/],
    [
      'an unknown strategy',
      { strategy: 'magic' },
      'RangeError',
      /no strategy magic; .*stream, recompute, full-graph/,
    ],
    [
      'a strategy with the name of an object method',
      { strategy: 'toString' },
      'RangeError',
      /no strategy toString/,
    ],
    ['a score that is a number', { score: 3 }, 'TypeError', /score must be a function/],
    ['a combination that is text', { combination: 'mean' }, 'TypeError', /combination must be/],
    ['an empty object as a combination', { combination: {} }, 'TypeError', /combination must be/],
    [
      'a combination that was not called',
      { combination: lse },
      'TypeError',
      /combination must be lse\(\), with parentheses/,
    ],
    [
      'params that are null',
      { params: null },
      'TypeError',
      /params must be a record of tensors by name, got null/,
    ],
    ['an executor that was not called', { executor: jit }, 'TypeError', /executor must be made by jit\(\),/],
    ['a loss that is a number', { loss: -3 }, 'TypeError', /loss must be a function, got number/],
    ['an onPose that is a boolean', { onPose: true }, 'TypeError', /onPose must be a function, got boolean/],
    [
      'a misspelt option',
      { stategy: 'stream' },
      'TypeError',
      /combinePoses: no option stategy; options are poses, params/,
    ],
    ['an option in another case', { keeppredictions: false }, 'TypeError', /did you mean keepPredictions\?/],
  ])('%s is an error', async (_what, options, kind, message) => {
    await expectError(options as Partial<KnownOptions>, kind, message);
  });
});

describe('parameters', () => {
  test.each<[string, unknown, Kind, RegExp]>([
    [
      'of index data',
      tensor(Int32Array.of(1, 2, 3)),
      'TypeError',
      /parameter w must be a tensor of real numbers/,
    ],
    ['that are a list', [1, 2, 3], 'TypeError', /parameter w must be a tensor of real numbers/],
    ['that are a number', 3, 'TypeError', /parameter w must be a tensor of real numbers/],
    ['with NaN', tensor([1, Number.NaN, 3]), 'RangeError', /parameter w is NaN at position 1/],
    ['with an infinity', tensor([1, 2, -Infinity]), 'RangeError', /parameter w is -Infinity at position 2/],
    [
      'of too few numbers',
      { data: new Float64Array(2), shape: [3] },
      'RangeError',
      /\bw\b.*\[3\] holds 3 numbers, but 2/,
    ],
    ['without a shape', { data: new Float64Array(3) }, 'TypeError', /parameter w /],
  ])('%s are an error', async (_what, w, kind, message) => {
    await expectErrors({ params: { w: w as Tensor } }, kind, message);
  });
});

describe('options that exclude each other:', () => {
  const scatter: KnownOptions['loss'] = (x, { predictions }) => sum(sub(predictions, x));
  test.each<[string, Partial<KnownOptions>, RegExp]>([
    [
      'stream with a combination in ops',
      { strategy: 'stream', combination: inOps },
      /combination in ops .*recompute/,
    ],
    [
      'stream with a loss that reads every prediction',
      { strategy: 'stream', loss: scatter },
      /loss .*all predictions, .*recompute/,
    ],
    [
      'recompute without predictions',
      { strategy: 'recompute', keepPredictions: false },
      /recompute needs all predictions; keepPredictions: false .*stream/,
    ],
    [
      'the full graph without predictions',
      { strategy: 'full-graph', keepPredictions: false },
      /full-graph needs all predictions/,
    ],
    [
      'a combination in ops without predictions',
      { combination: inOps, keepPredictions: false },
      /recompute needs all predictions/,
    ],
  ])('%s is an error', async (_what, options, message) => {
    await expectError(options, 'TypeError', message);
  });
});
