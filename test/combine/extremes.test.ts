import { type Executor, interpreter, jit, type Tape, type Tensor, tensor, type Value } from 'posetape';
import {
  boltzmann,
  type Combination,
  type CombineOptions,
  combinePoses,
  freeEnergy,
  gated,
  mean,
  pooling,
} from 'posetape/combine';
import { add, mul, reshape, slice } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { grouped, strategies } from './known-poses.ts';

/*
 * Results at extreme energies, settings and pose weights that are known in closed form. The parameter `s` holds the
 * scores, one row for each pose, so the gradient with respect to `s` holds the slope of ΔG in each score.
 */

type Params = Readonly<Record<string, Tensor>>;
type Values = Readonly<Record<string, Value>>;
type Options = Partial<Omit<CombineOptions<number, Params>, 'posesPerTape'>> & {
  readonly posesPerTape?: number;
};

/** Combines poses with these scores. Pose n is the number n, which functions of the options receive as the pose. */
function combineRows(rows: readonly (number | readonly number[])[], options: Options) {
  const width = [rows[0]].flat().length;
  const { params, posesPerTape, score = scoreOf, ...rest } = options;
  const given: Omit<CombineOptions<number, Params>, 'posesPerTape' | 'score'> = {
    poses: rows.map((_, n) => n),
    params: { s: tensor(rows.flat(), width === 1 ? [rows.length] : [rows.length, width]), ...params },
    combination: mean(),
    executor: interpreter(),
    ...rest,
  };
  return posesPerTape === undefined
    ? combinePoses<number, Params>({ ...given, score })
    : combinePoses<number, Params>({ ...given, posesPerTape, score: grouped(score) });
}

function scoreOf(_tape: Tape, { s }: Values, n: number): Value {
  const scores = s as Value;
  return reshape(slice(scores, n, n + 1), scores.shape.slice(1));
}

/** Pooling whose score is a log-weight and a value: ℓ_n = z_n0, p_n = z_n1. */
const byScore: Combination = pooling({
  name: 'by score',
  logWeight: z => slice(z, 0, 1),
  values: z => slice(z, 1, 2),
});

describe('groups on a float32 executor', () => {
  const executors: [string, () => Executor][] = [
    ['interpreter', () => interpreter({ precision: 'float32' })],
    ['jit', () => jit({ precision: 'float32' })],
    ['wasm', () => wasm()],
  ];
  const cases = executors.flatMap(([name, make]) =>
    [-8, -60, -600, -6000].map(base => ({ name, make, base })),
  );

  test.each(cases)(
    'have the right gradient with respect to a learned kT, for energies near $base: $name',
    async ({ make, base }) => {
      const kT = 0.593;
      const rows = [0, -0.5, -1.25, -0.75].map(offset => base + offset);
      const factors = rows.map(row => Math.exp((base - row) / kT));
      const Z = factors.reduce((a, b) => a + b);
      const weighted = (of: (offset: number) => number) =>
        rows.reduce((total, row, n) => total + ((factors[n] as number) / Z) * of(row - base), 0);
      // ∂ΔG/∂kT is the variance of the energies divided by kT².
      const average = weighted(offset => offset);
      const exact = weighted(offset => (offset - average) ** 2) / kT ** 2;
      // The slope of a log-weight in kT is ΔG_n/kT². Rounding these slopes to float32 changes the gradient by about this much.
      const rounding = (2 ** -24 * weighted(offset => Math.abs(offset - average)) * Math.abs(base)) / kT ** 2;
      for (const posesPerTape of [2, 3, 4]) {
        const { gradient } = await combineRows(rows, {
          params: { kT: tensor(kT) },
          executor: make(),
          combination: boltzmann<number, Values>({ kT: ({ kT }) => kT as Value }),
          posesPerTape,
        });
        expectClose(gradient.kT?.data ?? [], [exact], 4, rounding + 1e-6);
      }
    },
  );
});

