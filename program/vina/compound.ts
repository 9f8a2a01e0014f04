import { type Graph, type Matcher, matcherOf } from '../molecule/graph.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { findLinks, typesOf } from './bonds.ts';
import { type Typed, typed } from './xs-types.ts';

/** Compound, by its first pose: the atoms, bonds, types and rotors that all its poses share. */
export interface Compound {
  readonly molecule: Molecule;
  readonly typed: Typed;
  /** All atoms, by their AutoDock types and the bonds between them. */
  readonly graph: Graph;
  /** The heavy atoms alone, in the order of `typed.heavy`. */
  readonly heavyGraph: Graph;
  /** Finds the symmetries of the heavy atoms. Made when it is first asked for. */
  readonly symmetries: () => Matcher;
}

/** Conformation that fits a compound. */
export interface Fit {
  /** Place in the conformation's atoms of each heavy atom of the compound. */
  readonly places: Int32Array;
  /** N_rot by the conformation's own torsion tree. */
  readonly rotors: number;
}

/** The compound of which a molecule is a pose. */
export function compoundOf(molecule: Molecule): Compound {
  const found = typed(molecule);
  const graph = graphOf(molecule);
  const heavyGraph = partOf(graph, found.heavy);
  let symmetries: Matcher | undefined;
  return {
    molecule,
    typed: found,
    graph,
    heavyGraph,
    symmetries: () => {
      symmetries ??= matcherOf(heavyGraph, heavyGraph);
      return symmetries;
    },
  };
}

/**
 * Finds the atoms of a compound in another molecule. Atoms in another order are found by their types and
 * bonds. If a symmetry swaps atoms, either match is taken.
 *
 * @returns undefined if it has other atoms or bonds
 */
export function fits(compound: Compound, molecule: Molecule): Fit | undefined {
  if (molecule === compound.molecule) return own(compound);
  if (molecule.atoms.length !== compound.molecule.atoms.length) return undefined;
  if (sameFragments(compound.molecule, molecule)) return own(compound);
  const found = typed(molecule);
  const graph = graphOf(molecule);
  const match = matcherOf(compound.graph, graph)({ cost: () => 0 });
  if (!match) return undefined;
  const { atoms } = match;
  const isSame = compound.typed.heavy.every((atom, row) => {
    const there = found.heavy.indexOf(atoms[atom] as number);
    return (
      there >= 0 && (found.ligandOf[there] as number) < 0 === (compound.typed.ligandOf[row] as number) < 0
    );
  });
  if (!isSame) return undefined;
  return { places: compound.typed.heavy.map(atom => atoms[atom] as number), rotors: found.rotors };
}

function own({ typed: { heavy, rotors } }: Compound): Fit {
  return { places: heavy, rotors };
}

/** Å; coordinates in files are rounded to 0.001. */
const tolerance = 0.01;

/** Tells whether two molecules have the same atoms in the same order, in rigid fragments of the same shape. */
function sameFragments(a: Molecule, b: Molecule): boolean {
  if (a.atoms.some((atom, place) => atom.type?.name !== b.atoms[place]?.type?.name)) return false;
  if (!a.tree || !b.tree) return false;
  if (a.tree.fragmentOf.some((fragment, atom) => fragment !== b.tree?.fragmentOf[atom])) return false;
  if (a.tree.branches.length !== b.tree.branches.length) return false;
  if (a.tree.roots.some((root, n) => root.isFlexibleResidue !== b.tree?.roots[n]?.isFlexibleResidue))
    return false;
  const sameBranches = a.tree.branches.every(({ from, to }, nth) => {
    const other = b.tree?.branches[nth];
    return from === other?.from && to === other.to && sameDistance(a, b, from, to);
  });
  if (!sameBranches) return false;
  const fragments = new Map<number, number[]>();
  a.tree.fragmentOf.forEach((fragment, atom) => {
    const atoms = fragments.get(fragment) ?? [];
    fragments.set(fragment, atoms);
    atoms.push(atom);
  });
  for (const { from, to, parent, fragment } of a.tree.branches) {
    fragments.get(parent)?.push(to);
    fragments.get(fragment)?.push(from);
  }
  return [...fragments.values()].every(atoms =>
    atoms.every((atom, nth) => atoms.slice(0, nth).every(other => sameDistance(a, b, atom, other))),
  );
}

function sameDistance(a: Molecule, b: Molecule, first: number, second: number): boolean {
  return Math.abs(distance(a, first, second) - distance(b, first, second)) < tolerance;
}

function distance({ atoms }: Molecule, first: number, second: number): number {
  const [a, b] = [atoms[first], atoms[second]] as [Molecule['atoms'][number], Molecule['atoms'][number]];
  return Math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2 + (a.z - b.z) ** 2);
}

function graphOf(molecule: Molecule): Graph {
  return { labels: typesOf(molecule).map(type => type.name), bonds: findLinks(molecule) };
}

function partOf({ labels, bonds }: Graph, places: Int32Array): Graph {
  const rows = new Map(Array.from(places, (place, row) => [place, row]));
  return {
    labels: Array.from(places, place => labels[place] as string),
    bonds: Array.from(places, place =>
      (bonds[place] as readonly number[]).map(other => rows.get(other)).filter(row => row !== undefined),
    ),
  };
}
