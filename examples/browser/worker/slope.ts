import { gradient, jit, Tape } from 'posetape';
import { recordWeights, score } from '../../vina/score.ts';
import type { Context } from './tasks.ts';

/** Gradient of ΔG_n of one pose by the place of each heavy atom of its ligand. */
export interface Slope {
  readonly pose: number;
  /** Å, three for each heavy atom. */
  readonly coordinates: Float64Array;
  /** ∂ΔG_n/∂x in kcal/mol/Å, as many. Forces are the negative of it. */
  readonly slope: Float64Array;
}

const executor = jit();

/** The gradient of one pose's energy by its coordinates, which are a parameter like any other. */
export function slope({ poses }: Context, index: number): Slope {
  const pose = poseAt(poses, index);
  const tape = new Tape();
  const x = tape.parameter(pose.ligand, 'x');
  const energy = score(tape, recordWeights(tape), pose, x);
  const [byX] = executor.run(gradient(energy, [x]));
  return { pose: index, coordinates: pose.ligand.data, slope: byX?.data as Float64Array };
}

/** @throws RangeError where there is no such pose */
export function poseAt<Pose>(poses: readonly Pose[], index: number): Pose {
  const pose = poses[index];
  if (!pose) throw new RangeError(`there is no pose ${index + 1}, only ${poses.length}`);
  return pose;
}
