import type { Value } from '../tape.ts';
import { differenceOf, type Structure } from './structure.ts';

/** The number of tapes after which the count of new structures starts over. */
const windowLength = 64;

/** Plans, or what was compiled from them, by structure; the one unused for longest is dropped first. */
export class StructureCache<T> {
  /** The number of things made so far. */
  made = 0;
  readonly #owner: string;
  readonly #limit: number;
  readonly #onEvict: (evicted: T) => void;
  readonly #known = new Map<string, T>();
  #latest: { readonly key: string; readonly variant: string; readonly thing: T } | undefined;
  #asked = 0;
  #madeInWindow = 0;
  #hasWarned = false;

  /** `owner` is the executor's name, for its warning; `onEvict` is told what is dropped. */
  constructor(owner: string, limit: number, onEvict: (evicted: T) => void = () => {}) {
    this.#owner = owner;
    this.#limit = limit;
    this.#onEvict = onEvict;
  }

  /** The thing of a structure, if there is one. */
  find({ key }: Structure, variant: string): T | undefined {
    if (++this.#asked > windowLength) [this.#asked, this.#madeInWindow] = [1, 0];
    const latest = this.#latest;
    if (latest?.key === key && latest.variant === variant) return latest.thing;
    const name = `${variant} ${key}`;
    const thing = this.#known.get(name);
    if (thing !== undefined) this.#use(name, key, variant, thing);
    return thing;
  }

  #use(name: string, key: string, variant: string, thing: T): void {
    // Used last, dropped last: a Map keeps the order of insertion.
    this.#known.delete(name);
    this.#known.set(name, thing);
    this.#latest = { key, variant, thing };
  }

  /** The thing of a structure, made if there is none; `variant` tells several of one structure apart. */
  get(structure: Structure, variant: string, live: readonly Value[], make: () => T): T {
    const found = this.find(structure, variant);
    if (found !== undefined) return found;
    const { key } = structure;
    this.#warn(key, live);
    const thing = make();
    this.made++;
    this.#use(`${variant} ${key}`, key, variant, thing);
    for (const [oldest, evicted] of this.#known) {
      if (this.#known.size <= this.#limit) break;
      this.#known.delete(oldest);
      this.#onEvict(evicted);
    }
    return thing;
  }

  /** Forgets a thing. */
  delete(thing: T): void {
    if (this.#latest?.thing === thing) this.#latest = undefined;
    for (const [name, known] of this.#known) if (known === thing) this.#known.delete(name);
  }

  values(): IterableIterator<T> {
    return this.#known.values();
  }

  #warn(key: string, live: readonly Value[]): void {
    const before = this.#latest?.key;
    if (++this.#madeInWindow <= windowLength / 2 || this.#hasWarned || before === undefined) return;
    this.#hasWarned = true;
    console.warn(
      `${this.#owner}: more than half of the last ${this.#asked} tapes had a structure of their own, and each was planned and compiled, which takes longer than to run it. ${differenceOf(before, key, live)} Literals 0 and 1, the exponents that pow knows, which lengths are equal, and how many values there are belong to the structure; put numbers that vary from pose to pose on the tape by tape.constant, or use interpreter().`,
    );
  }
}
