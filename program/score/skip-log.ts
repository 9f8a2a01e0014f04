import type { Skipped } from './result.ts';

/** Reports of what is left out: each in a line when it is met, and their number at the end. */
export class SkipLog {
  readonly skipped: Skipped[] = [];
  readonly #warn: (line: string) => void;
  /** True if lines are written at once; the first waits, as it may be the only thing there is, and so an error. */
  #isOpen = false;

  /** @param earlier molecules that an earlier run has left out and told of */
  constructor(warn: (line: string) => void, earlier: readonly Skipped[] = []) {
    this.#warn = warn;
    this.skipped.push(...earlier);
    this.#isOpen = earlier.length > 0;
  }

  add(skipped: Skipped): void {
    this.skipped.push(skipped);
    if (this.#isOpen) this.#say(skipped);
    else if (this.skipped.length > 1) this.open();
  }

  /** Writes what waits. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    for (const each of this.skipped) this.#say(each);
  }

  /** Error for a run that came to nothing. */
  nothingLeft(): Error {
    const [only, other] = this.skipped;
    if (only && !other) return new Error(only.reason);
    return new Error(`nothing could be scored: all ${this.skipped.length} molecules were skipped`);
  }

  end(): void {
    const { length } = this.skipped;
    if (length > 0) this.#warn(`${length} ${length === 1 ? 'molecule was' : 'molecules were'} skipped`);
  }

  #say({ name, reason }: Skipped): void {
    this.#warn(`skipped ${name}: ${reason}`);
  }
}
