import fc from 'fast-check';
import { tensor } from 'posetape';
import { BadPoseError, boltzmann, combinePoses, type Scorer } from 'posetape/combine';
import {
  type Evaluated,
  lbfgs,
  type MinimiseOptions,
  minimise,
  type OptimiserState,
  recorded,
} from 'posetape/fit';
import { exp, log, mul, neg, square, sub, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { property } from '../support/property.ts';

type X = { readonly x: { readonly data: Float64Array } };

/** Makes an objective for minimise() from a function of a list of numbers that returns value and gradient. */
const objective =
  (f: (x: Float64Array) => readonly [number, readonly number[]]) =>
  ({ x }: X): Evaluated => {
    const [value, gradient] = f(x.data);
    return { value, gradient: { x: tensor(Float64Array.from(gradient)) } };
  };

/** H. H. Rosenbrock, The Computer Journal 3, 175, 1960, extended to any even number of variables. */
const rosenbrock = objective(x => {
  let value = 0;
  const slope = new Array<number>(x.length).fill(0);
  for (let i = 0; i < x.length; i += 2) {
    const [a, b] = [x[i] as number, x[i + 1] as number];
    value += 100 * (b - a * a) ** 2 + (1 - a) ** 2;
    slope[i] = -400 * a * (b - a * a) - 2 * (1 - a);
    slope[i + 1] = 200 * (b - a * a);
  }
  return [value, slope];
});

/** M. J. D. Powell, The Computer Journal 5, 147, 1962: its Hessian is singular at the minimum. */
const powell = objective(x => {
  const [a, b, c, d] = x as unknown as [number, number, number, number];
  const [p, q, r, s] = [a + 10 * b, c - d, b - 2 * c, a - d];
  return [
    p ** 2 + 5 * q ** 2 + r ** 4 + 10 * s ** 4,
    [2 * p + 40 * s ** 3, 20 * p + 4 * r ** 3, 10 * q - 8 * r ** 3, -10 * q - 40 * s ** 3],
  ];
});

/** E. M. L. Beale's function, with its minimum at (3, 0.5). */
const beale = objective(([x = 0, y = 0]) => {
  let [value, dx, dy] = [0, 0, 0];
  for (const [k, target] of [1.5, 2.25, 2.625].entries()) {
    const power = y ** (k + 1);
    const residual = target - x * (1 - power);
    value += residual ** 2;
    dx -= 2 * residual * (1 - power);
    dy += 2 * residual * x * (k + 1) * y ** k;
  }
  return [value, [dx, dy]];
});

/** Σ 10^(p i/(n−1)) (x_i − 1)², whose condition number is 10^p. */
const scaled = (p: number) =>
  objective(x => {
    const weights = [...x.keys()].map(i => 10 ** ((p * i) / (x.length - 1)));
    const value = weights.reduce((total, weight, i) => total + weight * ((x[i] as number) - 1) ** 2, 0);
    return [value, weights.map((weight, i) => 2 * weight * ((x[i] as number) - 1))];
  });

describe('minimise', () => {
  test.each([
    ['Rosenbrock in 2 variables', rosenbrock, [-1.2, 1], [1, 1], 1e-6],
    [
      'Rosenbrock in 100 variables',
      rosenbrock,
      Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? -1.2 : 1)),
      new Array(100).fill(1),
      1e-6,
    ],
    ['Rosenbrock from afar', rosenbrock, [-120, 100], [1, 1], 1e-6],
    ['Powell', powell, [3, -1, 0, 1], [0, 0, 0, 0], 2e-2],
    ['Beale', beale, [1, 1], [3, 0.5], 1e-6],
    ['condition number 10⁴', scaled(4), new Array(20).fill(-3), new Array(20).fill(1), 1e-6],
    ['condition number 10⁸', scaled(8), new Array(20).fill(-3), new Array(20).fill(1), 1e-6],
  ] as const)('finds the minimum: %s', async (_, f, start, end, tolerance) => {
    const values: number[] = [];
    const { params, value, stopped, iterations, evaluations, steepness } = await minimise(
      f as ReturnType<typeof objective>,
      { x: tensor([...start]) },
      {
        iterations: 2000,
        valueTolerance: 0,
        memory: 25,
        onIteration: ({ value }) => void values.push(value),
      },
    );
    expectClose(params.x, [...end], tolerance, 1);
    expect(['gradient', 'line-search', 'value']).toContain(stopped);
    if (stopped === 'gradient') expect(steepness).toBeLessThanOrEqual(1e-6);
    expect(value).toBeLessThan(1e-6);
    for (const [k, each] of values.entries())
      if (k > 0) expect(each).toBeLessThanOrEqual((values[k - 1] as number) * (1 + 1e-15));
    expect(evaluations).toBeGreaterThan(iterations);
    expect(evaluations).toBeLessThan(3 * iterations + 40);
  });

  property(
    'finds the minimum of random quadratics, and is deterministic',
    fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 2, maxLength: 12 }),
    fc.double({ min: 0, max: 5, noNaN: true }),
    async (start, power) => {
      const f = scaled(power);
      const run = () =>
        minimise(f, { x: tensor(start) }, { iterations: 1000, memory: 25, valueTolerance: 0 });
      const [first, second] = [await run(), await run()];
      expectClose(
        first.params.x,
        start.map(() => 1),
        1e-3,
      );
      expect(second).toEqual(first);
    },
  );

  test('shortens a step to a point where the value is NaN or infinite, or a pose is bad', async () => {
    // The first step goes to a negative x, where the logarithm is NaN.
    const barrier = objective(([x = 0]) => [x - 0.01 * Math.log(x), [1 - 0.01 / x]]);
    const far = { x: tensor([2]) };
    const actual = await minimise(barrier, far, { firstStep: 100 });
    expectClose(actual.params.x, [0.01], 1e-7, 1);
    const throwing = (at: X) => {
      if ((at.x.data[0] as number) <= 0)
        throw new Error('combineBatch: compound 0', { cause: new BadPoseError({ index: 0, reason: 'NaN' }) });
      return barrier(at);
    };
    expect(await minimise(throwing, far, { firstStep: 100 })).toEqual(actual);
    const infinite = objective(([x = 0]) =>
      x < 1 ? [Number.NEGATIVE_INFINITY, [1]] : [(x - 1.5) ** 2, [2 * (x - 1.5)]],
    );
    expectClose((await minimise(infinite, far)).params.x, [1.5], 1e-6);
  });

  test('reports why it stopped', async () => {
    const atMinimum = { x: tensor([1, 1]) };
    expect(await minimise(rosenbrock, atMinimum)).toMatchObject({
      iterations: 0,
      evaluations: 1,
      stopped: 'gradient',
      value: 0,
    });
    const wrongSign = objective(([x = 0]) => [x, [-1]]);
    expect(await minimise(wrongSign, { x: tensor([1]) })).toMatchObject({
      iterations: 0,
      stopped: 'line-search',
      value: 1,
    });
    const start = { x: tensor([-1.2, 1]) };
    expect(await minimise(rosenbrock, start, { iterations: 3 })).toMatchObject({
      iterations: 3,
      stopped: 'iterations',
    });
    expect((await minimise(rosenbrock, start, { valueTolerance: 0.5 })).stopped).toBe('value');
    expect(start.x.data).toEqual(Float64Array.of(-1.2, 1));
  });

  test('minimises a recorded function and one that calls combinePoses, and freezes parameters', async () => {
    const well = recorded<{ x: typeof start.x; y: typeof start.y }>((tape, { x, y }) =>
      sum(square(sub(mul(x, y), tape.constant([3, 4])))),
    );
    const start = { x: tensor([1, 1]), y: tensor([2, 2]) };
    const { params } = await minimise(well, start, { freeze: ['y'] });
    expectClose(params.x, [1.5, 2], 1e-6);
    expect(params.y.data).toEqual(start.y.data);
    const score: Scorer<number[], { width: ReturnType<typeof tensor> }> = (tape, { width }, d) =>
      neg(sum(exp(neg(square(mul(width, sub(tape.constant(d), 3)))))));
    const { value, stopped } = await minimise(
      width => combinePoses({ poses: [[2.9, 3.4], [3.1]], params: width, score, combination: boltzmann() }),
      { width: tensor(2) },
    );
    // At the minimum, the width is 0 and the energies are −2 and −1.
    const e = Math.exp(1);
    expectClose(value, -(2 * e + 1) / (e + 1), 1e-9);
    expect(stopped).not.toBe('iterations');
  });

  test('aborts with the reason of the signal, and lets timers fire', async () => {
    const controller = new AbortController();
    const run = minimise(
      rosenbrock,
      { x: tensor([-1.2, 1]) },
      {
        signal: controller.signal,
        onIteration: ({ iteration }) => iteration === 2 && controller.abort(new Error('enough')),
      },
    );
    await expect(run).rejects.toThrow('enough');
    // A timer can also fire during the minimisation.
    const slow = (at: X) => {
      for (const until = performance.now() + 5; performance.now() < until; );
      return scaled(8)(at);
    };
    const settings = { iterations: 1e6, memory: 2, gradientTolerance: 0, valueTolerance: 0 };
    const start = { x: tensor(new Array(20).fill(-3)) };
    const timed = minimise(slow, start, { ...settings, signal: AbortSignal.timeout(60) });
    await expect(timed).rejects.toThrow('timeout');
  });

  test.each([
    [
      'lbfgs: the value or its gradient is not finite at the start of the search',
      objective(() => [Number.NaN, [1]]),
      {},
    ],
    ['lbfgs: the gradient of x is missing or has another length', objective(() => [1, []]), {}],
    ['lbfgs: the function must return { value, gradient }', () => ({ gradient: {} }), {}],
    ['minimise: iterations must be a whole number from 1, got 0', rosenbrock, { iterations: 0 }],
    ['lbfgs: memory must be a whole number from 1, got 0', rosenbrock, { memory: 0 }],
    ['lbfgs: freeze names z, which is not a parameter', rosenbrock, { freeze: ['z'] }],
    ['minimise: no option maxIterations', rosenbrock, { maxIterations: 1 }],
  ])('%s', async (message, f, options) => {
    await expect(minimise(f as never, { x: tensor([2]) }, options as MinimiseOptions)).rejects.toThrow(
      message,
    );
  });

  test('passes on an error of the function, and rejects a start where the value is NaN', async () => {
    const failing = recorded<{ x: ReturnType<typeof tensor> }>(() => {
      throw new TypeError('no such thing');
    });
    await expect(minimise(failing, { x: tensor(1) })).rejects.toThrow('no such thing');
    const bad = recorded<{ x: ReturnType<typeof tensor> }>((_, { x }) => log(x));
    await expect(minimise(bad, { x: tensor(-1) })).rejects.toThrow('not finite at the start of the search');
  });
});

test('lbfgs continues from JSON to the same bits', async () => {
  const optimiser = lbfgs({ memory: 4 });
  const [whole, interrupted] = [optimiser.start(), optimiser.start()];
  const start = { x: tensor([-1.2, 1, 3, -2]) };
  const step = async (descent: typeof whole, params: typeof start) =>
    (await descent.step(params, rosenbrock as never)).params;
  let [a, b] = [start, start];
  for (let k = 0; k < 7; k++) [a, b] = [await step(whole, a), await step(interrupted, b)];
  const text = JSON.stringify(interrupted);
  const resumed = optimiser.start(JSON.parse(text) as OptimiserState);
  expect(JSON.stringify(resumed)).toBe(text);
  for (let k = 0; k < 7; k++) [a, b] = [await step(whole, a), await step(resumed, b)];
  expect(b).toEqual(a);
  expect(JSON.stringify(resumed)).toBe(JSON.stringify(whole));
});
