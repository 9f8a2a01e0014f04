/** Filter that keeps the first of the alternate locations of each atom. */
export class Alternates {
  readonly #seen = new Set<string>();

  /**
   * True for an atom with one location, and at the first call for an atom with alternate locations.
   *
   * @param location label of the alternate location; '' if the atom has only one
   * @param atom name, chain and residue number. The residue's name is left out, because alternates may be different residues
   */
  isFirst(location: string, atom: string): boolean {
    if (location === '') return true;
    const isFirst = !this.#seen.has(atom);
    this.#seen.add(atom);
    return isFirst;
  }
}
