import { gradient, type SyncExecutor, Tape, type Tensor, type Value } from 'posetape';
import { mul, sum } from 'posetape/ops';
import { expectClose, largest } from './equal.ts';

type Params = Readonly<Record<string, Tensor>>;
type ValuesOf<P extends Params> = { readonly [Name in keyof P]: Value };

/** Scorer of single poses, and a scorer of groups that must give the same scores. */
export interface GroupScorer<Pose, P extends Params> {
  readonly params: P;
  score(tape: Tape, values: ValuesOf<P>, pose: Pose): Value;
  scoreGroup(tape: Tape, values: ValuesOf<P>, poses: readonly Pose[]): Value;
}

/** Poses, with the coefficients c_n of their gradients g_n. */
export interface GroupCase<Pose> {
  readonly poses: readonly Pose[];
  readonly coefficients: readonly number[];
}

/**
 * Fails unless a group's scores z_n and gradient Σ c_n g_n equal those of its poses on separate tapes. The error of a
 * score is at most `tolerance` times 1 + max |z_n|; that of an entry of the gradient, `tolerance` times
 * Σ |c_n| (1 + |g_n|). The summand 1 allows for scores and gradients that are small sums of larger terms.
 */
export function expectGroup<Pose, P extends Params>(
  executor: SyncExecutor,
  { params, score, scoreGroup }: GroupScorer<Pose, P>,
  { poses, coefficients }: GroupCase<Pose>,
  tolerance: number,
): void {
  const group = run(executor, params, coefficients, (tape, values) => scoreGroup(tape, values, poses));
  const singles = poses.map(pose => run(executor, params, [1], (tape, values) => score(tape, values, pose)));

  const scores = {
    data: Float64Array.from(singles, single => numberOf(single.scores, 0)),
    shape: [poses.length],
  };
  expectClose(group.scores, scores, tolerance, 1 + largest(scores));
  for (const [k, slope] of group.slopes.entries()) {
    const expected = new Float64Array(slope.data.length);
    const scale = new Float64Array(slope.data.length);
    for (const [n, { slopes }] of singles.entries()) {
      for (const i of expected.keys()) {
        const [c, g] = [coefficients[n] as number, numberOf(slopes[k] as Tensor, i)];
        (expected[i] as number) += c * g;
        (scale[i] as number) += Math.abs(c) * (1 + Math.abs(g));
      }
    }
    expectClose(slope, { data: expected, shape: slope.shape }, tolerance, scale);
  }
}

function numberOf({ data }: Tensor, i: number): number {
  return data[i] as number;
}

/** Runs a recording, and returns its scores z_n and the gradient of Σ c_n z_n by each parameter. */
function run<P extends Params>(
  executor: SyncExecutor,
  params: P,
  coefficients: readonly number[],
  record: (tape: Tape, values: ValuesOf<P>) => Value,
): { scores: Tensor; slopes: Tensor[] } {
  const tape = new Tape();
  const names = Object.keys(params);
  const values = names.map(name => tape.parameter(params[name] as Tensor, name));
  const named = Object.fromEntries(names.map((name, k) => [name, values[k]])) as ValuesOf<P>;
  const recorded = record(tape, named);
  const total = sum(mul(recorded, tape.constant(Float64Array.from(coefficients))));
  const [scores, ...slopes] = executor.run([recorded, ...gradient(total, values)]);
  return { scores: scores as Tensor, slopes };
}
