import type { Skipped } from './result.ts';

/** Log of poses and compounds that are skipped: a line for each, and their number at the end. */
export class SkipLog {
  readonly skipped: Skipped[] = [];
  readonly #warn: (line: string) => void;
  /** False while the first line is held back. If nothing else follows in the input, its reason becomes the error of the run. */
  #isReleased = false;

  /** @param earlier poses and compounds that an earlier run has skipped and reported */
  constructor(warn: (line: string) => void, earlier: readonly Skipped[] = []) {
    this.#warn = warn;
    this.skipped.push(...earlier);
    this.#isReleased = earlier.length > 0;
  }

  add(skipped: Skipped): void {
    this.skipped.push(skipped);
    if (this.#isReleased) this.#say(skipped);
    else if (this.skipped.length > 1) this.release();
  }

  /** Writes the line of the first skipped pose, if it was held back. From now on each line is written at once. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    for (const skipped of this.skipped) this.#say(skipped);
  }

  /** Error for a run in which everything was skipped. */
  nothingLeftError(): Error {
    const [only, other] = this.skipped;
    if (only && !other) return new Error(only.reason);
    return new Error(`nothing could be scored: skipped all of ${this.#counts()}`);
  }

  /** Writes how many poses and compounds were skipped, if any. */
  end(): void {
    const { length } = this.skipped;
    if (length > 0) this.#warn(`${this.#counts()} ${length === 1 ? 'was' : 'were'} skipped`);
  }

  /** Numbers of skipped poses and compounds, such as `2 poses and 1 compound`. */
  #counts(): string {
    const parts = (['pose', 'compound'] as const).flatMap(what => {
      const count = this.skipped.filter(each => each.what === what).length;
      return count === 0 ? [] : `${count} ${what}${count === 1 ? '' : 's'}`;
    });
    return parts.join(' and ');
  }

  #say(skipped: Skipped): void {
    this.#warn(skippedLine(skipped));
  }
}

/** Returns the line about a skipped pose or compound, such as `skipped imatinib, pose 2: …`. */
export function skippedLine({ name, pose, reason }: Skipped): string {
  return `skipped ${name}${pose === undefined ? '' : `, pose ${pose}`}: ${reason}`;
}
