import { gradient, interpreter, type SyncExecutor, Tape, type Tensor, type Value } from 'posetape';
import { square, sum } from 'posetape/ops';
import { expectClose } from './equal.ts';
import { type Pose, type Program, paramsOf, record } from './programs.ts';

/** Records the prediction of a program, its gradient, and the gradient of the first slope's squared norm. */
export function toSecondOrder(program: Program, pose: Pose): Value[] {
  const tape = new Tape();
  const params = Object.fromEntries(
    Object.entries(paramsOf(program)).map(([name, param]) => [name, tape.parameter(param, name)]),
  );
  const y = record(program, tape, params, pose);
  const wrt = Object.values(params);
  const slopes = gradient(y, wrt);
  const curved = sum(square(slopes[0] as Value));
  return [y, ...slopes, ...gradient(curved, wrt)];
}

/**
 * Change of the interpreter's results if the inputs change by one ulp of float32: the accuracy to expect of float32.
 * Each input changes by at least one ulp of 1, since a small entry may be added to a larger number.
 */
function responses(program: Program, pose: Pose): number[] {
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
  const before = interpreter().run(toSecondOrder(program, pose));
  return interpreter()
    .run(toSecondOrder(moved, movedPose))
    .map(({ data }, i) => {
      const unmoved = before[i]?.data ?? [];
      return Math.max(0, ...data.map((entry, k) => Math.abs(entry - (unmoved[k] as number))));
    });
}

/**
 * Fails unless float32 results of a program equal the reference's within `tolerance` plus ten times their change if the
 * inputs change by one ulp.
 */
export function expectFloat32(
  actual: readonly Tensor[],
  program: Program,
  pose: Pose,
  tolerance: number,
  reference: SyncExecutor = interpreter({ precision: 'float32' }),
): void {
  const slack = responses(program, pose);
  const expected = reference.run(toSecondOrder(program, pose));
  for (const [i, each] of expected.entries()) {
    // Values and slopes of programs are near 1, so a result whose terms cancel has rounding errors of this size.
    const unit = Math.max(1, ...each.data.map(Math.abs));
    const scale = unit + (10 * (slack[i] as number)) / tolerance;
    expectClose(actual[i] as Tensor, each, tolerance, scale);
  }
}
