import { gradient, jit, Tape } from 'posetape';
import { score } from '../../../program/vina/score.ts';
import { recordWeights } from '../../vina/score.ts';
import { type Molecule, moleculeOf } from './molecules.ts';
import type { Context } from './tasks.ts';

/** Gradient of ΔG_n of one pose with respect to the coordinates of the ligand's heavy atoms, and the molecule of the pose. */
export interface Slope {
  /** Index of the pose. */
  readonly pose: number;
  /** Coordinates in Å, three for each heavy atom. */
  readonly coordinates: Float64Array;
  /** ∂ΔG_n/∂x in kcal/mol/Å, three for each heavy atom. The force is −∂ΔG_n/∂x. */
  readonly slope: Float64Array;
  readonly molecule: Molecule;
}

const executor = jit();

/** Computes the gradient of one pose's energy with respect to its coordinates. */
export function slope(context: Context, index: number): Slope {
  const pose = context.poseAt(index);
  const tape = new Tape();
  const x = tape.parameter(pose.ligand, 'x');
  const energy = score(tape, recordWeights(tape), pose, x);
  const [byX] = executor.run(gradient(energy, [x]));
  return {
    pose: index,
    coordinates: pose.ligand.data,
    slope: byX?.data as Float64Array,
    molecule: moleculeOf(pose),
  };
}
