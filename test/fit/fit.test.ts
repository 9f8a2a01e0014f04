import { type Tensor, tensor } from 'posetape';
import {
  BadPoseError,
  boltzmann,
  combineBatch,
  combinePoses,
  pairwiseRanking,
  pKi,
  type Scorer,
  squaredError,
} from 'posetape/combine';
import {
  adam,
  type Checkpoint,
  type Epoch,
  type FitOptions,
  type FitResult,
  fit,
  fitting,
  lbfgs,
  type Optimiser,
  predict,
  sgd,
  split,
} from 'posetape/fit';
import { exp, log, mul, neg, square, sub, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';

interface Compound {
  readonly name: string;
  readonly target: string;
  readonly poses: readonly number[][];
  readonly measured: number;
}

const params = { depth: tensor(-1), width: tensor(2) };
type Theta = typeof params;
const score: Scorer<readonly number[], Theta> = (tape, { depth, width }, distances) =>
  mul(depth, sum(exp(neg(square(mul(width, sub(tape.constant([...distances]), 3)))))));
const combination = boltzmann({ kT: 0.593 });

const compounds: readonly Compound[] = Array.from({ length: 12 }, (_, i) => ({
  name: `c${i}`,
  target: `t${i % 4}`,
  poses: [
    [2.9 + 0.02 * i, 3.4, 3.1 - 0.03 * i],
    [3.2, 2.6 + 0.05 * i, 3.9],
  ],
  measured: -2.5 + 0.1 * i,
}));

const loss = ({ measured }: Compound) => squaredError(measured);
const common = { compounds, params, score, combination, loss };
const numbersOf = ({ depth, width }: { depth: Tensor; width: Tensor }) => [...depth.data, ...width.data];
/** Runs a fit, and returns its epochs and its result. */
const everyEpoch = async (options: FitOptions<readonly number[], Compound, Theta>) => {
  const epochs: Epoch<Theta>[] = [];
  const result = await fit({ ...options, onEpoch: epoch => epochs.push(epoch) });
  return { epochs, result };
};

describe('fit', () => {
  test('takes the same steps as a loop written by hand', async () => {
    const stepper = sgd({ rate: 0.05, momentum: 0.5 }).start();
    let theta: { depth: Tensor<Float64Array>; width: Tensor<Float64Array> } = params;
    const losses: number[] = [];
    for (let epoch = 0; epoch < 3; epoch++) {
      let total = 0;
      for (const from of [0, 5, 10]) {
        const batch = compounds.slice(from, from + 5);
        const result = await combineBatch({
          compounds: batch,
          params: theta,
          score,
          combination,
          loss: (x, { compound }) => squaredError(compound.measured)(x),
        });
        total += result.loss as number;
        const mean = ({ data }: Tensor) =>
          tensor(
            Float64Array.from(data, each => each / batch.length),
            [],
          );
        theta = stepper.step(theta, {
          depth: mean(result.gradient.depth),
          width: mean(result.gradient.width),
        });
      }
      losses.push(total / compounds.length);
    }
    const optimiser = sgd({ rate: 0.05, momentum: 0.5 });
    const result = await fit({ ...common, optimiser, epochs: 3, batch: 5, shuffle: false });
    expect(result.params).toEqual(theta);
    expectClose(
      result.epochs.map(each => each.loss),
      losses,
      1e-14,
    );
    expect(result).toMatchObject({ best: 3, stopped: 'epochs', badCompounds: [] });
    expect(numbersOf(params)).toEqual([-1, 2]);
  });

  test.each([
    ['adam', adam({ rate: 0.02 }), 4],
    ['lbfgs', lbfgs(), undefined],
  ] as [string, Optimiser, number | undefined][])(
    'lowers the loss with %s, and is deterministic',
    async (_, optimiser, batch) => {
      const options = { ...common, optimiser, epochs: 60, ...(batch && { batch }) };
      const [first, second] = [await fit(options), await fit(options)];
      expect(second).toEqual(first);
      expect((first.epochs.at(-1) as { loss: number }).loss).toBeLessThan(
        0.5 * (first.epochs[0] as { loss: number }).loss,
      );
    },
  );

  test('shuffles differently for each seed and each epoch', async () => {
    const ordersFor = async (seed: number) => {
      const order: number[] = [];
      const recording = (compound: Compound) => {
        order.push(compounds.indexOf(compound));
        return squaredError(compound.measured);
      };
      await fit({ ...common, loss: recording, optimiser: sgd({ rate: 0.01 }), epochs: 2, batch: 3, seed });
      // `loss` may be called for a compound twice in a row, which counts once.
      const once = order.filter((each, k) => k === 0 || each !== order[k - 1]);
      return [once.slice(0, 12), once.slice(12)];
    };
    const [a, b] = [await ordersFor(1), await ordersFor(2)];
    for (const order of [...a, ...b]) expect(order.toSorted((x, y) => x - y)).toEqual([...compounds.keys()]);
    expect(new Set([...a, ...b].map(String)).size).toBe(4);
  });

  test('returns the parameters of the lowest validation loss, and stops when patience runs out', async () => {
    const shifted = compounds.map((each, i) => (i < 3 ? { ...each, measured: -3.2 } : each));
    const { epochs, result } = await everyEpoch({
      ...common,
      compounds: shifted,
      optimiser: adam({ rate: 0.05 }),
      epochs: 500,
      validation: ({ name }) => ['c0', 'c1', 'c2'].includes(name),
      patience: 7,
    });
    expect(result.stopped).toBe('patience');
    const losses = result.epochs.map(each => each.validationLoss as number);
    const bestEpoch = losses.indexOf(Math.min(...losses)) + 1;
    expect(result.best).toBe(bestEpoch);
    expect(losses.length).toBe(bestEpoch + 7);
    expect(result.params).toEqual(epochs[bestEpoch - 1]?.params);
    const held = await predict({
      ...{ compounds: shifted.slice(0, 3), params: result.params, score, combination },
    });
    const squares = held.map((value, i) => (value - (shifted[i] as Compound).measured) ** 2);
    expectClose(squares.reduce((a, b) => a + b) / 3, Math.min(...losses), 1e-12);
  });

  test.each([
    ['a share', 0.25, 3],
    ['one compound for a share near 0', 0.001, 1],
    ['all but one compound for a share near 1', 0.999, 11],
    ['whole groups', { fraction: 0.3, by: ({ target }: Compound) => target }, 6],
    ['compounds chosen by a function', ({ target }: Compound) => target === 't2', 3],
    ['a separate list', compounds.slice(0, 2).map(each => ({ ...each, name: `other ${each.name}` })), 2],
  ] as const)('holds out %s', async (_, validation, held) => {
    const saved: Checkpoint[] = [];
    const scored = new Set<string>();
    const watched: typeof loss = compound => {
      scored.add(compound.name);
      return loss(compound);
    };
    await fit({
      ...{ ...common, loss: watched, optimiser: sgd({ rate: 0.01 }), epochs: 1 },
      validation: validation as number,
      onCheckpoint: each => saved.push(each),
    });
    const all = typeof validation === 'object' && Array.isArray(validation) ? 14 : 12;
    expect(saved[0]?.compounds).toEqual([all - held, held]);
    expect(scored.size).toBe(all);
    if (typeof validation === 'object' && 'by' in validation) {
      const targets = split<Compound>(compounds, validation, 0).validation.map(({ target }) => target);
      // Each target has three compounds.
      expect(new Set(targets).size).toBe(held / 3);
    }
  });

  test('accepts batchLoss, poseLoss and readouts', async () => {
    const readout = pKi({ kT: 0.593 });
    const measured = compounds.map(each => each.measured);
    const { loss: _, ...scoring } = common;
    const ranked = await fit({
      ...scoring,
      readout,
      batchLoss: (predictions, { compounds: batch }) =>
        pairwiseRanking(batch.map(each => -(each as Compound).measured))(predictions),
      optimiser: adam({ rate: 0.01 }),
      epochs: 5,
      validation: 0.25,
    });
    expect(ranked.epochs.every(each => Number.isFinite(each.validationLoss))).toBe(true);
    const byPoses = await fit({
      ...{ ...scoring, optimiser: adam({ rate: 0.01 }), epochs: 2 },
      poseLoss: x => square(sub(x, measured[0] as number)),
    });
    expect((byPoses.epochs[1] as { loss: number }).loss).toBeLessThan(
      (byPoses.epochs[0] as { loss: number }).loss,
    );
  });

  test('fitting() computes epochs one by one, only when the caller wants the next', async () => {
    let computed = 0;
    for await (const { epoch, loss: epochLoss, params: after } of fitting({
      ...{ ...common, optimiser: adam({ rate: 0.02 }), epochs: 100 },
      onEpoch: () => void computed++,
    })) {
      expect(epochLoss).toBeGreaterThan(0);
      expect(after.depth.data.length).toBe(1);
      if (epoch === 3) break;
    }
    expect(computed).toBe(3);
  });

  test('aborts with the signal’s reason', async () => {
    const controller = new AbortController();
    const run = fit({
      ...{ ...common, optimiser: adam({ rate: 0.02 }), epochs: 1e6, signal: controller.signal },
      onEpoch: ({ epoch }) => epoch === 4 && controller.abort(new Error('enough')),
    });
    await expect(run).rejects.toThrow('enough');
    // A timer can also fire during the fit.
    const timed = fit({
      ...{ ...common, optimiser: adam({ rate: 0.02 }), epochs: 1e6, signal: AbortSignal.timeout(60) },
    });
    await expect(timed).rejects.toThrow('timeout');
    const aborted = AbortSignal.abort(new Error('no'));
    await expect(fit({ ...common, optimiser: lbfgs(), epochs: 1, signal: aborted })).rejects.toThrow('no');
  });
});

describe('checkpoints', () => {
  const cases: readonly [
    string,
    Partial<FitOptions<readonly number[], Compound, Theta>> & { optimiser: Optimiser },
  ][] = [
    ['adam in batches', { optimiser: adam({ rate: step => 0.05 * 0.99 ** step }), batch: 5, seed: 3 }],
    [
      'sgd with a validation',
      { optimiser: sgd({ rate: 0.02, momentum: 0.9 }), batch: 4, validation: 0.25, patience: 100 },
    ],
    ['lbfgs', { optimiser: lbfgs(), validation: ({ target }) => target === 't1' }],
  ];

  test.each(cases)('resume a fit to the bits of an uninterrupted one: %s', async (_, options) => {
    const saved: string[] = [];
    const whole = await fit({
      ...{ ...common, ...options, epochs: 9 },
      onCheckpoint: checkpoint => saved.push(JSON.stringify(checkpoint)),
    });
    for (const k of [0, 3, saved.length - 1]) {
      const again: string[] = [];
      const resumed = await fit({
        ...{ ...common, ...options, epochs: 9, resume: JSON.parse(saved[k] as string) as Checkpoint },
        onCheckpoint: checkpoint => again.push(JSON.stringify(checkpoint)),
      });
      if (whole.stopped !== 'converged') expect(resumed).toEqual(whole);
      else expect(resumed.params).toEqual(whole.params);
      if (whole.stopped !== 'converged') expect(again).toEqual(saved.slice(k + 1));
    }
  });

  test('are passed to onCheckpoint every `checkpointEvery` epochs and after the last', async () => {
    const epochs: number[] = [];
    await fit({
      ...{ ...common, optimiser: adam({ rate: 0.01 }), epochs: 7, checkpointEvery: 3 },
      onCheckpoint: async checkpoint => {
        await Promise.resolve();
        epochs.push(checkpoint.epochs.length);
      },
    });
    expect(epochs).toEqual([3, 6, 7]);
  });

  const checkpoint = async (): Promise<Checkpoint> => {
    let saved: Checkpoint | undefined;
    const onCheckpoint = (each: Checkpoint) => {
      saved = each;
    };
    await fit({ ...common, optimiser: adam({ rate: 0.01 }), epochs: 1, onCheckpoint });
    return saved as Checkpoint;
  };

  test.each<[string, (saved: Checkpoint) => unknown]>([
    ['fit: resume must be a checkpoint that a fit wrote', () => ({})],
    ['fit: the checkpoint has seed 5, but this fit has 0', saved => ({ ...saved, seed: 5 })],
    [
      'fit: the checkpoint has 11 and 0 training and validation compounds, but this fit has 12 and 0',
      saved => ({ ...saved, compounds: [11, 0] }),
    ],
    [
      'fit: the checkpoint is of sgd, but this fit uses adam',
      saved => ({ ...saved, optimiser: { ...saved.optimiser, optimiser: 'sgd' } }),
    ],
    [
      'fit: the checkpoint: parameter depth is missing',
      saved => ({ ...saved, params: { width: saved.params.width } }),
    ],
    [
      'fit: the checkpoint: there is no parameter w',
      saved => ({ ...saved, params: { ...saved.params, w: saved.params.width } }),
    ],
    [
      'fit: the checkpoint: parameter width has shape [1], not []',
      saved => ({ ...saved, params: { ...saved.params, width: { ...saved.params.width, shape: [1] } } }),
    ],
    [
      'fit: the checkpoint: parameter width is not 1 numbers in base64',
      saved => ({ ...saved, params: { ...saved.params, width: { shape: [], data: 'AAA' } } }),
    ],
  ])('are rejected if they are wrong: %s', async (message, damage) => {
    const resume = damage(await checkpoint()) as Checkpoint;
    await expect(fit({ ...common, optimiser: adam({ rate: 0.01 }), epochs: 2, resume })).rejects.toThrow(
      message,
    );
  });
});

describe('bad compounds', () => {
  // A negative distance has the logarithm NaN.
  const broken: Scorer<readonly number[], Theta> = (tape, theta, distances) =>
    sub(score(tape, theta, distances), mul(1e-6, sum(log(tape.constant([...distances])))));
  const withBad = compounds.map((each, i) => (i === 4 || i === 7 ? { ...each, poses: [[3], [-1]] } : each));
  const options = { ...common, compounds: withBad, score: broken, epochs: 3 };

  test.each([
    ['adam', adam({ rate: 0.01 }), 3],
    ['lbfgs', lbfgs(), undefined],
  ] as [string, Optimiser, number | undefined][])(
    'are an error with their name, or skipped, with %s',
    async (_, optimiser, batch) => {
      const settings = { ...options, optimiser, ...(batch && { batch, shuffle: false }) };
      const error: Error = await fit(settings).then(
        () => expect.fail('nothing thrown'),
        (thrown: Error) => thrown,
      );
      expect(error.message).toMatch(/^fit: c4: pose 1: its prediction is NaN/);
      expect(error.cause).toBeInstanceOf(BadPoseError);
      const skipped: FitResult<Theta> = await fit({ ...settings, badCompound: 'skip' });
      expect(skipped.badCompounds.map(({ name, epoch }) => [name, epoch])).toEqual([
        ['c4', 1],
        ['c7', 1],
      ]);
      const without = await fit({
        ...settings,
        compounds: withBad.filter((_, i) => i !== 4 && i !== 7),
        shuffle: false,
        ...(batch && { batch: 12 }),
      });
      if (!batch) expect(skipped.params).toEqual(without.params);
      let saved: Checkpoint | undefined;
      const whole = await fit({
        ...settings,
        badCompound: 'skip',
        epochs: 2,
        onCheckpoint: json => (saved ??= json),
      });
      expect(await fit({ ...settings, badCompound: 'skip', epochs: 2, resume: saved as Checkpoint })).toEqual(
        whole,
      );
    },
  );

  test('with lbfgs: a bad pose shortens the step, an error of the scorer ends the fit and names the compound', async () => {
    // The long first step reaches widths below 1, where the logarithm is NaN.
    const scoreLog: Scorer<readonly number[], Theta> = (tape, theta, distances) =>
      sub(score(tape, theta, distances), mul(1e-3, log(sub(theta.width, 1))));
    const result = await fit({
      ...common,
      score: scoreLog,
      optimiser: lbfgs({ firstStep: 100 }),
      epochs: 40,
    });
    expect(result.params.width.data[0]).toBeGreaterThan(1);
    expect(result.badCompounds).toEqual([]);
    let calls = 0;
    const failing: typeof score = (tape, theta, distances) => {
      if (++calls > 60) throw new TypeError('no such atom');
      return score(tape, theta, distances);
    };
    for (const badCompound of ['throw', 'skip'] as const) {
      calls = 0;
      await expect(
        fit({ ...common, score: failing, optimiser: lbfgs(), epochs: 40, badCompound }),
      ).rejects.toThrow(/^fit: c\d+: pose \d: no such atom/);
    }
  });

  test('are also left out of the validation; a fit with no compound left is an error', async () => {
    const held = await fit({
      ...{ ...options, optimiser: adam({ rate: 0.01 }), badCompound: 'skip' },
      validation: ({ name }) => ['c4', 'c5'].includes(name),
    });
    expect(held.badCompounds.map(({ name }) => name)).toEqual(['c7', 'c4']);
    const onlyBad = [withBad[4], withBad[7]] as Compound[];
    for (const optimiser of [adam({ rate: 0.01 }), lbfgs()])
      await expect(fit({ ...options, compounds: onlyBad, optimiser, badCompound: 'skip' })).rejects.toThrow(
        /^fit: no compound is left; the last bad one was c7: pose 1: its prediction is NaN/,
      );
  });

  test('without a name are named by their number', async () => {
    const nameless = withBad.map(({ name: _, ...each }) => each);
    const { loss: __, ...scoring } = options;
    const wanted = {
      ...scoring,
      optimiser: adam({ rate: 0.01 }),
      poseLoss: (x: Parameters<typeof square>[0]) => square(x),
    };
    await expect(fit({ ...wanted, compounds: nameless })).rejects.toThrow(/^fit: compound 4: pose 1/);
    await expect(predict({ compounds: nameless, params, score: broken, combination })).rejects.toThrow(
      /^predict: compound 4: pose 1/,
    );
  });
});

describe('errors', () => {
  const good = { ...common, optimiser: adam({ rate: 0.01 }), epochs: 1 };
  test.each<[string, object]>([
    ['fit: no option epoch; options are', { epoch: 3 }],
    ['fit: compounds must be an array', { compounds: new Set(compounds) }],
    ['fit: there are no compounds', { compounds: [] }],
    ['fit: loss must be a function, got string', { loss: 'mse' }],
    ['fit: there is no loss; give one, such as', { loss: undefined }],
    ['fit: optimiser must be made by adam()', { optimiser: 'adam' }],
    ['fit: epochs must be a whole number from 1, got undefined', { epochs: undefined }],
    ['fit: batch must be a whole number from 1, got 0.5', { batch: 0.5 }],
    ['fit: seed must be a whole number from 0, got -1', { seed: -1 }],
    ['fit: patience needs the option validation', { patience: 3 }],
    ['fit: lbfgs takes all compounds at once; leave out batch', { optimiser: lbfgs(), batch: 3 }],
    ["fit: badCompound must be 'throw' or 'skip', got drop", { badCompound: 'drop' }],
    ['fit: the share for validation must be between 0 and 1, got 1', { validation: 1 }],
    ['fit: there are no compounds for training', { validation: () => true }],
    ['fit: there are no compounds for validation', { validation: () => false }],
    ['fit: c0 must have poses', { compounds: [{ ...compounds[0], poses: 3 }] }],
    [
      'fit: the poses of c0 can be iterated only once',
      { compounds: [{ ...compounds[0], poses: [[1]].values() }] },
    ],
    ['fit: there are two compounds named c0', { compounds: [compounds[0], { ...compounds[0] }] }],
    [
      'combinePoses: parameter width is NaN at position 0',
      { params: { ...params, width: tensor(Number.NaN) } },
    ],
    ['combinePoses: combination must be', { combination: undefined }],
  ])('%s', async (message, wrong) => {
    await expect(fit({ ...good, ...wrong } as never)).rejects.toThrow(message);
  });
});

test('predict agrees with combinePoses, and rejects a loss', async () => {
  const values = await predict({ compounds, params, score, combination });
  for (const [i, { poses }] of compounds.entries())
    expect(values[i]).toBe((await combinePoses({ poses, params, score, combination })).value);
  await expect(predict({ compounds, params, score, combination, loss } as never)).rejects.toThrow(
    'predict: no option loss',
  );
});
