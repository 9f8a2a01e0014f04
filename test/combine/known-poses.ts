import { interpreter, type Tape, type Tensor, tensor, type Value } from 'posetape';
import {
  boltzmann,
  type CombineOptions,
  type CombineResult,
  combinePoses,
  type GroupScorer,
  type Params,
  type Scorer,
  type Strategy,
} from 'posetape/combine';
import { add, concat, mul, reshape, sum } from 'posetape/ops';

/*
 * Poses whose prediction and gradient a test chooses. They predict ΔG_n = energy + slope · w, which at w = 0 is `energy`
 * and has the gradient `slope`.
 */

/** Pose with a known prediction and gradient. */
export interface KnownPose {
  readonly energy: number;
  readonly slope: readonly number[];
}

export const params: { readonly w: Tensor } = { w: tensor([0, 0, 0]) };

export function score(tape: Tape, { w }: { readonly w: Value }, { energy, slope }: KnownPose): Value {
  return add(sum(mul(w, tape.constant(slope))), energy);
}

export type KnownOptions = CombineOptions<KnownPose, typeof params>;
export type KnownResult = CombineResult<typeof params>;

/** Calls `combinePoses` for known poses. Defaults: boltzmann() and interpreter(). */
export function combineKnown(
  options: Pick<KnownOptions, 'poses'> & Partial<KnownOptions>,
): Promise<KnownResult> {
  return combinePoses({ params, score, combination: boltzmann(), executor: interpreter(), ...options });
}

/** Group scorer that records the poses one by one on the same tape. */
export function grouped<Pose, P extends Params>(score: Scorer<Pose, P>): GroupScorer<Pose, P> {
  return (tape, params, poses) =>
    concat(
      poses.map(pose => {
        const each = score(tape, params, pose);
        return reshape(each, [1, ...(each.shape.length === 1 ? each.shape : [])]);
      }),
    );
}

/** Poses with these energies and slopes (1, n, n²). */
export function posesOf(...energies: readonly number[]): KnownPose[] {
  return energies.map((energy, n) => ({ energy, slope: [1, n, n * n] }));
}

export function energiesOf(poses: readonly KnownPose[]): number[] {
  return poses.map(({ energy }) => energy);
}

export const strategies: readonly Strategy[] = ['stream', 'recompute', 'full-graph'];
