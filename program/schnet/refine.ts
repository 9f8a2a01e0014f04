import { evaluate, gradient, Tape, type Tensor, tensor } from 'posetape';
import { recordWeights } from '../../examples/networks/layers.ts';
import { type Atoms, type Pose, poseOf } from '../../examples/networks/pose.ts';
import type { Model } from './model.ts';

/** What the model says of one pose. */
export interface Slope {
  /** ΔG_n. */
  readonly energy: number;
  /** ∂ΔG_n/∂x in energy per Å, shape [ligand atoms, 3]: the negative of the forces. */
  readonly slope: Tensor;
}

/** A pose after some steps downhill. */
export interface Refined {
  /** Where the ligand's atoms are now. */
  readonly ligand: Atoms;
  /** ΔG_n before the first step and after each; a step that was taken back repeats the number before. */
  readonly energies: readonly number[];
  /** The root mean square of how far the atoms have moved, in Å. */
  readonly rmsd: number;
}

/** The energy of a pose, and its gradient with respect to the coordinates of the ligand. */
export function slopeOf({ network, weights }: Model, pose: Pose): Slope {
  const tape = new Tape();
  const x = tape.parameter(pose.ligand.coordinates, 'ligand coordinates');
  const energy = network.score(tape, recordWeights(tape, weights), pose, x);
  const [value, slope] = evaluate([energy, ...gradient(energy, [x])]);
  return { energy: value.data[0] as number, slope };
}

/** How long the largest move of an atom is at first, in Å, and what becomes of that after a good and a bad step. */
const damping = { first: 0.05, longer: 1.2, shorter: 0.5 };

/**
 * Moves the ligand's atoms downhill by damped steepest descent, the receptor's staying where they are. A step that would
 * lead uphill is taken back and the next one is half as long. Who is whose neighbour is found anew at each step.
 *
 * Nothing here holds the atoms of the ligand together but the model itself.
 */
export function refine(model: Model, start: Pose, steps: number): Refined {
  let pose = start;
  let { energy, slope } = slopeOf(model, pose);
  let longest = damping.first;
  const energies = [energy];
  for (let step = 0; step < steps; step++) {
    const next = poseOf(moved(pose.ligand, slope, longest), pose.pocket, model.settings);
    const there = slopeOf(model, next);
    const isDown = there.energy < energy;
    if (isDown) {
      pose = next;
      ({ energy, slope } = there);
    }
    longest *= isDown ? damping.longer : damping.shorter;
    energies.push(energy);
  }
  return { ligand: pose.ligand, energies, rmsd: rmsd(start.ligand, pose.ligand) };
}

/** The length in energy per Å of the slope at each atom. */
export function steepness({ data, shape: [atoms = 0] }: Tensor): number[] {
  return Array.from({ length: atoms }, (_, i) => Math.hypot(...data.subarray(3 * i, 3 * i + 3)));
}

/** The atoms moved against their slopes, that of the steepest by `longest` Å. */
function moved({ elements, coordinates }: Atoms, slope: Tensor, longest: number): Atoms {
  const steepest = Math.max(...steepness(slope));
  const factor = steepest > 0 ? longest / steepest : 0;
  const data = coordinates.data.map((x, i) => x - factor * (slope.data[i] as number));
  return { elements, coordinates: tensor(data, coordinates.shape) };
}

function rmsd(a: Atoms, b: Atoms): number {
  const squares = a.coordinates.data.map((x, i) => (x - (b.coordinates.data[i] as number)) ** 2);
  return Math.sqrt(squares.reduce((total, each) => total + each, 0) / a.elements.length);
}
