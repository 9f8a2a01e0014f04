import { jit, type SyncExecutor, Tape, type Value } from 'posetape';
import { add, gather, stack, sum } from 'posetape/ops';
import * as vina from '../../examples/vina/score.ts';
import type { DockedPose } from './poses.ts';

/**
 * Records the binding free energy of a docked pose, in kcal/mol and of shape []: the Vina scoring function of
 * `examples/vina/score.ts`, extended by the pairs between ligands, and between ligands and flexible residues. As in AutoDock
 * Vina, the energy of each of these pairs is capped below 1000 kcal/mol, and pairs between a flexible residue and the rest of
 * the receptor do not count.
 *
 * @param ligand coordinates of the rows of `pose.ligand`, in Å; pass a parameter of the tape to get forces
 */
export function score(
  tape: Tape,
  weights: vina.Weights,
  pose: DockedPose,
  ligand: Value = tape.constant(pose.ligand),
): Value {
  const energy = vina.score(tape, weights, pose, ligand);
  const { between } = pose;
  if (!between) return energy;
  const [first, second] = [gather(ligand, between.first), gather(ligand, between.second)];
  return add(energy, vina.score(tape, weights, between.pose, first, second));
}

/** Records the binding free energies of several docked poses, in kcal/mol and of shape [poses]. */
export function scoreGroup(tape: Tape, weights: vina.Weights, poses: readonly DockedPose[]): Value {
  if (!poses.some(({ between }) => between)) return vina.scoreGroup(tape, weights, poses);
  return stack(poses.map(pose => score(tape, weights, pose)));
}

/** Unweighted terms of a pose: the repulsion in Å², the others dimensionless. */
export interface TermSums extends vina.Terms<number> {
  /** Number of rotors, N_rot. */
  readonly rotors: number;
}

/**
 * Computes the parts of the binding free energy of a pose: the sum of each term over all pairs, and the number of rotors.
 * The weighted sum of the terms, divided by 1 + w_rot N_rot, is the binding free energy, unless an atom clashes. The energy
 * of a clashing atom is above 0 and capped below 1000 kcal/mol.
 *
 * @param executor runs the tape; pass one executor for many poses, so that the tape is compiled once
 */
export function termsOf(pose: DockedPose, executor: SyncExecutor = jit()): TermSums {
  const tape = new Tape();
  const byPair = vina.terms(tape, pose);
  const between = pose.between && vina.terms(tape, pose.between.pose);
  const names = Object.keys(byPair) as (keyof vina.Terms)[];
  const sums = names.map(name => (between ? add(sum(byPair[name]), sum(between[name])) : sum(byPair[name])));
  const numbers = executor.run(sums).map(({ data }) => data[0]);
  const terms = Object.fromEntries(names.map((name, n) => [name, numbers[n]])) as Record<
    keyof vina.Terms,
    number
  >;
  return { ...terms, rotors: pose.rotors };
}
