import type { AtomType } from '../read/atom-types.ts';

/** An atom as a file states it. */
export interface Atom {
  /** Number of the atom in the file; its position from 1 if the format has no numbers. */
  readonly serial: number;
  readonly name: string;
  /** Residue name, chain and number, such as `TRP B 235`; '' if the file states none. */
  readonly residue: string;
  /** Atomic number, 1 for deuterium; 0 for a dummy, such as `W` or `G0` of AutoDock. */
  readonly element: number;
  /** Coordinates x, y and z, in Å. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** AutoDock atom type; absent in formats other than PDBQT and DLG. */
  readonly type?: AtomType;
}

/** A bond between two atoms, given by their indices. */
export interface Bond {
  readonly from: number;
  readonly to: number;
  /** 1 to 3, or 1.5 for an aromatic bond. */
  readonly order: number;
}

/** Rotatable bond of a torsion tree: `fragment` turns about the bond between two atoms. */
export interface Branch {
  /** Index of the atom on the root's side, in fragment `parent`. */
  readonly from: number;
  /** Index of the atom that turns with `fragment`. */
  readonly to: number;
  readonly parent: number;
  readonly fragment: number;
}

/** Rigid fragments of a molecule, joined by rotatable bonds. Only PDBQT and DLG files state these. */
export interface TorsionTree {
  /** Fragment of each atom. Atoms of one fragment never move relative to one another. */
  readonly fragmentOf: Int32Array;
  /** Rotatable bonds. The bond of an inner branch comes after the bond of the branch that contains it. */
  readonly branches: readonly Branch[];
  /** Fragments without a parent: one for each ligand of the pose, and one for each flexible residue. */
  readonly roots: readonly { readonly fragment: number; readonly isFlexibleResidue: boolean }[];
  /** Sum of the numbers in the TORSDOF records; absent if there is no such record. */
  readonly torsionalDegrees?: number;
}

/** One conformation of a molecule: a receptor, or a pose. Its atoms keep the order of the file. */
export interface Molecule {
  /** Name in the file, or ''. */
  readonly name: string;
  /** Compound of the pose; only in PDBQT and PDB files that `refine` wrote for several compounds. */
  readonly compound?: string;
  readonly atoms: readonly Atom[];
  /** Bonds, if the file states them. */
  readonly bonds?: readonly Bond[];
  /** Torsion tree, if the file states one. */
  readonly tree?: TorsionTree;
  /** Lines of the molecule's record, if the reader was asked to keep them. */
  readonly lines?: readonly string[];
  /** File of the molecule, and number of its first line in the file, for messages. */
  readonly source: { readonly file: string; readonly line: number };
}
