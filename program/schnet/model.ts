import type { Weights } from '../../examples/networks/layers.ts';
import { type Atoms, type Pose, type PoseSettings, pocketOf, poseOf } from '../../examples/networks/pose.ts';
import { type SchNet, type Sizes, schnet } from '../../examples/schnet/schnet.ts';

/** Settings of a model: sizes of the network and how its poses are built. */
export interface Settings extends Sizes, PoseSettings {
  /** Radius of the pocket, which contains the receptor's atoms closer than this to an atom of the ligand, Å. */
  readonly pocket: number;
}

/** Network with its settings and weights. */
export interface Model {
  readonly settings: Settings;
  readonly network: SchNet;
  readonly weights: Weights;
}

/** Returns a model with random weights, whose energies are meaningless until it is fitted. */
export function untrained(settings: Settings, seed: number): Model {
  const network = schnet(settings, seed);
  return { settings, network, weights: network.weights };
}

/**
 * Builds the poses of a compound, each with its own pocket of the receptor.
 *
 * @param ligands atoms of the compound in each pose
 * @param files names of the files, for the message
 * @throws Error that names the files, if no pose is near the receptor
 */
export function posesIn(
  receptor: Atoms,
  ligands: readonly Atoms[],
  settings: Settings,
  files: { readonly receptor: string; readonly poses: string },
): Pose[] {
  const poses = ligands.map(ligand => poseOf(ligand, pocketOf(receptor, ligand, settings.pocket), settings));
  if (poses.every(({ pocket }) => pocket.elements.length === 0)) {
    throw new Error(
      `${files.poses}: no pose comes within ${settings.pocket} Å of an atom of ${files.receptor}`,
    );
  }
  return poses;
}
