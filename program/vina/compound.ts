import { type Graph, type Matcher, matcherOf } from '../molecule/graph.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { findLinks, typesOf } from './bonds.ts';
import { type Typed, typedOf } from './xs-types.ts';

/** A compound: the atoms, bonds, types and rotors that all its poses share, taken from its first pose. */
export interface Compound {
  /** First pose. */
  readonly molecule: Molecule;
  readonly typed: Typed;
  /** Graph of all atoms, labelled by their AutoDock types. */
  readonly graph: Graph;
  /** Graph of the atoms that have a row in `typed`. */
  readonly rowGraph: Graph;
  /** Returns the matcher that finds the symmetries of `rowGraph`. It is prepared at the first call. */
  readonly symmetries: () => Matcher;
}

/** Match of a molecule with a compound. */
export interface CompoundMatch {
  /** For each row of the compound, the index of its atom in the molecule. */
  readonly atomOfRow: Int32Array;
  /** N_rot by the molecule's own torsion tree. */
  readonly rotors: number;
}

/** Returns the compound that has a molecule as its first pose. */
export function compoundOf(molecule: Molecule): Compound {
  const typed = typedOf(molecule);
  const graph = graphOf(molecule);
  const rowGraph = rowGraphOf(graph, typed.atomOfRow);
  let symmetries: Matcher | undefined;
  return {
    molecule,
    typed,
    graph,
    rowGraph,
    symmetries: () => {
      symmetries ??= matcherOf(rowGraph, rowGraph);
      return symmetries;
    },
  };
}

/**
 * Finds the atoms of a compound in a molecule. Atoms in another order are matched by their types and bonds. If
 * symmetries allow several matches, any of them is returned.
 *
 * @returns undefined if the molecule has other atoms or bonds
 */
export function matchCompound(compound: Compound, molecule: Molecule): CompoundMatch | undefined {
  if (molecule === compound.molecule) return matchInOrder(compound);
  if (molecule.atoms.length !== compound.molecule.atoms.length) return undefined;
  if (haveSameFragments(compound.molecule, molecule)) return matchInOrder(compound);
  const typed = typedOf(molecule);
  const graph = graphOf(molecule);
  // Any match will do, so all pairs of atoms cost the same.
  const match = matcherOf(compound.graph, graph)({ cost: () => 0 });
  if (!match) return undefined;
  const { atoms } = match;
  // The atom of each row must have a row in the molecule, too. Ligand atoms must match ligand atoms.
  const haveSameRows = compound.typed.atomOfRow.every((atom, row) => {
    const other = typed.atomOfRow.indexOf(atoms[atom] as number);
    return (
      other >= 0 && (typed.ligandOf[other] as number) < 0 === (compound.typed.ligandOf[row] as number) < 0
    );
  });
  if (!haveSameRows) return undefined;
  return { atomOfRow: compound.typed.atomOfRow.map(atom => atoms[atom] as number), rotors: typed.rotors };
}

/** Returns the match of a molecule whose atoms are in the order of the compound. */
function matchInOrder({ typed: { atomOfRow, rotors } }: Compound): CompoundMatch {
  return { atomOfRow, rotors };
}

/** Difference, in Å, below which two distances count as equal. Coordinates in files are rounded to 0.001 Å. */
const tolerance = 0.01;

/** True if two molecules have the same atoms in the same order, in rigid fragments of the same shape. */
function haveSameFragments(a: Molecule, b: Molecule): boolean {
  if (a.atoms.some((atom, i) => atom.type?.name !== b.atoms[i]?.type?.name)) return false;
  if (!a.tree || !b.tree) return false;
  if (a.tree.fragmentOf.some((fragment, atom) => fragment !== b.tree?.fragmentOf[atom])) return false;
  if (a.tree.branches.length !== b.tree.branches.length) return false;
  if (a.tree.roots.some((root, n) => root.isFlexibleResidue !== b.tree?.roots[n]?.isFlexibleResidue))
    return false;
  const haveSameBranches = a.tree.branches.every(({ from, to }, nth) => {
    const other = b.tree?.branches[nth];
    return from === other?.from && to === other.to && haveSameDistance(a, b, from, to);
  });
  if (!haveSameBranches) return false;
  const fragments = new Map<number, number[]>();
  a.tree.fragmentOf.forEach((fragment, atom) => {
    const atoms = fragments.get(fragment) ?? [];
    fragments.set(fragment, atoms);
    atoms.push(atom);
  });
  // Each atom of a rotatable bond keeps its distances from all atoms of the two fragments that the bond joins.
  for (const { from, to, parent, fragment } of a.tree.branches) {
    fragments.get(parent)?.push(to);
    fragments.get(fragment)?.push(from);
  }
  return [...fragments.values()].every(atoms =>
    atoms.every((atom, nth) => atoms.slice(0, nth).every(other => haveSameDistance(a, b, atom, other))),
  );
}

/** True if two atoms have the same distance in both molecules. */
function haveSameDistance(a: Molecule, b: Molecule, first: number, second: number): boolean {
  return Math.abs(distance(a, first, second) - distance(b, first, second)) < tolerance;
}

function distance({ atoms }: Molecule, first: number, second: number): number {
  const [a, b] = [atoms[first], atoms[second]] as [Molecule['atoms'][number], Molecule['atoms'][number]];
  return Math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2 + (a.z - b.z) ** 2);
}

function graphOf(molecule: Molecule): Graph {
  return { labels: typesOf(molecule).map(type => type.name), bonds: findLinks(molecule) };
}

/** Returns the graph of the atoms that have a row, numbered by row. */
function rowGraphOf({ labels, bonds }: Graph, atomOfRow: Int32Array): Graph {
  const rows = new Map(Array.from(atomOfRow, (atom, row) => [atom, row]));
  return {
    labels: Array.from(atomOfRow, atom => labels[atom] as string),
    bonds: Array.from(atomOfRow, atom =>
      (bonds[atom] as readonly number[]).map(other => rows.get(other)).filter(row => row !== undefined),
    ),
  };
}
