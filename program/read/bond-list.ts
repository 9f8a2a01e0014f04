import type { Bond } from '../molecule/molecule.ts';
import { type Field, unexpectedField, wholeIn } from './line.ts';

/** Orders of bonds by their kind in MDL's formats: 4 is aromatic, 8 and 9 are any and dative, which count as single. */
export const mdlOrders: ReadonlyMap<string, number> = new Map([
  ['1', 1],
  ['2', 2],
  ['3', 3],
  ['4', 1.5],
  ['8', 1],
  ['9', 1],
]);

/** Bonds of a molecule while its lines are read: files name atoms by number, molecules by place. */
export class BondList {
  readonly bonds: Bond[] = [];
  readonly #places: ReadonlyMap<number, number>;
  readonly #orders: ReadonlyMap<string, number>;

  /**
   * @param numbers of the atoms, in their order
   * @param orders by the kind of a bond; 0 for what is no bond
   */
  constructor(numbers: readonly number[], orders: ReadonlyMap<string, number>) {
    this.#places = new Map(numbers.map((number, place) => [number, place]));
    this.#orders = orders;
  }

  /** @throws Error if a field is no number of an atom, both name the same, or the kind is unknown */
  add(from: Field, to: Field, kind: Field): void {
    const places = { from: this.#placeOf(from), to: this.#placeOf(to) };
    if (places.from === places.to) throw unexpectedField(to, 'another atom than the first of the bond');
    const order = this.#orders.get(kind.text);
    if (order === undefined) {
      throw unexpectedField(kind, `the kind of a bond, ${[...this.#orders.keys()].join(', ')}`);
    }
    if (order > 0) this.bonds.push({ ...places, order });
  }

  #placeOf(field: Field): number {
    const place = this.#places.get(wholeIn(field, 'an atom of the bond'));
    if (place !== undefined) return place;
    throw unexpectedField(field, `the number of one of ${this.#places.size} atoms`);
  }
}
