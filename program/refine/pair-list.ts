import type { Pose, XsType } from '../../examples/vina/pairs.ts';

/** Arrays of pairs as a tape reads them. Unused entries are at the end. */
export type PairArrays = Pick<Pose, 'ligandAtom' | 'receptorAtom' | 'radii' | 'hydrophobic' | 'hydrogenBond'>;

/** Sum of radii in unused entries. With this sum, every term is exactly 0 at any distance. */
const unusedRadii = -1e6;

/** Length of the first arrays. The lengths of later arrays are multiples of this one. */
const unitLength = 64;

/** Factor by which arrays grow, before rounding up to a multiple of {@link unitLength}. */
const growth = 1.25;

/** Growing list of pairs, in arrays that a tape reads. The arrays are reused as long as they are long enough. */
export class PairList {
  #arrays: PairArrays = arraysOf(unitLength);
  #length = 0;

  /** Empties the list. */
  clear(): void {
    this.#length = 0;
  }

  /** Adds a pair of a ligand atom and a receptor atom, or of two ligand atoms. */
  add(first: number, a: XsType, second: number, b: XsType): void {
    if (this.#length === this.#arrays.radii.length) this.#grow();
    const { ligandAtom, receptorAtom, radii, hydrophobic, hydrogenBond } = this.#arrays;
    const at = this.#length++;
    ligandAtom[at] = first;
    receptorAtom[at] = second;
    radii[at] = a.radius + b.radius;
    hydrophobic[at] = Number(a.hydrophobic && b.hydrophobic);
    hydrogenBond[at] = Number((a.donor && b.acceptor) || (a.acceptor && b.donor));
  }

  /** Returns the arrays, with unused entries after the last pair. They are new arrays if the previous ones were too short. */
  filled(): PairArrays {
    const { ligandAtom, receptorAtom, radii, hydrophobic, hydrogenBond } = this.#arrays;
    for (const array of [ligandAtom, receptorAtom, hydrophobic, hydrogenBond]) array.fill(0, this.#length);
    radii.fill(unusedRadii, this.#length);
    return this.#arrays;
  }

  #grow(): void {
    const old = this.#arrays;
    this.#arrays = arraysOf(unitLength * Math.ceil((growth * old.radii.length) / unitLength));
    for (const name of Object.keys(old) as (keyof PairArrays)[]) this.#arrays[name].set(old[name]);
  }
}

function arraysOf(length: number): PairArrays {
  return {
    ligandAtom: new Int32Array(length),
    receptorAtom: new Int32Array(length),
    radii: new Float64Array(length),
    hydrophobic: new Float64Array(length),
    hydrogenBond: new Float64Array(length),
  };
}
