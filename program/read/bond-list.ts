import type { Bond } from '../molecule/molecule.ts';
import { type Field, unexpectedField, wholeIn } from './line.ts';

/** Bond orders by their code in MDL's formats. Code 4 means aromatic; 8 (any) and 9 (dative) count as single bonds. */
export const mdlOrders: ReadonlyMap<string, number> = new Map([
  ['1', 1],
  ['2', 2],
  ['3', 3],
  ['4', 1.5],
  ['8', 1],
  ['9', 1],
]);

/** Collects the bonds of a molecule while its lines are read. Files name atoms by number, `bonds` by index. */
export class BondList {
  readonly bonds: Bond[] = [];
  readonly #indices: ReadonlyMap<number, number>;
  readonly #orders: ReadonlyMap<string, number>;

  /**
   * @param numbers number of each atom in the file
   * @param orders bond orders by their code in the file; 0 for codes that mean no bond
   */
  constructor(numbers: readonly number[], orders: ReadonlyMap<string, number>) {
    this.#indices = new Map(numbers.map((number, index) => [number, index]));
    this.#orders = orders;
  }

  /**
   * Adds a bond.
   *
   * @throws Error naming the field if it is not the number of an atom, if both atoms are equal, or for an unknown code
   */
  add(from: Field, to: Field, code: Field): void {
    const atoms = { from: this.#indexOf(from), to: this.#indexOf(to) };
    if (atoms.from === atoms.to) throw unexpectedField(to, 'another atom than the first of the bond');
    const order = this.#orders.get(code.text);
    if (order === undefined) {
      throw unexpectedField(code, `the kind of a bond, one of ${[...this.#orders.keys()].join(', ')}`);
    }
    if (order > 0) this.bonds.push({ ...atoms, order });
  }

  #indexOf(field: Field): number {
    const index = this.#indices.get(wholeIn(field, 'an atom of the bond'));
    if (index !== undefined) return index;
    throw unexpectedField(field, `the number of one of ${this.#indices.size} atoms`);
  }
}
