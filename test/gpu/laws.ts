import fc from 'fast-check';
import { gradient, interpreter, jit, Tape, type Tensor } from 'posetape';
import { boltzmann, combinePoses, lse } from 'posetape/combine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { posesFor } from '../support/ensembles.ts';
import { expectClose, largest } from '../support/equal.ts';
import { poseArbitrary, programArbitrary } from '../support/programs.ts';
import { runs, seed } from '../support/property.ts';
import { scorer, scorerNames } from '../support/scorers.ts';
import { expectFloat32 } from '../support/second-order.ts';
import { binary, recordCase, structureNames, unary } from './cases.ts';
import type { CombineRequest, Machine } from './harness.ts';

/** Expectations of a backend. */
export interface Expected {
  readonly name: string;
  open(): Promise<Machine>;
  /** Distance that answers may have, by the design's definition of equal. */
  readonly tolerance: number;
  /** The same for a single function, relative to its value. */
  readonly ofFunctions: number;
  /** True if proveExecutor draws its random programs and special numbers, which it can where no page is between. */
  readonly isProved?: boolean;
  /** One random program in so many that a property draws elsewhere: each is compiled. Default 1. */
  readonly programsIn?: number;
  /** One pose in so many of the network's, where each takes long. */
  readonly networkPosesIn: number;
  /** True if a pose is one launch. */
  readonly launchesOnce: boolean;
  /** True if it has device memory to count, and a device to lose. */
  readonly hasDevice: boolean;
}

/** Single float32 numbers from here on are normal; a device may take smaller ones for 0. */
const leastNormal = 2 ** -126;

const specials = [
  Number.NaN,
  Infinity,
  -Infinity,
  0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2,
  3,
  -3,
  1e-4,
  -1e-4,
  1e-7,
  0.9999,
  1.0001,
  -0.9999,
  7.5,
  -7.5,
  20,
  -20,
  88,
  -87,
  89,
  -104,
  100,
  -100,
  1000,
  -1000,
  65_504,
  1e30,
  -1e30,
];

/**
 * The laws of every backend: it computes what the interpreter computes in float32, for whatever is recorded; it compiles
 * little, launches a pose once, gives back what it takes, and says so when something goes wrong.
 */
