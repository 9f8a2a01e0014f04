import type { Executor } from 'posetape';
import type { GivenPooling } from '../command/poolings.ts';
import type { StrategyName } from './options.ts';
import type { PoseScorer } from './scorer.ts';

/** Settings for the compounds of a run. */
export interface Scoring<Pose> extends GivenPooling {
  readonly scorer: PoseScorer<Pose>;
  readonly executor: Executor;
  readonly strategy: StrategyName;
  readonly target?: number;
  readonly rmsd?: number;
  readonly terms: boolean;
  readonly strict: boolean;
  /** True if the compound's other poses are scored elsewhere; it may then be far from the receptor here. */
  readonly isPart?: boolean;
  readonly signal: AbortSignal;
  readonly receptor: string;
  /** Called for each pose that is done, and awaited. */
  readonly onPose: () => Promise<void> | undefined;
  /** Called for what is left out. */
  readonly onSkip: (file: string, reason: string) => void;
  readonly onDuplicate: () => void;
}
