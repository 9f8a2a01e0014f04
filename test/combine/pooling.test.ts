import fc from 'fast-check';
import type { Tape, Value } from 'posetape';
import { tensor } from 'posetape';
import { type PoolContext, type PoolingOptions, pooling } from 'posetape/combine';
import * as ops from 'posetape/ops';
import { add, concat, mul, reshape, square, sub, sum } from 'posetape/ops';
import { describe } from 'vitest';
import { evenly } from '../support/numbers.ts';
import {
  type Program,
  type Pose as ProgramPose,
  paramsOf,
  programArbitrary,
  record,
} from '../support/programs.ts';
import { property } from '../support/property.ts';
import { several } from './arbitraries.ts';
import { type Defined, expectDefinition, type Values } from './definition.ts';

/*
 * Random poolings. The score of K numbers, the log-weight, each value and the function after the pool are random programs
 * of smooth ops. Each program reads the numbers that the program before it computes, the parameters and the pose.
 */

interface Pose {
  /** Rows that the programs read. */
  readonly rows: ProgramPose;
  /** Added to each number of the score. */
  readonly energy: number;
  readonly weight: number;
}

const entry = evenly(-2, 2);
const rows: fc.Arbitrary<ProgramPose> = several(
  fc.record({ number: entry, features: fc.tuple(entry, entry, entry), pick: fc.nat(11) }),
  3,
);
const poseArbitrary = (energies: fc.Arbitrary<number>): fc.Arbitrary<Pose> =>
  fc.record({ rows, energy: energies, weight: fc.oneof(fc.constantFrom(0, 1, 1, 3), evenly(0.01, 5)) });

/** Up to `most` poses, and `unit`, the typical size of their energies. */
const drawnPoses = (unit: number, energies: fc.Arbitrary<number>, most: number) =>
  fc.record({ unit: fc.constant(unit), poses: several(poseArbitrary(energies), most) });

const program = programArbitrary({ smooth: true, steps: 4 });
const factors = fc.array(evenly(-1, 1), { minLength: 4, maxLength: 4 });

/** Functions of several numbers. Each is a program plus a linear part, which keeps the slopes away from 0. */
const functions = fc.record({ steps: program.map(({ steps }) => steps), factors });
type RandomFunction = typeof functions extends fc.Arbitrary<infer T> ? T : never;

const poolings = fc.record({
  width: fc.integer({ min: 1, max: 4 }),
  scorer: program,
  shifts: factors,
  /** No log-weight, one that depends on the index of the pose, or a random function. */
  logWeight: fc.oneof(fc.constantFrom('none' as const, 'index' as const), functions, functions, functions),
  /** Factor of a log-weight that is a random function. */
  logWeightSize: fc.constantFrom(1, 30),
  values: fc.array(functions, { maxLength: 4 }),
  value: functions,
  isWeighted: fc.boolean(),
});
type Drawn = typeof poolings extends fc.Arbitrary<infer T> ? T : never;

/** Parameters that are read after the score; `both` is read by the score, too. */
const laterParams = { tilt: tensor(0.7), head: tensor([0.4, -0.3]), both: tensor(0.9) };

/** Records a random function of `numbers`, the parameters above and the rows of a pose. */
function apply({ steps, factors }: RandomFunction, numbers: Value, params: Values, rows: ProgramPose): Value {
  const size = numbers.shape[0] ?? 1;
  const inputs: Record<string, Value> = {
    numbers,
    ...Object.fromEntries(Object.keys(laterParams).map(name => [name, params[name] as Value])),
  };
  const shapes: Program['params'] = Object.values(inputs).map(({ shape }) => ({
    shape,
    entries: new Array(shape.reduce((product, length) => product * length, 1)).fill(1),
  }));
  const slopes = numbers.tape.constant(
    Array.from({ length: size }, (_, k) => 1 + 0.5 * (factors[k % 4] as number)),
  );
  const linear = sum(mul(reshape(numbers, [size]), slopes));
  return add(record({ params: shapes, steps }, numbers.tape, inputs, rows), linear);
}

