/** The best of what it is given: those of the lowest scores. It holds twice as many at most. */
export class Best<T> {
  readonly #most: number;
  readonly #scoreOf: (each: T) => number;
  #kept: T[] = [];

  constructor(most: number, scoreOf: (each: T) => number) {
    this.#most = most;
    this.#scoreOf = scoreOf;
  }

  add(each: T): void {
    this.#kept.push(each);
    if (this.#kept.length >= 2 * this.#most) this.#kept = this.sorted();
  }

  /** As they were given; all, if there is room for all. */
  inOrder(): readonly T[] {
    return this.#kept;
  }

  /** The best first; of equal scores, that given first. */
  sorted(): T[] {
    return this.#kept.toSorted((a, b) => this.#scoreOf(a) - this.#scoreOf(b)).slice(0, this.#most);
  }
}
