/** Collection that keeps the `most` items with the lowest scores. It holds fewer than twice that number at a time. */
export class Best<T> {
  readonly #most: number;
  readonly #scoreOf: (item: T) => number;
  #items: T[] = [];

  /** @param most number of items to keep; infinity for all */
  constructor(most: number, scoreOf: (item: T) => number) {
    this.#most = most;
    this.#scoreOf = scoreOf;
  }

  add(item: T): void {
    this.#items.push(item);
    if (this.#items.length >= 2 * this.#most) this.#items = this.sorted();
  }

  /** Returns the items held. With `most` infinite, these are all items in the order of adding. */
  held(): readonly T[] {
    return this.#items;
  }

  /** Returns the items with the lowest scores, lowest first. Items of equal score are in the order of adding. */
  sorted(): T[] {
    return this.#items.toSorted((a, b) => this.#scoreOf(a) - this.#scoreOf(b)).slice(0, this.#most);
  }
}
