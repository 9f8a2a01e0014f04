import type { Executor } from 'posetape';
import type { GivenPooling } from '../command/poolings.ts';
import type { Molecule } from '../molecule/molecule.ts';
import type { StrategyName } from './options.ts';
import type { PoseSource } from './result.ts';
import type { PoseScorer } from './scorer.ts';

/** Settings for scoring the compounds of a run. */
export interface Scoring<Pose> extends GivenPooling {
  readonly scorer: PoseScorer<Pose>;
  readonly executor: Executor;
  readonly strategy: StrategyName;
  readonly target?: number;
  readonly rmsd?: number;
  readonly terms: boolean;
  readonly strict: boolean;
  /** True if other poses of the compound are scored elsewhere. It is then no error if none here touches the receptor. */
  readonly isPart?: boolean;
  readonly signal: AbortSignal;
  /** File of the receptor, for messages. */
  readonly receptor: string;
  /** Called for each molecule that was read, before it is prepared. */
  readonly onMolecule: (molecule: Molecule) => void;
  /** Called after each pose, and awaited. */
  readonly onPose: () => Promise<void> | undefined;
  /** Called for each pose that cannot be read or scored. */
  readonly onSkip: (pose: Pick<PoseSource, 'file' | 'number'>, reason: string) => void;
  /** Called for each pose that repeats an earlier one. */
  readonly onDuplicate: () => void;
}
