import type { Tensor } from 'posetape';

/** Å; pairs further apart do not interact. */
export const cutoff = 8;

/** Atom of one X-Score type: what the scoring function sees of it. */
export interface XsType {
  /** Å */
  readonly radius: number;
  readonly hydrophobic: boolean;
  /** Whether it gives a hydrogen to hydrogen bonds; metals count as donors. */
  readonly donor: boolean;
  /** Whether it takes the hydrogen of a hydrogen bond. */
  readonly acceptor: boolean;
}

/** Molecule as the scoring function sees it: its hydrogens have done their work in the types and are gone. */
export interface HeavyAtoms {
  readonly types: readonly XsType[];
  /** Å, shape [atoms, 3] */
  readonly coordinates: Tensor<Float64Array>;
  /** N_rot, the rotatable bonds that count against the molecule; 0 if it is rigid. */
  readonly rotors: number;
}

/** One pose, ready to be scored: its ligand and receptor, and every pair of their heavy atoms closer than 8 Å. */
export interface Pose {
  /** Ligand coordinates in Å, shape [ligand atoms, 3]. */
  readonly ligand: Tensor<Float64Array>;
  /** Receptor coordinates in Å, shape [receptor atoms, 3]; all poses share one. */
  readonly receptor: Tensor<Float64Array>;
  /** The ligand atom of each pair. */
  readonly ligandAtom: Int32Array;
  /** The receptor atom of each pair. */
  readonly receptorAtom: Int32Array;
  /** The sum of the two radii of each pair, in Å. */
  readonly radii: Float64Array;
  /** 1 for each pair of two hydrophobic atoms, else 0. */
  readonly hydrophobic: Float64Array;
  /** 1 for each pair of a donor and an acceptor, else 0. */
  readonly hydrogenBond: Float64Array;
  /** N_rot of the ligand. */
  readonly rotors: number;
}

/**
 * Lists the pairs of a pose. Which pairs there are is fixed here, by numbers; how far apart they are is computed on the
 * tape, so that it can be differentiated.
 *
 * @example
 * const receptor = heavyAtoms(pocket);
 * const poses = models.map(model => pairsOf(heavyAtoms(model), receptor));
 */
export function pairsOf(ligand: HeavyAtoms, receptor: HeavyAtoms): Pose {
  const ligandAtom: number[] = [];
  const receptorAtom: number[] = [];
  const radii: number[] = [];
  const hydrophobic: number[] = [];
  const hydrogenBond: number[] = [];

  for (const [i, a] of ligand.types.entries()) {
    for (const [j, b] of receptor.types.entries()) {
      if (squaredDistance(ligand.coordinates, i, receptor.coordinates, j) >= cutoff ** 2) continue;
      ligandAtom.push(i);
      receptorAtom.push(j);
      radii.push(a.radius + b.radius);
      hydrophobic.push(Number(a.hydrophobic && b.hydrophobic));
      hydrogenBond.push(Number((a.donor && b.acceptor) || (a.acceptor && b.donor)));
    }
  }
  return {
    ligand: ligand.coordinates,
    receptor: receptor.coordinates,
    ligandAtom: Int32Array.from(ligandAtom),
    receptorAtom: Int32Array.from(receptorAtom),
    radii: Float64Array.from(radii),
    hydrophobic: Float64Array.from(hydrophobic),
    hydrogenBond: Float64Array.from(hydrogenBond),
    rotors: ligand.rotors,
  };
}

function squaredDistance(a: Tensor, i: number, b: Tensor, j: number): number {
  let sum = 0;
  for (let axis = 0; axis < 3; axis++) {
    sum += ((a.data[3 * i + axis] as number) - (b.data[3 * j + axis] as number)) ** 2;
  }
  return sum;
}
