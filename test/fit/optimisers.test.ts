import { readFileSync } from 'node:fs';
import { type Tensor, tensor } from 'posetape';
import { adam, adamw, type FirstOrder, type OptimiserState, sgd } from 'posetape/fit';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';

/** Contents of pytorch/table.jsonl, which pytorch/make-table.py writes. */
interface Table {
  readonly rate: number;
  readonly start: { readonly w: number[][]; readonly b: number[] };
  readonly gradients: readonly { readonly w: number[]; readonly b: number[] }[];
  readonly cases: readonly {
    readonly optimiser: 'adam' | 'adamw' | 'sgd';
    readonly options: {
      readonly betas?: readonly [number, number];
      readonly eps?: number;
      readonly weight_decay?: number;
      readonly momentum?: number;
      readonly nesterov?: boolean;
    };
    readonly clip?: { readonly norm: number } | { readonly value: number };
    readonly freeze?: readonly string[];
    readonly schedule?: boolean;
    readonly after: readonly number[][];
  }[];
}

const lines = readFileSync(new URL('pytorch/table.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const [common, ...byCase] = lines.map(line => JSON.parse(line) as unknown);
const table = { ...(common as Omit<Table, 'cases'>), cases: byCase as Table['cases'] };
const start = { w: tensor(table.start.w), b: tensor(table.start.b) };
const gradients = table.gradients.map(({ w, b }) => ({
  w: tensor(Float64Array.from(w), [2, 3]),
  b: tensor(b),
}));
const schedule = (step: number) => table.rate * Math.min(1, step / 4) * 0.9 ** step;

function optimiserOf({
  optimiser,
  options,
  clip,
  freeze,
  schedule: isScheduled,
}: Table['cases'][number]): FirstOrder {
  const { betas, eps, weight_decay: weightDecay, ...others } = options;
  const settings = {
    rate: isScheduled ? schedule : table.rate,
    ...(betas && { beta1: betas[0], beta2: betas[1] }),
    ...(eps !== undefined && { epsilon: eps }),
    ...(weightDecay !== undefined && { weightDecay }),
    ...(clip && { clip }),
    ...(freeze && { freeze }),
    ...others,
  };
  return { adam, adamw, sgd }[optimiser](settings);
}

const title = ({ optimiser, after: _, ...others }: Table['cases'][number]) =>
  `${optimiser} ${JSON.stringify(others)}`;
const cases = table.cases.map(each => [title(each), each] as const);

describe('steps', () => {
  test.each(cases)('equal PyTorch’s: %s', (_, each) => {
    const stepper = optimiserOf(each).start();
    let params: { w: Tensor<Float64Array>; b: Tensor<Float64Array> } = start;
    for (const [k, gradient] of gradients.entries()) {
      params = stepper.step(params, gradient);
      const expected = each.after[k] as number[];
      for (const [i, number] of [...params.w.data, ...params.b.data].entries())
        expect(Math.abs(number - (expected[i] as number))).toBeLessThanOrEqual(
          1e-12 * Math.max(1, Math.abs(number)),
        );
    }
    expect(start.w.data).toEqual(Float64Array.from(table.start.w.flat()));
  });

  test.each(cases)('continue from JSON to the same bits: %s', (_, each) => {
    const optimiser = optimiserOf(each);
    const [whole, interrupted] = [optimiser.start(), optimiser.start()];
    let [a, b] = [start, start];
    for (const gradient of gradients.slice(0, 5))
      [a, b] = [whole.step(a, gradient), interrupted.step(b, gradient)];
    const text = JSON.stringify(interrupted);
    // Reading and writing a state does not change it.
    const resumed = optimiser.start(JSON.parse(text) as OptimiserState);
    expect(JSON.stringify(resumed)).toBe(text);
    for (const gradient of gradients.slice(5)) [a, b] = [whole.step(a, gradient), resumed.step(b, gradient)];
    expect(b).toEqual(a);
    expect(JSON.stringify(resumed)).toBe(JSON.stringify(whole));
  });

  test('of several runs of one optimiser are independent', () => {
    const optimiser = adam({ rate: 0.1 });
    const [gradient] = gradients as [(typeof gradients)[number]];
    const first = optimiser.start().step(start, gradient);
    expect(optimiser.start().step(start, gradient)).toEqual(first);
  });

  test('of adam equal steps computed by hand', () => {
    const stepper = adam({ rate: 0.1 }).start();
    // m̂ = 2 and v̂ = 4, so the step is the rate times the sign of the gradient. For a gradient of 0, it is 0.
    const first = stepper.step({ w: tensor([1, 5]) }, { w: tensor([2, 0]) });
    expectClose(first.w, [1 - 0.1 / (1 + 1e-8 / 2), 5], 1e-15);
    // m = 0.9·0.2 − 0.1 = 0.08, v = 0.999·0.004 + 0.001 = 0.004996, m̂ = m/0.19, v̂ = v/0.001999
    expectClose(stepper.step(first, { w: tensor([-1, 0]) }).w, [0.8733662967024315, 5], 1e-14);
  });

  test('return parameters in float64, even for float32 ones', () => {
    const params = { w: tensor(Float32Array.of(1)) };
    const { w } = sgd({ rate: 1e-12 })
      .start()
      .step(params, { w: tensor([1]) });
    expect(w.data).toEqual(Float64Array.of(1 - 1e-12));
  });

  test('accept parameters of any name, and freeze by a function', () => {
    const params = Object.fromEntries([
      ['__proto__', tensor([1])],
      ['constructor', tensor([2])],
    ]);
    const stepper = sgd({ rate: 1, momentum: 0.5, freeze: name => name === 'constructor' }).start();
    const after = stepper.step(params, params);
    expect(Object.entries(after).map(([name, { data }]) => [name, data[0]])).toEqual([
      ['__proto__', 0],
      ['constructor', 2],
    ]);
    const resumed = sgd({ rate: 1, momentum: 0.5 }).start(JSON.parse(JSON.stringify(stepper)));
    expect(Object.entries(resumed.step(after, params)).map(([, { data }]) => data[0])).toEqual([-1.5, 0]);
  });

  test('clip gradients whose squares overflow', () => {
    const { w } = sgd({ rate: 1, clip: { norm: 1 } })
      .start()
      .step({ w: tensor([0, 0]) }, { w: tensor([3e200, 4e200]) });
    expectClose(w, [-0.6, -0.8], 1e-15);
  });
});

describe('errors', () => {
  const step = (optimiser: FirstOrder, gradient: Record<string, Tensor>, saved?: unknown) => () =>
    optimiser.start(saved as OptimiserState).step({ w: tensor([1, 2]) }, gradient);
  const w = tensor([1, 1]);

  test.each([
    ['adam: the gradient of w is missing or has another length', step(adam({ rate: 1 }), {})],
    ['adam: the gradient of w is missing or has another length', step(adam({ rate: 1 }), { w: tensor([1]) })],
    ['adam: the gradient of w is NaN at position 1', step(adam({ rate: 1 }), { w: tensor([1, Number.NaN]) })],
    ['sgd: freeze names v, which is not a parameter', step(sgd({ rate: 1, freeze: ['v'] }), { w })],
    [
      'sgd: the rate of step 1 must be a finite number from 0, got NaN',
      step(sgd({ rate: () => Number.NaN }), { w }),
    ],
    [
      'adam: the saved state is of sgd, not of adam',
      step(adam({ rate: 1 }), { w }, sgd({ rate: 1 }).start().toJSON()),
    ],
    [
      'adam: the saved m of w is not 2 numbers in base64',
      step(adam({ rate: 1 }), { w }, { optimiser: 'adam', step: 1, moments: { m: { w: 'AAAA' }, v: {} } }),
    ],
    ['adam: rate must be a finite number from 0, got -1', () => adam({ rate: -1 })],
    ['adam: rate must be a finite number from 0, got undefined', () => adam({} as never)],
    ['adamw: no option lr; options are rate, ', () => adamw({ lr: 1 } as never)],
    ['adam: beta2 must be a number from 0 to below 1, got 1', () => adam({ rate: 1, beta2: 1 })],
    ['sgd: nesterov needs a momentum above 0', () => sgd({ rate: 1, nesterov: true })],
    ['sgd: clip must be { norm } or { value }', () => sgd({ rate: 1, clip: { norms: 1 } as never })],
    ['sgd: clip.norm must be a number above 0, got 0', () => sgd({ rate: 1, clip: { norm: 0 } })],
  ])('%s', (message, run) => {
    expect(run).toThrow(message);
  });
});
