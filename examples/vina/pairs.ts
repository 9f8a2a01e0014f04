import type { Tensor } from 'posetape';

/** Cutoff in Å. Atoms at this distance or more do not interact. */
export const cutoff = 8;

/** Properties of an X-Score atom type. */
export interface XsType {
  /** Radius in Å. */
  readonly radius: number;
  readonly hydrophobic: boolean;
  /** True if the atom donates a hydrogen to hydrogen bonds. Metals count as donors. */
  readonly donor: boolean;
  /** True if the atom accepts a hydrogen bond. */
  readonly acceptor: boolean;
}

/** Heavy atoms of a molecule, for the scoring function. Hydrogens matter only for finding the types. */
export interface HeavyAtoms {
  readonly types: readonly XsType[];
  /** Coordinates in Å, shape [atoms, 3]. */
  readonly coordinates: Tensor<Float64Array>;
  /** N_rot, the number of rotatable bonds that the scoring function counts; 0 if the molecule is rigid. */
  readonly rotors: number;
}

/** Pose with every pair of a ligand and a receptor atom closer than 8 Å. */
export interface Pose {
  /** Ligand coordinates in Å, shape [ligand atoms, 3]. */
  readonly ligand: Tensor<Float64Array>;
  /** Receptor coordinates in Å, shape [receptor atoms, 3]. Poses may share one tensor. */
  readonly receptor: Tensor<Float64Array>;
  /** Ligand atom of each pair. */
  readonly ligandAtom: Int32Array;
  /** Receptor atom of each pair. */
  readonly receptorAtom: Int32Array;
  /** Sum of the two radii of each pair, in Å. */
  readonly radii: Float64Array;
  /** 1 for each pair of two hydrophobic atoms, else 0. */
  readonly hydrophobic: Float64Array;
  /** 1 for each pair of a donor and an acceptor, else 0. */
  readonly hydrogenBond: Float64Array;
  /** N_rot of the ligand. */
  readonly rotors: number;
}

/** Function that calls `visit` with each atom within the cutoff of the point x, y, z in Å, and possibly with others. */
export type Near = (x: number, y: number, z: number, visit: (atom: number) => void) => void;

/**
 * Returns a pose with its pairs. The pose fixes which atoms are pairs. Distances are computed on the tape, so that they can
 * be differentiated.
 *
 * @param near finds the receptor atoms near a point. Default: visits all atoms.
 * @example
 * const receptor = heavyAtoms(pocket);
 * const poses = models.map(model => pairsOf(heavyAtoms(model), receptor));
 */
export function pairsOf(ligand: HeavyAtoms, receptor: HeavyAtoms, near: Near = everyOf(receptor)): Pose {
  const [x, around] = [ligand.coordinates.data, receptor.coordinates.data];
  const ligandAtom: number[] = [];
  const receptorAtom: number[] = [];
  for (const i of ligand.types.keys()) {
    near(x[3 * i] as number, x[3 * i + 1] as number, x[3 * i + 2] as number, j => {
      if (squaredDistance(x, i, around, j) >= cutoff ** 2) return;
      ligandAtom.push(i);
      receptorAtom.push(j);
    });
  }
  return poseOf(ligand, receptor, ligandAtom, receptorAtom);
}

/** Returns a pose with the given pairs: pair p is of ligand atom `ligandAtom[p]` and receptor atom `receptorAtom[p]`. */
export function poseOf(
  ligand: HeavyAtoms,
  receptor: HeavyAtoms,
  ligandAtom: readonly number[],
  receptorAtom: readonly number[],
): Pose {
  const radii = new Float64Array(ligandAtom.length);
  const hydrophobic = new Float64Array(ligandAtom.length);
  const hydrogenBond = new Float64Array(ligandAtom.length);
  for (const [pair, i] of ligandAtom.entries()) {
    const a = ligand.types[i] as XsType;
    const b = receptor.types[receptorAtom[pair] as number] as XsType;
    radii[pair] = a.radius + b.radius;
    hydrophobic[pair] = Number(a.hydrophobic && b.hydrophobic);
    hydrogenBond[pair] = Number((a.donor && b.acceptor) || (a.acceptor && b.donor));
  }
  return {
    ligand: ligand.coordinates,
    receptor: receptor.coordinates,
    ligandAtom: Int32Array.from(ligandAtom),
    receptorAtom: Int32Array.from(receptorAtom),
    radii,
    hydrophobic,
    hydrogenBond,
    rotors: ligand.rotors,
  };
}

function everyOf({ types }: HeavyAtoms): Near {
  return (_x, _y, _z, visit) => {
    for (const atom of types.keys()) visit(atom);
  };
}

function squaredDistance(a: Float64Array, i: number, b: Float64Array, j: number): number {
  const dx = (a[3 * i] as number) - (b[3 * j] as number);
  const dy = (a[3 * i + 1] as number) - (b[3 * j + 1] as number);
  const dz = (a[3 * i + 2] as number) - (b[3 * j + 2] as number);
  return dx * dx + dy * dy + dz * dz;
}
