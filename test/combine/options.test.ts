import { Readable } from 'node:stream';
import { type Executor, interpreter, type Tensor, tensor, type Value } from 'posetape';
import {
  boltzmann,
  combinePoses,
  lse,
  mean,
  type PoseProgress,
  pIC50,
  pKi,
  squaredError,
} from 'posetape/combine';
import { mul, reshape, square, sub, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import {
  combineKnown,
  energiesOf,
  type KnownOptions,
  type KnownPose,
  params,
  posesOf,
  score,
  strategies,
} from './known-poses.ts';
import { weighted } from './textbook.ts';

const poses = posesOf(-9, -8, -6);

function* generated(): Generator<KnownPose> {
  yield* poses;
}

describe('poses may come as', () => {
  const kinds: Record<string, () => KnownOptions['poses']> = {
    'a set': () => new Set(poses),
    'a generator': generated,
    'an async generator': async function* () {
      for (const pose of poses) yield await new Promise<KnownPose>(resolve => setTimeout(resolve, 1, pose));
    },
    'a stream': () => Readable.from(poses),
    promises: () => poses.map(pose => Promise.resolve(pose)) as unknown as KnownPose[],
    'an iterable object': () => ({ [Symbol.iterator]: generated }),
    'an async iterable object': () => ({
      async *[Symbol.asyncIterator]() {
        yield* poses;
      },
    }),
  };

  test.each(Object.entries(kinds))('%s', async (_kind, posesOfKind) => {
    const { stats: _, ...expected } = await combineKnown({ poses });
    expect(await combineKnown({ poses: posesOfKind() })).toMatchObject(expected);
    const graph = await combineKnown({ poses: posesOfKind(), strategy: 'full-graph' });
    expect(graph.predictions).toEqual(expected.predictions);
  });

  test.each(['promises', 'an iterable object', 'an async iterable object'])('%s, read twice', async kind => {
    const options = { poses: kinds[kind]?.() ?? [], strategy: 'recompute' } as const;
    expect(await combineKnown(options)).toEqual(await combineKnown({ ...options, poses }));
  });
});

describe('the strategy', () => {
  const spread: KnownOptions['loss'] = (x, { predictions }) => sum(square(sub(predictions, x)));
  test.each<[string, Partial<KnownOptions>, string]>([
    ['is stream by default', {}, 'stream'],
    ['is recompute by default for a combination in ops', { combination: x => sum(x) }, 'recompute'],
    [
      'is recompute if chosen, for a loss that reads all predictions',
      { loss: spread, strategy: 'recompute' },
      'recompute',
    ],
    ['is full-graph if chosen', { loss: spread, strategy: 'full-graph' }, 'full-graph'],
  ])('%s', async (_what, options, strategy) => {
    const { stats } = await combineKnown({ poses, ...options });
    expect(stats).toMatchObject({ strategy, poses: 3, badPoses: [], executor: 'interpreter float64' });
  });
});

test('the default executor computes in float64', async () => {
  const { value, stats } = await combinePoses({ poses, params, score, combination: mean() });
  expect(value).toBe(-23 / 3);
  expect(stats.executor).toMatch(/ float64$/);
  const single = await combineKnown({ poses, executor: interpreter({ precision: 'float32' }) });
  expect(single.stats.executor).toBe('interpreter float32');
});

describe('onPose', () => {
  const pass = (number: number, of: number): PoseProgress[] =>
    energiesOf(poses).map((prediction, index) => ({ index, prediction, pass: number, passes: of }));

  test.each([
    ['stream', pass(1, 1)],
    ['recompute', [...pass(1, 2), ...pass(2, 2)]],
    ['full-graph', pass(1, 1)],
  ] as const)('is called for each pose in order, under %s', async (strategy, expected) => {
    const reported: PoseProgress[] = [];
    await combineKnown({ poses, strategy, onPose: progress => reported.push(progress) });
    expect(reported).toEqual(expected);
  });

  test('is awaited before the next pose', async () => {
    const events: string[] = [];
    await combineKnown({
      poses,
      score(tape, values, pose) {
        events.push(`score ${pose.energy}`);
        return score(tape, values, pose);
      },
      async onPose({ prediction }) {
        await new Promise(resolve => setTimeout(resolve, 1));
        events.push(`done ${prediction}`);
      },
    });
    expect(events).toEqual(energiesOf(poses).flatMap(energy => [`score ${energy}`, `done ${energy}`]));
  });

  test('gets NaN for a pose that is left out', async () => {
    const predictions: number[] = [];
    const onPose = ({ prediction }: PoseProgress) => predictions.push(prediction);
    await combineKnown({ poses: posesOf(-9, Number.NaN, -6), badPose: 'skip', onPose });
    expect(predictions).toEqual([-9, Number.NaN, -6]);
  });
});

describe('a signal', () => {
  /** Iterable of the poses, and a record of how many poses were read and whether the iterator was closed. */
  function traced() {
    const trace = { opened: false, read: 0, closed: false };
    const iterable: Iterable<KnownPose> = {
      *[Symbol.iterator]() {
        trace.opened = true;
        try {
          for (const pose of poses) {
            trace.read++;
            yield pose;
          }
        } finally {
          trace.closed = true;
        }
      },
    };
    return { trace, poses: iterable };
  }

  test.each(strategies)('that is already aborted prevents all scoring, under %s', async strategy => {
    let scored = 0;
    const result = combineKnown({
      poses,
      strategy,
      signal: AbortSignal.abort(new Error('never mind')),
      score(tape, values, pose) {
        scored++;
        return score(tape, values, pose);
      },
    });
    await expect(result).rejects.toThrow('never mind');
    expect(scored).toBe(0);
  });

  test.each(['stream', 'recompute'] as const)(
    'aborts between poses and closes their iterator, under %s',
    async strategy => {
      const controller = new AbortController();
      const { trace, poses } = traced();
      const onPose = ({ index }: PoseProgress) => index === 1 && controller.abort();
      const result = combineKnown({ poses, strategy, onPose, signal: controller.signal });
      await expect(result).rejects.toMatchObject({ name: 'AbortError' });
      expect(trace).toEqual({ opened: true, read: 2, closed: true });
    },
  );

  test('aborts the second pass of recompute', async () => {
    const controller = new AbortController();
    const { trace, poses } = traced();
    const onPose = ({ index, pass }: PoseProgress) => index === 0 && pass === 2 && controller.abort();
    const result = combineKnown({ poses, strategy: 'recompute', onPose, signal: controller.signal });
    await expect(result).rejects.toMatchObject({ name: 'AbortError' });
    expect(trace).toEqual({ opened: true, read: 3 + 1, closed: true });
  });

  test('aborts the full graph while its poses are read', async () => {
    const controller = new AbortController();
    let closed = false;
    const poses = async function* () {
      try {
        for (const pose of posesOf(-9, -8, -6)) {
          yield pose;
          controller.abort('enough');
        }
      } finally {
        closed = true;
      }
    };
    const result = combineKnown({ poses: poses(), strategy: 'full-graph', signal: controller.signal });
    await expect(result).rejects.toBe('enough');
    expect(closed).toBe(true);
  });

  test('that is not aborted changes nothing; an error closes the iterator of the poses', async () => {
    const { signal } = new AbortController();
    expect(await combineKnown({ poses, signal })).toEqual(await combineKnown({ poses }));
    const { trace, poses: tracedPoses } = traced();
    const fails = () => {
      throw new Error('no');
    };
    await expect(combineKnown({ poses: tracedPoses, signal, score: fails })).rejects.toThrow('pose 0: no');
    expect(trace).toEqual({ opened: true, read: 1, closed: true });
  });
});

describe('the gradient is', () => {
  /** Σ factor_n g_n. */
  const sumOf = (...factors: number[]) =>
    weighted(
      factors,
      poses.map(({ slope }) => slope),
    );
  const loss = squaredError(-10);
  const poseLoss = squaredError(-7);
  const [value, lossSlope] = [-23 / 3, 2 * (-23 / 3 + 10)];
  const readout = pKi({ kT: 0.5 });
  const unit = -0.5 * Math.LN10;
  const pKiLoss = squaredError(5);
  const readoutLossSlope = (2 * (value / unit - 5)) / unit;
  const third = (number: number) => [number / 3, number / 3, number / 3];

  test.each<[string, Partial<KnownOptions>, number[], number | undefined]>([
    ['of ΔG', {}, third(1), undefined],
    ['of the readout', { readout }, third(1 / unit), undefined],
    ['of the loss', { loss }, third(lossSlope), (value + 10) ** 2],
    [
      'of the loss of the readout',
      { readout, loss: pKiLoss },
      third(readoutLossSlope),
      (value / unit - 5) ** 2,
    ],
    ['of the poseLosses alone', { poseLoss }, [-4, -2, 2], 4 + 1 + 1],
    ['of the poseLosses alone, independent of the readout', { poseLoss, readout }, [-4, -2, 2], 4 + 1 + 1],
    [
      'of the loss and the poseLosses',
      { loss, poseLoss },
      [lossSlope / 3 - 4, lossSlope / 3 - 2, lossSlope / 3 + 2],
      (value + 10) ** 2 + 6,
    ],
    [
      'of the poseLosses of the poseReadouts',
      { poseReadout: x => mul(x, 2), poseLoss },
      [-44, -36, -20],
      121 + 81 + 25,
    ],
    [
      'of losses that differ from pose to pose',
      { poseLoss: (x, { index }) => mul(x, index) },
      [0, 1, 2],
      -8 - 12,
    ],
  ])('%s', async (_what, options, factors, expected) => {
    for (const strategy of strategies) {
      const result = await combineKnown({ poses, combination: mean(), strategy, ...options });
      expectClose(result.gradient.w, { data: sumOf(...factors), shape: [3] }, 1e-14);
      expectClose(result.loss ?? Number.NaN, expected ?? Number.NaN, 1e-14);
      expectClose(result.value, value, 1e-15);
      expectClose(result.readout ?? Number.NaN, options.readout ? value / unit : Number.NaN, 1e-15);
      expect('loss' in result).toBe(expected !== undefined);
      expect('readout' in result).toBe(options.readout !== undefined);
    }
  });

  test.each(strategies)('empty if it is not wanted, under %s', async strategy => {
    const options = { poses, strategy, loss, poseLoss, readout };
    const { gradient, stats: _, ...wanted } = await combineKnown(options);
    const bare = await combineKnown({ ...options, gradient: false });
    expect(bare).toMatchObject(wanted);
    expect(bare.gradient).toEqual({});
    expect(gradient.w.data).toHaveLength(3);
  });

  test.each(strategies)('zero for a parameter that is not used, under %s', async strategy => {
    const { gradient } = await combinePoses({
      poses,
      params: {
        ...params,
        idle: tensor([
          [1, 2],
          [3, 4],
        ]),
      },
      score,
      combination: lse(),
      strategy,
    });
    expect(gradient.idle).toEqual({ data: new Float64Array(4), shape: [2, 2] });
    expect(gradient.w.data.some(entry => entry !== 0)).toBe(true);
  });

  test('right for parameters of any name, even the name of a property that every object has', async () => {
    for (const name of ['constructor', '__proto__', 'valueOf', '']) {
      for (const [strategy, combination] of strategies.flatMap(each =>
        [mean(), boltzmann()].map(combined => [each, combined] as const),
      )) {
        const { gradient } = await combinePoses({
          poses: posesOf(-6, -9),
          params: Object.fromEntries([[name, params.w]]),
          score: (tape, values, pose) => score(tape, { w: Object.values(values)[0] as Value }, pose),
          combination,
          strategy,
        });
        const expected = await combineKnown({ poses: posesOf(-6, -9), combination, strategy });
        expect(Object.entries(gradient)).toEqual([[name, expected.gradient.w]]);
      }
    }
    expect(Object.keys(Object)).toEqual([]);
  });

  test.each(strategies)('in new float64 arrays that later calls do not change, under %s', async strategy => {
    const compounds = [posesOf(-9, -8), posesOf(-7), posesOf(-6, -6.5, -5)];
    const theta = { w: tensor(new Float32Array(3)) };
    // A caller adds up the gradients of several compounds in the arrays of the first.
    const results = [];
    let total: Tensor<Float64Array> | undefined;
    for (const each of compounds) {
      const { gradient } = await combineKnown({ poses: each, params: theta, strategy });
      results.push(gradient.w.data.slice());
      if (total) for (const [i, entry] of gradient.w.data.entries()) (total.data[i] as number) += entry;
      total ??= gradient.w;
    }
    expect(total).toEqual({ data: weighted([1, 1, 1], results), shape: [3] });
    expect(total?.data).toBeInstanceOf(Float64Array);
    expect(theta.w.data).toEqual(new Float32Array(3));
  });
});

test.each(strategies)('parameters and poses are not changed, under %s', async strategy => {
  const w = Float64Array.of(0.1, -0.2, 0.3);
  const before = structuredClone(poses);
  await combineKnown({ poses, params: { w: tensor(w) }, strategy, loss: squaredError(-9) });
  expect(w).toEqual(Float64Array.of(0.1, -0.2, 0.3));
  expect(poses).toEqual(before);
});

test('keepPredictions: false leaves out predictions, weights and coefficients, and changes nothing else', async () => {
  const options = { poses, loss: squaredError(-9), poseLoss: squaredError(-8) };
  const kept = await combineKnown(options);
  const none = new Float64Array();
  expect(await combineKnown({ ...options, keepPredictions: false })).toEqual({
    ...kept,
    predictions: none,
    weights: none,
    coefficients: none,
    stats: { ...kept.stats, predictionBytes: 0 },
  });
});

test('weights and coefficients equal the formulas of docs/maths.md', async () => {
  const sharesOf = async (options: Partial<KnownOptions>) => {
    const { weights, coefficients } = await combineKnown({ poses: posesOf(-2, -1), ...options });
    return { weights: [...weights], coefficients: [...coefficients] };
  };
  const [good, poor] = [1 / (1 + Math.exp(-1)), 1 / (1 + Math.exp(1))];
  const tilt = good * poor;
  for (const strategy of strategies) {
    const thermal = await sharesOf({ combination: boltzmann(), strategy });
    expectClose(thermal.weights, [good, poor], 1e-15);
    expectClose(thermal.coefficients, [good + tilt, poor - tilt], 1e-15);
    const smooth = await sharesOf({ combination: lse({ sign: 1 }), strategy });
    expectClose(smooth.weights, [poor, good], 1e-15);
    expectClose(smooth.coefficients, [poor, good], 1e-15);
    const even = await sharesOf({ combination: mean(), strategy });
    expect(even).toEqual({ weights: [0.5, 0.5], coefficients: [0.5, 0.5] });
  }
  // A combination in ops has coefficients, but no weights.
  const inOps = await sharesOf({ combination: predictions => sum(mul(predictions, 3)) });
  expect(inOps).toEqual({ weights: [], coefficients: [3, 3] });
});

describe('readouts', () => {
  const readoutOf = async (readout: ReturnType<typeof pKi>, energy: number) =>
    (await combineKnown({ poses: posesOf(energy), readout })).readout as number;

  test('pKi is −ΔG/(kT ln 10)', async () => {
    expectClose(await readoutOf(pKi(), -9), 9 / Math.LN10, 1e-15);
    expectClose(await readoutOf(pKi({ kT: 0.593 }), -9), 9 / (0.593 * Math.LN10), 1e-15);
    // At 298.15 K a nanomolar inhibitor has ΔG = −12.3 kcal/mol.
    expect(await readoutOf(pKi({ kT: 0.0019872 * 298.15 }), -12.28)).toBeCloseTo(9, 2);
  });

  test('pIC50 is pKi − log10(1 + substrate/km)', async () => {
    const kT = 0.593;
    const pure = await readoutOf(pKi({ kT }), -9);
    expectClose(await readoutOf(pIC50({ kT, substrate: 0, km: 7 }), -9), pure, 1e-15);
    expectClose(await readoutOf(pIC50({ kT, substrate: 7, km: 7 }), -9), pure - Math.log10(2), 1e-15);
    expectClose(await readoutOf(pIC50({ substrate: 99, km: 1 }), -9), 9 / Math.LN10 - 2, 1e-15);
  });
});

test('recompute takes more poses than a function call can have arguments', async () => {
  // Executor for which each prediction and each slope is 1.
  const ones: Executor = { ...interpreter(), run: wanted => wanted.map(({ shape }) => tensor([1], shape)) };
  const { value, gradient } = await combinePoses({
    poses: new Array(150_000).fill(0),
    params: { w: tensor(2) },
    score: (_tape, { w }) => w,
    combination: lse(),
    executor: ones,
    strategy: 'recompute',
  });
  expectClose(value, 1 - Math.log(150_000), 1e-12);
  expectClose(gradient.w, tensor(1), 1e-9);
});

test('a prediction may have any shape with one entry', async () => {
  for (const shape of [[], [1], [1, 1]]) {
    const shaped = await combineKnown({
      poses,
      score: (tape, values, pose) => reshape(score(tape, values, pose), shape),
    });
    expect(shaped.predictions).toEqual(Float64Array.from(energiesOf(poses)));
  }
});

test.each(strategies)('an executor may be asynchronous, under %s', async strategy => {
  const plain = interpreter();
  const later: Executor = {
    ...plain,
    name: 'later',
    async run(wanted, options) {
      await new Promise(resolve => setTimeout(resolve, 1));
      return plain.run(wanted, options);
    },
  };
  const { stats, ...now } = await combineKnown({ poses, strategy });
  expect(await combineKnown({ poses, strategy, executor: later })).toEqual({
    ...now,
    stats: { ...stats, executor: 'later' },
  });
});
