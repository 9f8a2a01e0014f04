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

/** A backend under test, and the properties expected of it. */
export interface Expected {
  readonly name: string;
  open(): Promise<Machine>;
  /** Tolerance of {@link expectClose} for results. */
  readonly tolerance: number;
  /** Relative tolerance of a single elementwise function. */
  readonly functionTolerance: number;
  /** True if `proveExecutor` tests random programs and special numbers on the backend. They are then left out here. */
  readonly isProved?: boolean;
  /** Divides the number of random programs, since each program is compiled. Default 1. */
  readonly programDivisor?: number;
  /** The network, which takes long for each pose, scores every n-th pose, where n is this number. */
  readonly networkPoseStride: number;
  /** True if each pose takes exactly one launch. */
  readonly hasOneLaunchPerPose: boolean;
  /** True if the backend has device memory to count, and a device to lose. */
  readonly hasDevice: boolean;
}

/** Smallest normal float32. A device may treat smaller numbers as 0. */
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
 * Registers the tests of a backend: it returns the same results as the interpreter, compiles few plans, launches once per
 * pose if it can, frees its memory, and reports a lost device.
 */
export function backendLaws(expected: Expected): void {
  const { name, tolerance, hasDevice, isProved = false, programDivisor = 1 } = expected;

  describe(name, () => {
    let machine: Machine;
    beforeAll(async () => {
      machine = await expected.open();
    });
    afterAll(() => machine?.dispose());

    if (!isProved) {
      test('computes random programs like the interpreter, up to second derivatives', async () => {
        const law = fc.asyncProperty(
          programArbitrary({ steps: 8, smooth: true }),
          poseArbitrary(),
          async (program, pose) => {
            expectFloat32(await machine.run({ kind: 'program', program, pose }), program, pose, tolerance);
          },
        );
        await fc.assert(law, { seed, numRuns: Math.ceil(runs / programDivisor) });
      });

      describe('computes special numbers (NaN, infinities, ends of the range) like the interpreter:', () => {
        const check = async (op: string, operands: readonly (readonly number[])[]) => {
          const task = { kind: 'elementwise', op, operands } as const;
          const [result] = await machine.run(task);
          const [reference] = interpreter({ precision: 'float32' }).run(recordCase(task));
          for (const [i, wanted] of (reference as Tensor).data.entries()) {
            const actual = (result as Tensor).data[i] as number;
            const call = `${op}(${operands.map(entries => entries[i])})`;
            // A shader computes exp and pow as powers of two. The error of a power grows with its exponent.
            const relativeError =
              expected.functionTolerance * (1 + Math.abs(Math.log2(Math.abs(wanted) || 1)) / 16);
            const isClose = Math.abs(actual - wanted) <= relativeError * Math.abs(wanted) + leastNormal;
            if (!isClose && !Object.is(actual, wanted) && actual !== wanted)
              expect.fail(`${call} is ${actual}, not ${wanted}`);
          }
        };
        const rounded = (numbers: readonly number[]) => numbers.map(Math.fround);
        test.each(Object.keys(unary))('%s', op => {
          // In float32, sin and cos of a larger argument depend mostly on how the argument is rounded.
          const isPeriodic = op === 'sin' || op === 'cos';
          const entries = specials.filter(x => !isPeriodic || !(Math.abs(x) > 1e5 && Number.isFinite(x)));
          return check(op, [rounded(entries)]);
        });
        test.each(Object.keys(binary))('%s', op => {
          const pairs = specials.flatMap(x => specials.map(y => [x, y] as const));
          return check(op, [rounded(pairs.map(([x]) => x)), rounded(pairs.map(([, y]) => y))]);
        });
      });
    }

    test.each(structureNames)('computes like the interpreter: %s', async structure => {
      const task = { kind: 'structure', name: structure } as const;
      const wanted = interpreter().run(recordCase(task));
      for (const [i, actual] of (await machine.run(task)).entries())
        expectClose(actual, wanted[i] as Tensor, tolerance);
    });

    test('gives each of several overlapping runs its own results', async () => {
      const cases = ['an index of two axes', 'slices and pads that overlap', 'an index of two axes'].map(
        structure => ({ kind: 'structure', name: structure }) as const,
      );
      for (const [i, tensors] of (await machine.runAll(cases)).entries()) {
        const wanted = interpreter().run(recordCase(cases[i] as (typeof cases)[number]));
        for (const [k, actual] of tensors.entries()) expectClose(actual, wanted[k] as Tensor, tolerance);
      }
    });

    describe.each(scorerNames)('combines poses of imatinib scored by %s:', scorerName => {
      let poses: readonly unknown[];
      beforeAll(async () => {
        const all = await posesFor(scorerName);
        const stride = scorerName === 'schnet' ? expected.networkPoseStride : 1;
        poses = all.poses.filter((_, n) => n % stride === 0);
      });

      test.each(['boltzmann', 'lse'] as const)(
        '%s and its gradient agree with the interpreter, at one launch per pose if the backend can',
        async combination => {
          const before = await machine.report();
          // Boltzmann scores all poses, so that many poses share the few compiled plans. LSE scores about eight.
          const chosen =
            combination === 'boltzmann'
              ? poses
              : poses.filter((_, n) => n % Math.ceil(poses.length / 8) === 0);
          const request: CombineRequest = { scorer: scorerName, poses: chosen, combination };
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
          if (expected.hasOneLaunchPerPose) {
            expect(device.launches - before.device.launches).toBe(chosen.length);
            expect(device.readbacks - before.device.readbacks).toBe(chosen.length);
          }
        },
      );

      test('a pose with NaN is skipped and reported as on the CPU, or is an error', async () => {
        const bad = [...poses.slice(0, 2), withNaN(poses[2] as object), ...poses.slice(3, 6)];
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
      test('reports no device memory', async () => {
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
      test('does not grow with further poses of the same size, and is freed by dispose()', async () => {
        const fresh = await expected.open();
        const { poses } = await posesFor('vina');
        const held = async () => {
          const { buffers, textures, bytes } = (await fresh.report()).device;
          return { buffers, textures, bytes };
        };
        const before = await held();
        const request: CombineRequest = { scorer: 'vina', poses: poses.slice(0, 4), combination: 'lse' };
        await fresh.combine(request);
        const first = await held();
        expect(first.bytes).toBeGreaterThan(before.bytes);
        await fresh.combine(request);
        expect(await held()).toEqual(first);
        await expect(fresh.combine({ ...request, poses: [withNaN(poses[0] as object)] })).rejects.toThrow(
          'NaN',
        );
        expect(await held()).toEqual(first);
        await fresh.dispose();
        expect(await held()).toEqual(before);
        await expect(fresh.combine(request)).rejects.toThrow('disposed');
      });
    });

    describe('a lost device', () => {
      const { open } = expected;
      const lost = async (goOn: boolean) => {
        const fresh = await open();
        const { poses } = await posesFor('vina');
        const request: CombineRequest = {
          scorer: 'vina',
          poses: poses.slice(0, 5),
          combination: 'boltzmann',
        };
        return { fresh, request, answer: fresh.combine({ ...request, loseAfter: 2, goOn }) };
      };

      test('is an error that names onDeviceLost, and leaves no memory behind', async () => {
        const { fresh, answer } = await lost(false);
        await expect(answer).rejects.toThrow(/the device was lost .*onDeviceLost/);
        const { device } = await fresh.report();
        expect(device).toMatchObject({ buffers: 0, textures: 0, bytes: 0 });
        await fresh.dispose();
      });

      test('is replaced by the executor of onDeviceLost, which continues with the next pose', async () => {
        const { fresh, request, answer } = await lost(true);
        const { value, gradient, predictions, executor } = await answer;
        expect(executor).toMatch(/^gpu \w+ float32, then jit float32$/);
        const reference = await referenceFor(request);
        expectClose(predictions, reference.predictions, tolerance);
        expectClose(value, reference.value, tolerance);
        for (const [param, slopes] of Object.entries(reference.gradient)) {
          expectClose(gradient[param] as Tensor, slopes, tolerance, reference.scale[param] as Float64Array);
        }
        await fresh.dispose();
      });
    });
  });
}

interface Reference {
  readonly value: number;
  readonly predictions: Float64Array;
  readonly gradient: Readonly<Record<string, Tensor>>;
  /** Σ |c_n| max |g_n| for each parameter: the magnitudes of the terms of the combined gradient. */
  readonly scale: Readonly<Record<string, Float64Array>>;
}

/** Results of the interpreter in float32, and the scale to which errors of the combined gradient are relative. */
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
    const slopesOfPose = jit().run(gradient(score(tape, values, pose), Object.values(values)));
    for (const [k, param] of Object.keys(params).entries()) {
      const { data } = slopesOfPose[k] as Tensor;
      // Entries of a pose's gradient may cancel, so their error is relative to the largest entry of the tensor.
      const unit = largest(data);
      const sums = scale[param] as Float64Array;
      for (let i = 0; i < sums.length; i++) (sums[i] as number) += Math.abs(coefficients[n] as number) * unit;
    }
  }
  return { value, predictions, gradient: slopes, scale };
}

/** The pose with NaN as the first coordinate of its ligand. */
function withNaN(pose: object): object {
  const { ligand } = structuredClone({
    ligand: (pose as { ligand: Tensor | { coordinates: Tensor } }).ligand,
  });
  const { data } = 'data' in ligand ? ligand : ligand.coordinates;
  data[0] = Number.NaN;
  return { ...pose, ligand };
}
