import type { GroupScorer, Params } from 'posetape/combine';
import type { GivenPooling } from '../command/poolings.ts';
import type { Molecule } from '../molecule/molecule.ts';

/** Scoring function with its receptor. */
export interface PoseScorer<Pose = unknown> {
  readonly params: Params;
  readonly score: GroupScorer<Pose, Params>;
  /** Maximum number of poses that share a tape. */
  readonly posesPerTape: number;
  /** Pooling that the weights were fitted with; absent if unknown. */
  readonly pooling?: GivenPooling;
  /** Returns an object that prepares the poses of one compound. The first pose determines the compound. */
  readonly compound: () => CompoundPoses<Pose>;
  /** True for a pose with an atom within `reach` of the receptor. */
  readonly isNear: (pose: Pose) => boolean;
  /** Distance in Å within which a pose touches the receptor. */
  readonly reach: number;
  /** Computes the unweighted terms of a pose, by name; absent if the score has no terms. */
  readonly termsOf?: (pose: Pose) => Readonly<Record<string, number>>;
}

/** Preparation of the poses of one compound. */
export interface CompoundPoses<Pose> {
  /**
   * Prepares a pose.
   *
   * @throws Error if the molecule cannot be scored, or is of another compound than the first
   */
  poseOf(molecule: Molecule): Pose;
  /** True if the RMSD from a pose of an earlier call, for which the result was false, is less than `distance`, in Å. */
  isRepeated(pose: Pose, distance: number): boolean;
}

/** Error for a pose that is of another compound than the first. */
export function otherCompoundError({ source: { file, line } }: Molecule): Error {
  return new Error(
    `${file}, line ${line}: expected poses of one compound, found other atoms than in the first`,
  );
}
