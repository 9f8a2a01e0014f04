import type { GroupScorer, Params } from 'posetape/combine';
import type { GivenPooling } from '../command/poolings.ts';
import type { Molecule } from '../molecule/molecule.ts';

/** Scoring function with its receptor. */
export interface PoseScorer<Pose = unknown> {
  readonly params: Params;
  readonly score: GroupScorer<Pose, Params>;
  readonly posesPerTape: number;
  /** Pooling that the weights were fitted with, if they were. */
  readonly pooling?: GivenPooling;
  /** Begins a compound: its first pose says which one it is. */
  readonly compound: () => CompoundPoses<Pose>;
  /** True for a pose that touches the receptor. */
  readonly isNear: (pose: Pose) => boolean;
  /** Å, within which a pose is near. */
  readonly reach: number;
  /** Terms of a pose before they are weighted, by name; absent where there are none. */
  readonly termsOf?: (pose: Pose) => Readonly<Record<string, number>>;
}

/** Maker of the poses of one compound. */
export interface CompoundPoses<Pose> {
  /** @throws Error if the molecule cannot be scored, or is of another compound than the first */
  poseOf(molecule: Molecule): Pose;
  /** Tells whether a pose lies within a distance in Å of one that it was asked for before. */
  isRepeated(pose: Pose, distance: number): boolean;
}

/** Error for a molecule of another compound than the first of its kind. */
export function otherCompound({ source: { file, line } }: Molecule): Error {
  return new Error(
    `${file}, line ${line}: expected poses of one compound, found other atoms than in the first`,
  );
}