export function backendLaws(expected: Expected): void {
  const { name, tolerance, hasDevice, isProved = false, programsIn = 1 } = expected;

  describe(name, () => {
    let machine: Machine;
    beforeAll(async () => {
      machine = await expected.open();
    });
    afterAll(() => machine?.dispose());

    if (!isProved) {
      test('random programs, values to second derivatives, come out as the interpreter has them', async () => {
        const law = fc.asyncProperty(
          programArbitrary({ steps: 8, smooth: true }),
          poseArbitrary(),
          async (program, pose) => {
            expectFloat32(await machine.run({ kind: 'program', program, pose }), program, pose, tolerance);
          },
        );
        await fc.assert(law, { seed, numRuns: Math.ceil(runs / programsIn) });
      });

      describe('functions, at the ends of their range and of NaN', () => {
        const check = async (op: string, operands: readonly (readonly number[])[]) => {
          const each = { kind: 'elementwise', op, operands } as const;
          const [actual] = await machine.run(each);
          const [wanted] = interpreter({ precision: 'float32' }).run(recordCase(each));
          for (const [i, number] of (wanted as Tensor).data.entries()) {
            const found = (actual as Tensor).data[i] as number;
            const shown = `${op}(${operands.map(entries => entries[i])})`;
            // A shader takes exp and pow as powers of two, whose error grows with the exponent.
            const share = expected.ofFunctions * (1 + Math.abs(Math.log2(Math.abs(number) || 1)) / 16);
            const isClose = Math.abs(found - number) <= share * Math.abs(number) + leastNormal;
            if (!isClose && !Object.is(found, number) && found !== number)
              expect.fail(`${shown} is ${found}, not ${number}`);
          }
        };
        const normal = (numbers: readonly number[]) => numbers.map(Math.fround);
        test.each(Object.keys(unary))('%s', op => {
          // Beyond, a float32 has hardly a digit of where in its period a number lies.
          const isPeriodic = op === 'sin' || op === 'cos';
          const entries = specials.filter(x => !isPeriodic || !(Math.abs(x) > 1e5 && Number.isFinite(x)));
          return check(op, [normal(entries)]);
        });
        test.each(Object.keys(binary))('%s', op => {
          const pairs = specials.flatMap(x => specials.map(y => [x, y] as const));
          return check(op, [normal(pairs.map(([x]) => x)), normal(pairs.map(([, y]) => y))]);
        });
      });
    }

    test.each(structureNames)('%s', async structure => {
      const each = { kind: 'structure', name: structure } as const;
      const wanted = interpreter().run(recordCase(each));
      for (const [i, actual] of (await machine.run(each)).entries())
        expectClose(actual, wanted[i] as Tensor, tolerance);
    });

    test('runs that overlap do not disturb each other', async () => {
      const cases = ['an index of two axes', 'slices and pads that overlap', 'an index of two axes'].map(
        structure => ({ kind: 'structure', name: structure }) as const,
      );
      for (const [i, tensors] of (await machine.runAll(cases)).entries()) {
        const wanted = interpreter().run(recordCase(cases[i] as (typeof cases)[number]));
        for (const [k, actual] of tensors.entries()) expectClose(actual, wanted[k] as Tensor, tolerance);
      }
    });

    describe.each(scorerNames)('the poses of imatinib by %s', scorerName => {
      let poses: readonly unknown[];
      beforeAll(async () => {
        const all = await posesFor(scorerName);
        const each = scorerName === 'schnet' ? expected.networkPosesIn : 1;
        poses = all.poses.filter((_, n) => n % each === 0);
      });

      test.each(['boltzmann', 'lse'] as const)('%s and its gradient', async combination => {
        const before = await machine.report();
        // All of them once, to count what is compiled; eight the second time.
        const some =
          combination === 'boltzmann' ? poses : poses.filter((_, n) => n % Math.ceil(poses.length / 8) === 0);
        const request: CombineRequest = { scorer: scorerName, poses: some, combination };
        const { value, gradient, predictions } = await machine.combine(request);
        const reference = await referenceFor(request);
        expectClose(predictions, reference.predictions, tolerance);
        expectClose(value, reference.value, tolerance);
        for (const [param, slopes] of Object.entries(reference.gradient)) {
          expectClose(gradient[param] as Tensor, slopes, tolerance, reference.scale[param] as Float64Array);
        }
        const { compiled, device, fallbackReason } = await machine.report();
        expect(compiled - before.compiled).toBeLessThanOrEqual(4);
        expect(fallbackReason).toBe(before.fallbackReason);
        if (expected.launchesOnce) {
          expect(device.launches - before.device.launches).toBe(some.length);
          expect(device.readbacks - before.device.readbacks).toBe(some.length);
        }
      });

      test('a pose with NaN is reported as on the CPU, and the others are combined', async () => {
        const bad = [...poses.slice(0, 2), spoiled(poses[2] as object), ...poses.slice(3, 6)];
        const request: CombineRequest = {
          scorer: scorerName,
          poses: bad,
          combination: 'boltzmann',
          badPose: 'skip',
        };
        const answer = await machine.combine(request);
        const { params, score } = scorer(scorerName);
        const { value, stats } = await combinePoses({
          poses: bad,
          params,
          score,
          combination: boltzmann({ kT: 0.593 }),
          badPose: 'skip',
          executor: interpreter({ precision: 'float32' }),
        });
        expect(answer.badPoses).toEqual(stats.badPoses);
        expectClose(answer.value, value, tolerance);
        await expect(machine.combine({ ...request, badPose: 'throw' })).rejects.toThrow(
          'pose 2: its prediction is NaN',
        );
      });
    });

    if (!hasDevice) {
      test('has no device memory, and says so', async () => {
        const { device } = await machine.report();
        expect(device).toEqual({
          buffers: 0,
          textures: 0,
          bytes: 0,
          peakBytes: 0,
          launches: 0,
          readbacks: 0,
        });
      });
      return;
    }

    describe('device memory', () => {
      test('is the same after every pose of a size, and all given back by dispose()', async () => {
        const own = await expected.open();
        const { poses } = await posesFor('vina');
        const held = async () => {
          const { buffers, textures, bytes } = (await own.report()).device;
          return { buffers, textures, bytes };
        };
        const before = await held();
        const request: CombineRequest = { scorer: 'vina', poses: poses.slice(0, 4), combination: 'lse' };
        await own.combine(request);
        const first = await held();
        expect(first.bytes).toBeGreaterThan(before.bytes);
        await own.combine(request);
        expect(await held()).toEqual(first);
        await expect(own.combine({ ...request, poses: [spoiled(poses[0] as object)] })).rejects.toThrow(
          'NaN',
        );
        expect(await held()).toEqual(first);
        await own.dispose();
        expect(await held()).toEqual(before);
        await expect(own.combine(request)).rejects.toThrow('disposed');
      });
    });

    describe('a lost device', () => {
      const { open } = expected;
      const lost = async (goOn: boolean) => {
        const own = await open();
        const { poses } = await posesFor('vina');
        const request: CombineRequest = {
          scorer: 'vina',
          poses: poses.slice(0, 5),
          combination: 'boltzmann',
        };
        return { own, request, answer: own.combine({ ...request, loseAfter: 2, goOn }) };
      };

      test('is a clear error, and leaves nothing behind', async () => {
        const { own, answer } = await lost(false);
        await expect(answer).rejects.toThrow(/the device was lost .*onDeviceLost/);
        const { device } = await own.report();
        expect(device).toMatchObject({ buffers: 0, textures: 0, bytes: 0 });
        await own.dispose();
      });

      test('is made up for by another executor, which goes on where it stopped', async () => {
        const { own, request, answer } = await lost(true);
        const { value, gradient, predictions, executor } = await answer;
        expect(executor).toMatch(/^gpu \w+ float32, then jit float32$/);
        const reference = await referenceFor(request);
        expectClose(predictions, reference.predictions, tolerance);
        expectClose(value, reference.value, tolerance);
        for (const [param, slopes] of Object.entries(reference.gradient)) {
          expectClose(gradient[param] as Tensor, slopes, tolerance, reference.scale[param] as Float64Array);
        }
        await own.dispose();
      });
    });
  });
}

