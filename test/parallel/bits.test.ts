import fc from 'fast-check';
import {
  type Accumulator,
  accumulatePoses,
  boltzmann,
  type CombineResult,
  combineBatch,
  combinePoses,
  finish,
  lse,
  mean,
  type Workers,
} from 'posetape/combine';
import { adam, fit, predict } from 'posetape/fit';
import { square, sub, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { property } from '../support/property.ts';
import * as withLosses from './losses-scorer.ts';
import { chunkedBy, poolOf, posesOf } from './pools.ts';
import * as scorer from './scorer.ts';
import { params, type Theta } from './scorer.ts';

const { score } = scorer;
const threads = [1, 2, 3, 8];
const pools = threads.map(count => poolOf({ threads: count }));
const one = pools[0] as Workers;
const poses = posesOf(50);

/** Result without `peakBytes`, which may differ between pools. */
function withoutBytes({ stats, ...result }: CombineResult<Theta>): unknown {
  const { peakBytes: _, ...others } = stats;
  return { ...result, stats: others };
}

/** Merges the states of chunks in order, in this process. */
async function mergedHere(
  options: Omit<Parameters<typeof accumulatePoses<scorer.Sent, Theta>>[0], 'poses'>,
  size: number,
  all = poses,
): Promise<Accumulator> {
  let whole = (options.combination as ReturnType<typeof mean>).accumulator();
  for (let from = 0; from < all.length; from += size) {
    const { state } = await accumulatePoses<scorer.Sent, Theta>({
      ...options,
      poses: all.slice(from, from + size),
    } as never);
    whole = whole.merge(state);
  }
  return whole;
}

describe('results are the same to the bit for 1, 2, 3 and 8 threads', () => {
  test.each([mean(), lse({ t: 2 }), boltzmann({ kT: 0.5 }), scorer.combination])(
    'and in one process with the same chunks: $kind $settings',
    async combination => {
      const whole = await mergedHere({ params, score, combination }, 4);
      const loss = (x: Parameters<typeof square>[0]) => square(sub(x, -3));
      const { gradient, value, loss: lossHere } = finish(whole, { params, combination, loss });
      for (const pool of pools) {
        const result = await combinePoses({ pool, poses, params, combination, loss });
        expect(result.value).toBe(value);
        expect(result.loss).toBe(lossHere);
        expect(result.gradient).toEqual(gradient);
        const { state } = await accumulatePoses({ pool, poses, params, combination });
        expect(state.toJSON()).toEqual(whole.toJSON());
      }
    },
  );

  test.each([
    ['stream', {}],
    ['recompute', {}],
    ['stream, three poses a tape', { posesPerTape: 3 }],
    ['recompute, three poses a tape', { posesPerTape: 3 }],
    ['stream, predictions alone', { gradient: false }],
    ['recompute, predictions alone', { gradient: false }],
    ['stream, without predictions', { keepPredictions: false }],
    ['recompute, poses of little influence', { tolerance: 0.01 }],
  ] as const)('and close to the results without a pool: %s', async (name, more) => {
    const strategy = name.startsWith('recompute') ? 'recompute' : 'stream';
    const options = { poses, params, combination: boltzmann({ kT: 0.5 }), strategy, ...more } as const;
    const results = [];
    for (const pool of pools) results.push(withoutBytes(await combinePoses({ pool, ...options })));
    for (const each of results) expect(each).toEqual(results[0]);
    const here = await combinePoses({
      score: 'posesPerTape' in more ? scorer.scoreGroup : score,
      ...options,
    } as never);
    const [pooled] = results as [CombineResult<Theta>];
    expect(pooled.value).toBeCloseTo(here.value, 13);
    expect([...pooled.predictions]).toEqual([...here.predictions]);
    for (const key of ['weights', 'coefficients'] as const)
      pooled[key].forEach((number, n) => {
        expect(number).toBeCloseTo(here[key][n] as number, 13);
      });
    for (const [key, tensor] of Object.entries(here.gradient))
      (tensor as { data: Float64Array }).data.forEach((number, n) => {
        expect(pooled.gradient[key]?.data[n]).toBeCloseTo(number, 12);
      });
    const { effectiveSampleSize: _, peakBytes: __, ...stats } = here.stats;
    expect(pooled.stats).toMatchObject(stats);
  });

  test('also for a combination in ops, and a loss that reads all predictions', async () => {
    const inOps = { poses, params, combination: (x: Parameters<typeof sum>[0]) => square(sum(x)) };
    const ofPredictions = {
      poses,
      params,
      combination: mean(),
      strategy: 'recompute',
      loss: (_: unknown, { predictions }: { predictions: Parameters<typeof sum>[0] }) =>
        sum(square(predictions)),
    } as const;
    for (const options of [inOps, ofPredictions]) {
      const here = await combinePoses<scorer.Sent, Theta>({ score, ...options } as never);
      const results = [];
      for (const pool of pools)
        results.push(withoutBytes(await combinePoses<scorer.Sent, Theta>({ pool, ...options } as never)));
      for (const each of results) expect(each).toEqual(results[0]);
      const [pooled] = results as [CombineResult<Theta>];
      expect(pooled.value).toBe(here.value);
      expect(pooled.gradient.width.data[0]).toBeCloseTo(here.gradient.width.data[0] as number, 10);
    }
  });

  property(
    'and in one process, for any number of poses and size of chunks',
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 15 }),
    fc.constantFrom(...pools),
    async (count, size, pool) => {
      const some = posesOf(count);
      const combination = boltzmann({ kT: 0.5 });
      const whole = await mergedHere({ params, score, combination }, size, some);
      const { state } = await accumulatePoses({
        pool: chunkedBy(pool, size),
        poses: some,
        params,
        combination,
      });
      expect(state.toJSON()).toEqual(whole.toJSON());
    },
  );
});

