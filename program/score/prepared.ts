import type { Molecule } from '../molecule/molecule.ts';
import type { Compound } from './compounds.ts';
import type { Scoring } from './scoring.ts';

/** Poses of a compound as the scorer wants them, and what is remembered of each. */
export class Prepared<Pose> {
  readonly sources: Molecule['source'][] = [];
  readonly terms: Readonly<Record<string, number>>[] = [];
  /** True once a pose has touched the receptor. */
  isNear = false;
  readonly #compound: Compound;
  readonly #scoring: Scoring<Pose>;

  constructor(compound: Compound, scoring: Scoring<Pose>) {
    this.#compound = compound;
    this.#scoring = scoring;
  }

  async *poses(): AsyncGenerator<Pose> {
    const { scorer, rmsd, strict, isPart, onSkip, onDuplicate, receptor } = this.#scoring;
    const skip = (file: string, reason: string) => {
      if (strict) throw new Error(reason);
      onSkip(file, reason);
    };
    const made = scorer.compound();
    for await (const read of this.#compound.poses) {
      if ('error' in read) {
        skip(read.file, read.error.message);
        continue;
      }
      let pose: Pose;
      try {
        pose = made.poseOf(read.molecule);
      } catch (error) {
        skip(read.file, (error as Error).message);
        continue;
      }
      if (rmsd !== undefined && made.isRepeated(pose, rmsd)) {
        onDuplicate();
        continue;
      }
      this.isNear ||= scorer.isNear(pose);
      this.sources.push(read.molecule.source);
      if (this.#scoring.terms && scorer.termsOf) this.terms.push(scorer.termsOf(pose));
      yield pose;
    }
    if (this.sources.length > 0 && !this.isNear && !isPart) {
      throw new FarError(farFrom(this.#compound.file, scorer.reach, receptor));
    }
  }

  /** File and reason of a bad pose. */
  locate(index: number, reason: string): [file: string, reason: string] {
    const { file, line } = this.sources[index] as Molecule['source'];
    return [file, `${file}, line ${line}: pose ${index + 1}: ${reason}`];
  }
}

/** Message of a {@link FarError}. */
export function farFrom(file: string, reach: number, receptor: string): string {
  return `${file}: no pose comes within ${reach} Å of an atom of ${receptor}`;
}

/** No pose of a compound touches the receptor. */
export class FarError extends Error {}
