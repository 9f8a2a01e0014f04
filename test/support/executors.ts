import { gradient, type SyncExecutor, Tape, type Tensor, tensor, type Value } from 'posetape';
import { exp, gather, less, mul, square, sub, sum, where } from 'posetape/ops';
import { expectClose } from './equal.ts';

/** Fails unless two executors give the same results within `tolerance`. */
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

/** Records the energy of `count` pairs, a sum over those within a cutoff, and its gradient. */
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
