import type { Pose, XsType } from '../../examples/vina/pairs.ts';

/** Pairs as a tape reads them. Those at the end may hold nothing. */
export type PairArrays = Pick<Pose, 'ligandAtom' | 'receptorAtom' | 'radii' | 'hydrophobic' | 'hydrogenBond'>;

/** Sum of radii of a pair that holds nothing: with it every term is exactly 0, whatever its distance. */
const nothing = -1e6;

/** Lengths of lists are multiples of this. */
const step = 64;

/** Pairs of atoms in arrays that a tape reads: they are filled again and again without their length changing. */
export class PairList {
  #arrays: PairArrays = arraysOf(step);
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

  /** The arrays, all beyond the last pair holding nothing. They are others once there were too many pairs for them. */
  filled(): PairArrays {
    const { ligandAtom, receptorAtom, radii, hydrophobic, hydrogenBond } = this.#arrays;
    for (const array of [ligandAtom, receptorAtom, hydrophobic, hydrogenBond]) array.fill(0, this.#length);
    radii.fill(nothing, this.#length);
    return this.#arrays;
  }

  #grow(): void {
    const before = this.#arrays;
    this.#arrays = arraysOf(step * Math.ceil((1.25 * before.radii.length) / step));
    for (const name of Object.keys(before) as (keyof PairArrays)[]) this.#arrays[name].set(before[name]);
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
