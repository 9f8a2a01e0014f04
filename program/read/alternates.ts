/** Filter that keeps the first of the alternate locations of each atom. */
export class Alternates {
  readonly #seen = new Set<string>();

  /**
   * True for an atom with one location, and at the first call for an atom with alternate locations.
   *
   * @param location label of the alternate location; '' if the atom has only one
   * @param atom key of the atom: its name, chain and residue number, but not the residue's name, which may differ between
   * alternate locations
   */
  isFirst(location: string, atom: string): boolean {
    if (location === '') return true;
    const isFirst = !this.#seen.has(atom);
    this.#seen.add(atom);
    return isFirst;
  }
}