describe.each(strategies)('under %s', strategy => {
  test.each([1, 2, 8])(
    'rounding the mean of equal best poses does not disturb the gradient, with %i poses on a tape',
    async posesPerTape => {
      // Seven equal poses, whose mean is rounded, and one of Boltzmann weight e⁻⁶⁰/7.
      const rows = [...Array(7).fill([0, 9999.1]), [-60, 10_000.1]];
      const { gradient } = await combineRows(rows, { combination: byScore, strategy, posesPerTape });
      const rise = 10_000.1 - 9999.1;
      const weight = Math.exp(-60) / (7 + Math.exp(-60));
      expectClose(gradient.s?.data[0] ?? 0, -(weight * rise) / 7, 1e-12);
      expectClose(gradient.s?.data[14] ?? 0, weight * rise, 1e-12);
    },
  );

  test.each([1, 3])('large values keep their digits, with %i poses on a tape', async posesPerTape => {
    const rows = [
      [0, 1e8],
      [-0.5, 1e8 + 1],
      [-60, 0],
    ];
    const { gradient } = await combineRows(rows, { combination: byScore, strategy, posesPerTape });
    const weight = 1 / (1 + Math.exp(0.5));
    // The third pose is left out. It changes this slope by less than 1e8 e⁻⁶⁰, far below the tolerance.
    expectClose(gradient.s?.data[2] ?? 0, weight * (1 - weight), 1e-12);
  });

  test('a free energy is accurate if the best pose has a tiny pose weight', async () => {
    const combination = freeEnergy<number>({ weight: n => (n === 0 ? 1e-10 : 1) });
    const { value } = await combineRows([-100, 0], { combination, strategy });
    expectClose(value, -(100 + Math.log(1e-10) - Math.log1p(1e-10)), 1e-14);
  });

  test.each([
    ['fixed', freeEnergy({ kT: 1e9 })],
    ['learned', freeEnergy<number, Values>({ kT: ({ kT }) => kT as Value })],
  ])('a free energy is accurate at a high temperature: %s kT', async (_name, combination) => {
    const options = { combination, strategy, params: { kT: tensor(1e9) } };
    const { value } = await combineRows([-7.1, -6.4, -6.3], options);
    // The first two terms of its series in 1/kT: the mean, and half the variance over kT.
    expectClose(value + 6.6, -0.38 / 3 / 2e9, 1e-4);
  });

  test('one gated pose has the slope 1 in its value and 0 in its gate', async () => {
    const { value, gradient } = await combineRows([[0.5, 3]], { combination: gated(), strategy });
    expect([value, ...(gradient.s?.data ?? [])]).toEqual([3, 0, 1]);
  });

  test('a parameter that poseLoss or logWeight reads only for the first pose has the right gradient', async () => {
    const q = { q: tensor(2) };
    const losses = await combineRows([1, 2], {
      params: q,
      strategy,
      poseLoss: (x, { index, params }) => (index === 0 ? mul(params.q as Value, x) : x),
    });
    expect([...(losses.gradient.q?.data ?? [])]).toEqual([1]);
    const combination = pooling<number, Values>({
      name: 'weighed by q',
      logWeight: (z, { index, params }) => (index === 0 ? mul(params.q as Value, z) : z),
    });
    const { gradient } = await combineRows([0.1, 0.2], { params: q, strategy, combination });
    // Both log-weights are 0.2. The slope of the first in q is its score, 0.1.
    expectClose(gradient.q?.data ?? [], [0.5 * 0.1 * (0.1 - 0.15)], 1e-12);
  });
});

test('recompute accepts a prediction that differs by a rounding error in the second pass', async () => {
  let passes = 0;
  const options: Options = {
    strategy: 'recompute',
    score: (_tape, { s }) => add(reshape(s as Value, []), passes++ === 0 ? 0 : 1e-12),
  };
  const { gradient } = await combineRows([0], options);
  expect([passes, ...(gradient.s?.data ?? [])]).toEqual([2, 1]);
});
