import type { Tape, Value } from 'posetape';
import { concat, mul, segmentSum, sub, sum } from 'posetape/ops';
import { groupGraph } from './group.ts';
import type { InitialWeights, WeightValues } from './layers.ts';
import type { AtomGraph, Pose } from './pose.ts';

/**
 * Function that records the energies of atoms, of shape [atoms, 1].
 *
 * @param coordinates coordinates in Å, shape [atoms, 3]
 */
export type AtomEnergies = (weights: WeightValues, graph: AtomGraph, coordinates: Value) => Value;

/** Scorers of a network, for one pose and for several. */
export interface PoseScorer {
  /**
   * Records ΔG_n of a pose, of shape []: the energy of the complex. If the pose has {@link Pose.apart}, the energies of the
   * ligand alone and of the pocket alone are subtracted.
   *
   * @param ligand coordinates of the ligand in Å, shape [ligand atoms, 3]. Pass a parameter to get forces. Default: the pose's.
   */
  score(tape: Tape, weights: WeightValues, pose: Pose, ligand?: Value): Value;
  /**
   * Records ΔG_n of several poses, of shape [poses], as one joined graph. Each entry equals what `score` gives for that pose.
   *
   * @example
   * const tape = new Tape();
   * const values = recordWeights(tape, weights);
   * const slopes = gradient(sum(scoreGroup(tape, values, poses)), Object.values(values)); // Σ_n ∂ΔG_n/∂w for each weight w
   */
  scoreGroup(tape: Tape, weights: WeightValues, poses: readonly Pose[]): Value;
}

/** Network: its initial weights and its scorers. */
export interface Network extends PoseScorer {
  readonly weights: InitialWeights;
}

/** Returns scorers that sum the energies of the atoms. */
export function poseScorer(atomEnergies: AtomEnergies): PoseScorer {
  const score: PoseScorer['score'] = (tape, weights, { ligand, pocket, complex, apart }, coordinates) => {
    const ligandAt = coordinates ?? tape.constant(ligand.coordinates);
    const pocketAt = tape.constant(pocket.coordinates);
    const energyAt = (graph: AtomGraph, coordinates: Value) => sum(atomEnergies(weights, graph, coordinates));
    const together = energyAt(complex, concat([ligandAt, pocketAt], 0));
    if (!apart) return together;
    return sub(sub(together, energyAt(apart.pocket, pocketAt)), energyAt(apart.ligand, ligandAt));
  };

  const scoreGroup: PoseScorer['scoreGroup'] = (tape, weights, poses) => {
    const { coordinates, partOf, poseOf, signs, ...graph } = groupGraph(poses);
    const byAtom = sum(atomEnergies(weights, graph, tape.constant(coordinates)), 1);
    const byPart = segmentSum(byAtom, partOf, signs.length);
    return segmentSum(mul(byPart, tape.constant(signs)), poseOf, poses.length);
  };

  return { score, scoreGroup };
}