/** Options of a random pooling. Its functions receive energies divided by `unit`, their typical size. */
function optionsOf(
  { logWeight, logWeightSize, values, value, isWeighted }: Drawn,
  unit: number,
): PoolingOptions<Pose, Values> {
  const scaled = (z: Value) => mul(1 / unit, z);
  return {
    name: 'random',
    ...(logWeight !== 'none' && {
      logWeight: (z: Value, { params, pose, index }: PoolContext<Pose, Values>) =>
        logWeight === 'index'
          ? index % 3
          : mul(logWeightSize, apply(logWeight, scaled(z), params, pose.rows)),
    }),
    values:
      values.length === 0
        ? false
        : (z, { params, pose }) =>
            concat(values.map(each => reshape(mul(unit, apply(each, scaled(z), params, pose.rows)), [1]))),
    value({ mean, logSum, logMean, count }, { params }) {
      const sums = [logSum, logMean].map(each => reshape(mul(1 / logWeightSize, each), [1]));
      const all = concat([...sums, ...(values.length > 0 ? [scaled(mean)] : [])]);
      return mul(unit, apply(value, all, params, [{ number: count / 64, features: [1, 0, -1], pick: 1 }]));
    },
    ...(isWeighted && { weight: (pose: Pose) => pose.weight }),
  };
}

function scorerOf({ width, scorer, shifts }: Drawn): Pick<Defined<Pose>, 'params' | 'score'> {
  const scorerParams = paramsOf(scorer);
  return {
    params: { ...scorerParams, ...laterParams },
    score(tape: Tape, params: Values, { rows, energy }: Pose) {
      const inputs = Object.fromEntries(Object.keys(scorerParams).map(name => [name, params[name] as Value]));
      // The means keep the gradient of a pose away from 0.
      const means = [...Object.values(inputs), params.both as Value].map(each => mul(0.73, ops.mean(each)));
      const raw = means.reduce((total, each) => add(total, each), record(scorer, tape, inputs, rows));
      const numbers = Array.from({ length: width }, (_, k) =>
        reshape(add(mul(1.5 + (shifts[k] as number), raw), energy), [1]),
      );
      return width === 1 ? reshape(numbers[0] as Value, []) : concat(numbers);
    },
  };
}

describe('a random pooling', () => {
  const cases = fc.record({
    drawn: poolings,
    sample: fc.oneof(
      { weight: 4, arbitrary: drawnPoses(1, evenly(-3, 3), 12) },
      { weight: 4, arbitrary: drawnPoses(5e3, evenly(-1e4, 1e4), 12) },
      { weight: 1, arbitrary: drawnPoses(5e3, evenly(-1e4, 1e4), 64) },
    ),
    hasLoss: fc.boolean(),
    hasPoseLoss: fc.boolean(),
    parts: fc.array(fc.nat(3), { minLength: 64, maxLength: 64 }),
    posesPerTape: fc.integer({ min: 1, max: 12 }),
  });

  property(
    'agrees with its definition under each strategy, in groups of any size and any split into states',
    cases,
    async ({ drawn, sample: { unit, poses: all }, hasLoss, hasPoseLoss, ...split }) => {
      const poses = all.some(({ weight }) => weight > 0) ? all : [{ ...(all[0] as Pose), weight: 1 }];
      const options = optionsOf(drawn, unit);
      const { logWeight } = options;
      await expectDefinition<Pose>(
        {
          ...scorerOf(drawn),
          poses,
          pool: options,
          weight: drawn.isWeighted ? ({ weight }) => weight : undefined,
          combination: (indexOf = index => index) =>
            pooling({
              ...options,
              // A log-weight by index needs the index of the pose among all poses.
              ...(logWeight && {
                logWeight: (z: Value, context: PoolContext<Pose, Values>) =>
                  logWeight(z, { ...context, index: indexOf(context.index) }),
              }),
            }),
          loss: hasLoss ? (x, { tilt }) => square(sub(x, tilt as Value)) : undefined,
          poseLoss: hasPoseLoss
            ? (x, { both }) => mul(both as Value, sum(square(mul(1 / unit, x))))
            : undefined,
        },
        split,
      );
    },
  );
});
