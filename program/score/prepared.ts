import { accumulatePoses, mean, type Params } from 'posetape/combine';
import type { Compound } from './compounds.ts';
import type { PoseSource } from './result.ts';
import type { Scoring } from './scoring.ts';

/** Poses of a compound, prepared for the scorer one at a time, and a record of each. */
export class Prepared<Pose> {
  /** Origin of each prepared pose. */
  readonly sources: PoseSource[] = [];
  /** Terms of each prepared pose, if they are to be reported. */
  readonly terms: Readonly<Record<string, number>>[] = [];
  /** True once a pose has touched the receptor. */
  isNear = false;
  /** Number of poses that could not be read, prepared or scored. */
  skipped = 0;
  readonly #compound: Compound;
  readonly #scoring: Scoring<Pose>;

  constructor(compound: Compound, scoring: Scoring<Pose>) {
    this.#compound = compound;
    this.#scoring = scoring;
  }

  /**
   * Yields the poses.
   *
   * @throws FarError after the last pose, if no pose touches the receptor, unless other poses of the compound are scored
   * elsewhere; Error for a bad pose if the scoring is strict
   */
  async *poses(): AsyncGenerator<Pose> {
    const { scorer, rmsd, isPart, onMolecule, onDuplicate, receptor } = this.#scoring;
    const isPowerMean = this.#scoring.combination === 'power-mean';
    const preparer = scorer.compound();
    for await (const entry of this.#compound.poses) {
      if ('error' in entry) {
        this.#skip(entry, entry.error.message);
        continue;
      }
      onMolecule(entry.molecule);
      let pose: Pose;
      try {
        pose = preparer.poseOf(entry.molecule);
      } catch (error) {
        this.#skip(entry, (error as Error).message);
        continue;
      }
      // Only the power mean needs a score above 0. A pose whose score is NaN is reported later, when it is scored again.
      const score = isPowerMean ? await scoreOf(pose, this.#scoring) : 1;
      if (score <= 0) {
        const { file, line } = entry.molecule.source;
        const reason = `--combination power-mean needs scores above 0, got ${score.toFixed(3)}`;
        this.#skip(entry, `${file}, line ${line}: bad pose: ${reason}`);
        continue;
      }
      if (rmsd !== undefined && preparer.isRepeated(pose, rmsd)) {
        onDuplicate();
        continue;
      }
      this.isNear ||= scorer.isNear(pose);
      this.sources.push({ ...entry.molecule.source, number: entry.number });
      if (this.#scoring.terms && scorer.termsOf) this.terms.push(scorer.termsOf(pose));
      yield pose;
    }
    if (this.sources.length > 0 && !this.isNear && !isPart) {
      throw new FarError(farMessage(this.#compound.file, scorer.reach, receptor));
    }
  }

  /** Reports that the prepared pose at an index could not be scored. */
  reportBad(index: number, reason: string): void {
    this.#skip(this.sources[index] as PoseSource, this.messageOf(index, reason));
  }

  /** Returns the message that the prepared pose at an index could not be scored. */
  messageOf(index: number, reason: string): string {
    const { file, line } = this.sources[index] as PoseSource;
    return `${file}, line ${line}: bad pose: ${reason}`;
  }

  #skip(pose: Pick<PoseSource, 'file' | 'number'>, reason: string): void {
    if (this.#scoring.strict) throw new Error(reason);
    this.skipped++;
    this.#scoring.onSkip(pose, reason);
  }
}

/** Returns the score of one pose; NaN if it cannot be scored. */
async function scoreOf<Pose>(pose: Pose, { scorer, executor }: Scoring<Pose>): Promise<number> {
  let score = Number.NaN;
  await accumulatePoses<Pose, Params>({
    ...{ poses: [pose], params: scorer.params, score: scorer.score, posesPerTape: 1 },
    ...{ combination: mean(), executor, badPose: 'skip' },
    onPose({ prediction }) {
      score = prediction;
    },
  });
  return score;
}

/** Returns the message for a compound whose poses are all farther than `reach` Å from the receptor. */
export function farMessage(file: string, reach: number, receptor: string): string {
  return `${file}: no pose comes within ${reach} Å of an atom of ${receptor}`;
}

/** Error for a compound of which no pose touches the receptor. */
export class FarError extends Error {}
