import { gradient, interpreter, type SyncExecutor, Tape, type Tensor, type Value } from 'posetape';
import { square, sum } from 'posetape/ops';
import { expectClose } from './equal.ts';
import { type Pose, type Program, paramsOf, record } from './programs.ts';

/** Records a program's prediction y, the gradient ∂y, and the gradient of |∂y/∂p0|², where p0 is the first parameter. */
export function toSecondOrder(program: Program, pose: Pose): Value[] {
  const tape = new Tape();
  const params = Object.fromEntries(
    Object.entries(paramsOf(program)).map(([name, param]) => [name, tape.parameter(param, name)]),
  );
  const y = record(program, tape, params, pose);
  const wrt = Object.values(params);
  const slopes = gradient(y, wrt);
  const squaredNorm = sum(square(slopes[0] as Value));
  return [y, ...slopes, ...gradient(squaredNorm, wrt)];
}

/**
 * Largest change of each of the interpreter's results if the inputs change by up to one ulp of float32: the accuracy to
 * expect of float32. An input below 1 changes by as much as an input of 1, since it may be added to a larger number.
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
  const unmoved = interpreter().run(toSecondOrder(program, pose));
  return interpreter()
    .run(toSecondOrder(moved, movedPose))
    .map(({ data }, i) => {
      const reference = unmoved[i]?.data ?? [];
      return Math.max(0, ...data.map((entry, k) => Math.abs(entry - (reference[k] as number))));
    });
}

/**
 * Fails unless float32 results of a program equal those of `reference`. The allowed error is `tolerance` times the larger
 * of 1 and the largest expected entry, plus ten times the change that {@link responses} returns for the result.
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
    // A result below 1 may be a sum of terms near 1 that cancel, with the rounding errors of these terms.
    const unit = Math.max(1, ...each.data.map(Math.abs));
    const scale = unit + (10 * (slack[i] as number)) / tolerance;
    expectClose(actual[i] as Tensor, each, tolerance, scale);
  }
}
