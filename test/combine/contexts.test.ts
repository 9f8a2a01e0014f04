import fc from 'fast-check';
import { interpreter, type Tape, type Tensor, tensor, type Value } from 'posetape';
import { boltzmann, type CombineOptions, combinePoses, lse, mean } from 'posetape/combine';
import { add, exp, log1p, mean as meanOf, mul, square, sub, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';
import { knownPose, several } from './arbitraries.ts';
import { type KnownPose, score, strategies } from './known-poses.ts';

/*
 * Tests of functions that run after the scorer (readouts, losses, combinations) and read parameters: `gain`, `offset`,
 * `width`, or the scorer's own parameter `w`.
 */

type Params = Readonly<Record<'w' | 'gain' | 'offset' | 'width', Tensor>>;
type Options = CombineOptions<KnownPose, Params>;
type Values = { readonly [name in keyof Params]: Value };

const paramsOf = (...[gain = 1, offset = 0, width = 0, w = 0]: number[]): Params => ({
  w: tensor([w, -w, 2 * w]),
  gain: tensor(gain),
  offset: tensor([offset, 1]),
  width: tensor(width),
});

/** Random options: each of four functions after the scorer is present or absent, and reads parameters if present. */
const readerChoices = fc.record(
  {
    readout: fc.constant<Options['readout']>((x, { params }) => add(mul(params.gain, x), sum(params.offset))),
    loss: fc.constantFrom<Options['loss']>(
      (x, { params }) => mul(exp(params.width), square(sub(x, 3))),
      (x, { params }) => log1p(square(add(sub(x, params.gain), sum(params.w)))),
    ),
    poseLoss: fc.constantFrom<Options['poseLoss']>(
      (x, { params, index }) => mul(exp(params.width), square(sub(x, index))),
      (x, { params, pose }) => mul(sum(params.w), add(x, pose.energy)),
    ),
    poseReadout: fc.constant<Options['poseReadout']>((x, { params }) => mul(params.gain, x)),
  },
  { requiredKeys: [] },
);
type Readers = Pick<Options, 'readout' | 'loss' | 'poseLoss' | 'poseReadout'>;

/** Poses with energies of up to 10 units. */
const poses = several(
  knownPose.map(({ energy, slope }) => ({ energy: energy / 1e3, slope })),
  16,
);

describe('parameters that act after the scorer', () => {
  property(
    'have the same gradient under each strategy',
    poses,
    readerChoices as fc.Arbitrary<Readers>,
    fc.constantFrom(mean(), lse({ t: 2 }), boltzmann({ kT: 0.5 })),
    evenly(-1, 1),
    async (poses, readers, combination, w) => {
      const options = { poses, score, combination, executor: interpreter(), ...readers };
      const [stream, ...others] = await Promise.all(
        strategies.map(strategy =>
          combinePoses({ ...options, params: paramsOf(1.5, 0.5, -0.3, w), strategy }),
        ),
      );
      for (const other of others) {
        expectClose(other.loss ?? 0, stream?.loss ?? 0, 1e-12);
        // The gradient's terms grow at most with the squares of the predictions. 1e3 covers their factors.
        const reach = 1e3 * poses.length * (1 + largest(stream?.predictions ?? [])) ** 2;
        for (const [name, gradient] of Object.entries(stream?.gradient ?? {}))
          expectClose(other.gradient[name as 'w'], gradient, 1e-13, reach);
      }
    },
  );

  test.each(strategies)('have the gradient of finite differences, under %s', async strategy => {
    const poses = [-1, 0.5, 2].map(energy => ({ energy, slope: [1, energy, 2] }));
    const options: Omit<Options, 'params'> = {
      poses,
      score,
      combination: boltzmann(),
      strategy,
      readout: (x, { params }) => add(mul(params.gain, x), meanOf(params.offset)),
      loss: (x, { params }) => mul(exp(params.width), square(sub(x, 3))),
      poseLoss: (x, { params, index }) => mul(params.width, square(sub(x, index))),
      poseReadout: (x, { params, pose }) => add(x, mul(params.gain, pose.energy)),
    };
    const params = paramsOf(1.2, 0.3, -0.4, 0.1);
    const { gradient } = await combinePoses({ ...options, params });
    // Compare each entry with a central difference of the whole objective.
    for (const [name, { data, shape }] of Object.entries(params)) {
      for (let i = 0; i < data.length; i++) {
        const lossAt = async (shift: number) => {
          const moved = Float64Array.from(data, (entry, at) => entry + (at === i ? shift : 0));
          const { loss } = await combinePoses({
            ...options,
            params: { ...params, [name]: { data: moved, shape } },
          });
          return loss as number;
        };
        const slope = ((await lossAt(1e-5)) - (await lossAt(-1e-5))) / 2e-5;
        expectClose(gradient[name as 'w'].data[i] as number, slope, 1e-7, 10);
      }
    }
  });

  test('may have the name __proto__', async () => {
    const params = Object.fromEntries([['__proto__', tensor(2)]]) as Readonly<Record<string, Tensor>>;
    for (const strategy of strategies) {
      const { gradient } = await combinePoses({
        poses: [3, 5],
        params,
        score: (tape: Tape, _values, pose) => tape.constant(pose),
        combination: mean(),
        strategy,
        loss: (x, { params }) => mul(x, Object.values(params)[0] as Value),
      });
      expect(Object.entries(gradient)).toEqual([['__proto__', { data: Float64Array.of(4), shape: [] }]]);
    }
  });

  test('may be read by a combination in ops', async () => {
    const poses = [-1, 0.5, 2].map(energy => ({ energy, slope: [1, energy, 2] }));
    const params = paramsOf(1.2, 0.3, -0.4, 0.1);
    const combine = (x: Value, { params }: { readonly params: Values }) =>
      add(mul(params.gain, sum(x)), sum(params.w));
    for (const strategy of ['recompute', 'full-graph'] as const) {
      const { gradient, coefficients } = await combinePoses({
        poses,
        params,
        score,
        combination: combine,
        strategy,
      });
      expectClose(coefficients, [1.2, 1.2, 1.2], 1e-15);
      expectClose(gradient.gain, tensor(1.5 + 0.1 * (3 - 1.5 + 12)), 1e-14);
      expectClose(gradient.w.data, [1 + 1.2 * 3, 1 + 1.2 * 1.5, 1 + 1.2 * 6], 1e-14);
    }
  });
});
