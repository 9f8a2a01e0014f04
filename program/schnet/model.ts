import type { Weights } from '../../examples/networks/layers.ts';
import { type Atoms, type Pose, type PoseSettings, pocketOf, poseOf } from '../../examples/networks/pose.ts';
import { type SchNet, type Sizes, schnet } from '../../examples/schnet/schnet.ts';

/** Settings by which a model is made, without its weights. */
export interface Settings extends Sizes, PoseSettings {
  /** Å; the receptor's atoms closer than this to an atom of the ligand are the pocket. */
  readonly pocket: number;
}

/** A network with weights, and how poses are made for it. */
export interface Model {
  readonly settings: Settings;
  readonly network: SchNet;
  readonly weights: Weights;
}

/** A model with random weights: its energies mean nothing until it is fitted. */
export function untrained(settings: Settings, seed: number): Model {
  const network = schnet(settings, seed);
  return { settings, network, weights: network.weights };
}

/**
 * Makes poses of a compound.
 *
 * @throws Error naming the files if no pose is near the receptor
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