test('functions of the module get the index of each pose among all poses, and the parameters', async () => {
  const pool = poolOf({ threads: 2 }, 'losses-scorer');
  const { combination, poseLoss, poseReadout } = withLosses;
  for (const strategy of ['stream', 'recompute'] as const) {
    const options = { poses, params, combination, strategy };
    const here = await combinePoses<scorer.Sent, Theta>({ score, poseLoss, poseReadout, ...options });
    const pooled = await combinePoses<scorer.Sent, Theta>({ pool, ...options });
    expect(pooled.loss).toBeCloseTo(here.loss as number, 10);
    expect(pooled.weights.length).toBe(here.weights.length);
    for (const [name, { data }] of Object.entries(here.gradient))
      data.forEach((number, n) => {
        expect(pooled.gradient[name]?.data[n]).toBeCloseTo(number, 9);
      });
  }
});

describe('many compounds', () => {
  const compounds = Array.from({ length: 9 }, (_, c) => ({
    name: `c${c}`,
    poses: posesOf(3 + 2 * c),
    measured: -c / 3,
  }));
  const combination = boltzmann({ kT: 0.5 });

  test.each([
    ['with a loss of each compound', {}],
    ['with a batchLoss', { batchLoss: (x: Parameters<typeof sum>[0]) => sum(square(sub(x, 1))) }],
  ])('combineBatch gives the same bits for any number of threads, %s', async (_, more) => {
    const options = {
      compounds,
      params,
      combination,
      loss: (x: Parameters<typeof sum>[0], { compound }: { compound: (typeof compounds)[number] }) =>
        square(sub(x, compound.measured)),
      ...more,
    };
    const results = [];
    for (const pool of pools)
      results.push(await combineBatch<scorer.Sent, (typeof compounds)[number], Theta>({ pool, ...options }));
    for (const each of results) expect(each).toEqual(results[0]);
    const here = await combineBatch<scorer.Sent, (typeof compounds)[number], Theta>({ score, ...options });
    expect(results[0]?.loss).toBeCloseTo(here.loss as number, 12);
    expect([...(results[0]?.values ?? [])].map(each => each.toFixed(12))).toEqual(
      [...here.values].map(each => each.toFixed(12)),
    );
  });

  test('a fit gives the same bits for 1 and 3 threads, and skips a bad compound', async () => {
    const bad = { name: 'bad', measured: 0, poses: [{ distances: [3], fault: 'is NaN' as const }] };
    const options = {
      compounds: [...compounds.slice(0, 4), bad, ...compounds.slice(4)],
      params,
      combination,
      loss:
        ({ measured }: { measured: number }) =>
        (x: Parameters<typeof sum>[0]) =>
          square(sub(x, measured)),
      optimiser: adam({ rate: 0.01 }),
      epochs: 3,
      batch: 4,
      badCompound: 'skip',
      validation: 0.2,
    } as const;
    const fits = [];
    for (const pool of [pools[0], pools[2]] as Workers[])
      fits.push(await fit<scorer.Sent, (typeof compounds)[number] | typeof bad, Theta>({ pool, ...options }));
    expect(fits[1]).toEqual(fits[0]);
    expect(fits[0]?.badCompounds.map(({ name }) => name)).toEqual(['bad']);
    const predictions = await predict({ pool: one, compounds, params, combination });
    expect(predictions.length).toBe(9);
  });
});
