import { gradient, jit, Tape } from 'posetape';
import { score } from '../../../program/vina/score.ts';
import { recordWeights } from '../../vina/score.ts';
import { type Molecule, moleculeOf } from './molecules.ts';
import type { Context } from './tasks.ts';

/** Gradient of ΔG_n of one pose by the place of each heavy atom of its ligand, and the pose itself. */
export interface Slope {
  readonly pose: number;
  /** Å, three for each heavy atom. */
  readonly coordinates: Float64Array;
  /** ∂ΔG_n/∂x in kcal/mol/Å, as many. Forces are the negative of it. */
  readonly slope: Float64Array;
  readonly molecule: Molecule;
}

const executor = jit();

/** The gradient of one pose's energy by its coordinates, which are a parameter like any other. */
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