interface Reference {
  readonly value: number;
  readonly predictions: Float64Array;
  readonly gradient: Readonly<Record<string, Tensor>>;
  /** Σₙ |cₙ||gₙ|. */
  readonly scale: Readonly<Record<string, Float64Array>>;
}

/** Answer of the interpreter in float32, with the scale that a combined gradient is held against. */
async function referenceFor({ scorer: name, poses, combination }: CombineRequest): Promise<Reference> {
  const { params, score } = scorer(name);
  const executor = interpreter({ precision: 'float32' });
  const combined = combination === 'lse' ? lse({ t: 1 }) : boltzmann({ kT: 0.593 });
  const {
    value,
    predictions,
    gradient: slopes,
    coefficients,
  } = await combinePoses({
    poses,
    params,
    score,
    combination: combined,
    executor,
  });
  const scale = Object.fromEntries(
    Object.entries(params).map(([param, { data }]) => [param, new Float64Array(data.length)]),
  );
  for (const [n, pose] of poses.entries()) {
    const tape = new Tape();
    const values = Object.fromEntries(
      Object.entries(params).map(([param, tensor]) => [param, tape.parameter(tensor, param)]),
    );
    const own = jit().run(gradient(score(tape, values, pose), Object.values(values)));
    for (const [k, param] of Object.keys(params).entries()) {
      const { data } = own[k] as Tensor;
      // Each pose's own gradient is equal within its tensor's largest entry, as far as a sum cancels in it.
      const unit = largest(data);
      const sums = scale[param] as Float64Array;
      for (let i = 0; i < sums.length; i++) (sums[i] as number) += Math.abs(coefficients[n] as number) * unit;
    }
  }
  return { value, predictions, gradient: slopes, scale };
}

/** The pose with a coordinate of the ligand that is no number. */
function spoiled(pose: object): object {
  const { ligand } = structuredClone({
    ligand: (pose as { ligand: Tensor | { coordinates: Tensor } }).ligand,
  });
  const { data } = 'data' in ligand ? ligand : ligand.coordinates;
  data[0] = Number.NaN;
  return { ...pose, ligand };
}
