import type { Value } from '../tape.ts';
import { differenceOf, type Structure } from './structure.ts';

/** The number of tapes after which the count of new structures starts again from 0. */
const windowLength = 64;

/** Plans, or their compiled code, by structure; the least recently used entry is dropped first. */
export class StructureCache<T> {
  /** The number of entries created so far. */
  created = 0;
  readonly #owner: string;
  readonly #limit: number;
  readonly #onEvict: (evicted: T) => void;
  readonly #entries = new Map<string, T>();
  #latest: { readonly key: string; readonly variant: string; readonly entry: T } | undefined;
  #tapes = 0;
  #createdInWindow = 0;
  #hasWarned = false;

  /** `owner` is the executor's name, for its warning; `onEvict` is called with each dropped entry. */
  constructor(owner: string, limit: number, onEvict: (evicted: T) => void = () => {}) {
    this.#owner = owner;
    this.#limit = limit;
    this.#onEvict = onEvict;
  }

  /** The entry of a structure; undefined if there is none. */
  find({ key }: Structure, variant: string): T | undefined {
    const latest = this.#latest;
    const isLatest = latest?.key === key && latest.variant === variant;
    const entry = isLatest ? latest.entry : this.#entries.get(`${variant} ${key}`);
    if (entry === undefined) return undefined;
    this.#countTape();
    if (!isLatest) this.#use(`${variant} ${key}`, key, variant, entry);
    return entry;
  }

  /** Counts a tape when its entry is found or created. A failed search is not counted, since `get` follows for the same tape. */
  #countTape(): void {
    if (++this.#tapes > windowLength) [this.#tapes, this.#createdInWindow] = [1, 0];
  }

  #use(name: string, key: string, variant: string, entry: T): void {
    // A Map keeps the order of insertion, so the least recently used entry comes first.
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    this.#latest = { key, variant, entry };
  }

  /** The entry of a structure, created if there is none; `variant` distinguishes several entries of one structure. */
  get(structure: Structure, variant: string, live: readonly Value[], make: () => T): T {
    const cached = this.find(structure, variant);
    if (cached !== undefined) return cached;
    const { key } = structure;
    this.#countTape();
    this.#warn(key, live);
    const entry = make();
    this.created++;
    this.#use(`${variant} ${key}`, key, variant, entry);
    for (const [oldest, evicted] of this.#entries) {
      if (this.#entries.size <= this.#limit) break;
      this.#entries.delete(oldest);
      this.#onEvict(evicted);
    }
    return entry;
  }

  /** Removes an entry. */
  delete(entry: T): void {
    if (this.#latest?.entry === entry) this.#latest = undefined;
    for (const [name, other] of this.#entries) if (other === entry) this.#entries.delete(name);
  }

  values(): IterableIterator<T> {
    return this.#entries.values();
  }

  #warn(key: string, live: readonly Value[]): void {
    const previousKey = this.#latest?.key;
    if (++this.#createdInWindow <= windowLength / 2 || this.#hasWarned || previousKey === undefined) return;
    this.#hasWarned = true;
    console.warn(
      `${this.#owner}: more than half of the last ${this.#tapes} tapes had a new structure, or one whose plan was dropped (the option structures is ${this.#limit}). Each was planned and compiled, which takes longer than running it. ${differenceOf(previousKey, key, live)} The structure includes the number of values, which lengths are equal, literals 0 and 1, and the exponents that pow treats specially. Put numbers that vary from pose to pose on the tape with tape.constant, or use interpreter().`,
    );
  }
}
