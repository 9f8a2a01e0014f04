import type { Tape, Value } from 'posetape';
import { concat, mul, segmentSum, sub, sum } from 'posetape/ops';
import { groupGraph } from './group.ts';
import type { InitialWeights, WeightValues } from './layers.ts';
import type { AtomGraph, Pose } from './pose.ts';

/**
 * Records the energies of atoms, of shape [atoms, 1].
 *
 * @param coordinates Å, shape [atoms, 3]
 */
export type AtomEnergies = (weights: WeightValues, graph: AtomGraph, coordinates: Value) => Value;

/** The two ways to score poses by a network. */
export interface PoseScorer {
  /**
   * Records ΔG_n of a pose, of shape []: the energy of ligand and pocket together, and if the pose says so, less those of
   * each alone.
   *
   * @param ligand the ligand's coordinates in Å, shape [ligand atoms, 3]; give them as a parameter to get forces
   */
  score(tape: Tape, weights: WeightValues, pose: Pose, ligand?: Value): Value;
  /**
   * Records ΔG_n of several poses with the ops of one graph, of shape [poses]: each is what `score` records of that pose.
   *
   * @example
   * const tape = new Tape();
   * const values = recordWeights(tape, weights);
   * const slopes = gradient(sum(scoreGroup(tape, values, poses)), Object.values(values)); // Σ_n ∂ΔG_n/∂w by weight w
   */
  scoreGroup(tape: Tape, weights: WeightValues, poses: readonly Pose[]): Value;
}

/** A network: parameters to begin with, and what to do with them. */
export interface Network extends PoseScorer {
  readonly weights: InitialWeights;
}

/** Scores poses by the sum of their atoms' energies. */
export function poseScorer(atomEnergies: AtomEnergies): PoseScorer {
  const score: PoseScorer['score'] = (tape, weights, { ligand, pocket, complex, apart }, moved) => {
    const ligandAt = moved ?? tape.constant(ligand.coordinates);
    const pocketAt = tape.constant(pocket.coordinates);
    const energyAt = (graph: AtomGraph, coordinates: Value) => sum(atomEnergies(weights, graph, coordinates));
    const together = energyAt(complex, concat([ligandAt, pocketAt], 0));
    if (!apart) return together;
    return sub(sub(together, energyAt(apart.pocket, pocketAt)), energyAt(apart.ligand, ligandAt));
  };

  const scoreGroup: PoseScorer['scoreGroup'] = (tape, weights, poses) => {
    const { coordinates, partOf, poseOf, signs, ...graph } = groupGraph(poses);
    const ofAtoms = sum(atomEnergies(weights, graph, tape.constant(coordinates)), 1);
    const ofParts = segmentSum(ofAtoms, partOf, signs.length);
    return segmentSum(mul(ofParts, tape.constant(signs)), poseOf, poses.length);
  };

  return { score, scoreGroup };
}
