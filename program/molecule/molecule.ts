import type { AtomType } from '../read/atom-types.ts';

/** Atom of a file. */
export interface Atom {
  /** Number that the file gives it; its place, from 1, if the format has no numbers. */
  readonly serial: number;
  readonly name: string;
  /** Residue name, chain and number as in the file, such as `TRP B 235`; '' if there is none. */
  readonly residue: string;
  /** Atomic number, 1 for deuterium; 0 for a dummy, which is no atom (`W` and `G0` of AutoDock). */
  readonly element: number;
  /** Å */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** AutoDock atom type, which PDBQT and DLG state. */
  readonly type?: AtomType;
}

/** Bond that a file states, between two places in the list of atoms. */
export interface Bond {
  readonly from: number;
  readonly to: number;
  /** 1 to 3, or 1.5 for an aromatic bond. */
  readonly order: number;
}

/** Rotatable bond of a torsion tree: fragment `fragment` turns about the bond of two atoms. */
export interface Branch {
  /** Place of the atom on the root's side, in fragment `parent`. */
  readonly from: number;
  /** Place of the atom that turns with `fragment`. */
  readonly to: number;
  readonly parent: number;
  readonly fragment: number;
}

/** Rigid fragments, joined by rotatable bonds, as PDBQT states them. */
export interface TorsionTree {
  /** Fragment of each atom. Atoms of one fragment never move relative to one another. */
  readonly fragmentOf: Int32Array;
  /** In the order of the file, a branch before those within it. */
  readonly branches: readonly Branch[];
  /** Fragments without a parent: one for each ligand of the pose, and one for each flexible residue. */
  readonly roots: readonly { readonly fragment: number; readonly isFlexibleResidue: boolean }[];
  /** Number that TORSDOF states. */
  readonly torsionalDegrees?: number;
}

/** One conformation of a molecule: a receptor, or a pose. Its atoms keep the order of the file. */
export interface Molecule {
  /** Name that the file gives it, or ''. */
  readonly name: string;
  /** Compound of the pose, where `refine` wrote those of several into one file of PDBQT or PDB. */
  readonly compound?: string;
  readonly atoms: readonly Atom[];
  readonly bonds?: readonly Bond[];
  readonly tree?: TorsionTree;
  /** Lines of its record, if it was read to be written again. */
  readonly lines?: readonly string[];
  /** File and first line, for messages. */
  readonly place: { readonly file: string; readonly line: number };
}
