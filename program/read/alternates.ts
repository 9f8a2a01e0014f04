/** Alternate locations of atoms, of which the first counts. */
export class Alternates {
  readonly #located = new Set<string>();

  /**
   * False if an earlier location of the same atom is known.
   *
   * @param location '' for an atom that has one only
   * @param atom its name, chain and residue number, but not the residue's name: alternates may be of different residues
   */
  isFirst(location: string, atom: string): boolean {
    if (location === '') return true;
    const isFirst = !this.#located.has(atom);
    this.#located.add(atom);
    return isFirst;
  }
}
