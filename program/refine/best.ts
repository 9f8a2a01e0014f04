/** Collection that keeps the `limit` items with the lowest scores. Between calls it holds fewer than twice `limit` items. */
export class Best<T> {
  readonly #limit: number;
  readonly #scoreOf: (item: T) => number;
  #items: T[] = [];

  /** @param limit number of items to keep; infinity for all */
  constructor(limit: number, scoreOf: (item: T) => number) {
    this.#limit = limit;
    this.#scoreOf = scoreOf;
  }

  add(item: T): void {
    this.#items.push(item);
    if (this.#items.length >= 2 * this.#limit) this.#items = this.sorted();
  }

  /** Returns the items held. If `limit` is infinite, they are all items in the order of adding. */
  held(): readonly T[] {
    return this.#items;
  }

  /** Returns the items with the lowest scores, lowest first. Items of equal score are in the order of adding. */
  sorted(): T[] {
    return this.#items.toSorted((a, b) => this.#scoreOf(a) - this.#scoreOf(b)).slice(0, this.#limit);
  }
}
