import { gradient, interpreter, type SyncExecutor, Tape, type Tensor, tensor, type Value } from 'posetape';
import { exp, gather, less, mul, square, sub, sum, where } from 'posetape/ops';
import { expectClose } from './equal.ts';
import { type Pose, type Program, wantedOf } from './programs.ts';

export function expectSame(
  executor: SyncExecutor,
  reference: SyncExecutor,
  wanted: readonly Value[],
  tolerance: number,
): void {
  const expected = reference.run(wanted);
  for (const [i, actual] of executor.run(wanted).entries())
    expectClose(actual, expected[i] as Tensor, tolerance);
}

/**
 * The interpreter's response to one ulp of float32 in the inputs: how far float32 answers may lie apart at all. An entry
 * of 0 has a result of its neighbours' size to be lost in, so no ulp is taken below that of 1.
 */
export function responses(program: Program, pose: Pose): number[] {
  const nudged = (entry: number, i: number) =>
    entry + (i % 2 ? 1 : -1) * 2 ** -24 * Math.max(1, Math.abs(entry));
  const moved: Program = {
    ...program,
    params: program.params.map(({ shape, entries }) => ({ shape, entries: entries.map(nudged) })),
  };
  const movedPose = pose.map(({ number, features, pick }, i) => ({
    number: nudged(number, i),
    features: features.map(nudged) as unknown as typeof features,
    pick,
  }));
  const before = interpreter().run(wantedOf(program, pose));
  return interpreter()
    .run(wantedOf(moved, movedPose))
    .map(({ data }, i) => {
      const unmoved = before[i]?.data ?? [];
      return Math.max(0, ...data.map((entry, k) => Math.abs(entry - (unmoved[k] as number))));
    });
}

/** A scorer of listed pairs under a cutoff: what the plan is made for. */
export function pairs(count: number, tape: Tape = new Tape()): Value[] {
  const radii = tape.parameter(tensor([1.5, 1.7, 1.9]), 'radii');
  const depth = tape.parameter(tensor(-0.3), 'depth');
  const distances = Float64Array.from({ length: count }, (_, i) => 1 + ((i * 7919) % 900) / 100);
  const types = Int32Array.from({ length: count }, (_, i) => (i * 31) % 3);
  const d = tape.constant(distances);
  const s = sub(d, gather(radii, types));
  const energy = sum(where(less(d, 8), mul(depth, exp(mul(-1, square(s)))), 0));
  return [energy, ...gradient(energy, [radii, depth])];
}
