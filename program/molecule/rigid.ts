import type { Branch, Molecule, TorsionTree } from './molecule.ts';

/** Groups of atoms whose distances no torsion changes. An atom may be in several, as the two of a rotatable bond are. */
export interface RigidGroups {
  /** Groups of each atom, in ascending order. */
  readonly ofAtom: readonly (readonly number[])[];
  /** Branches that turn anything: those whose fragment is more than one atom, or holds further branches. */
  readonly rotors: readonly Branch[];
  /**
   * 1 for the atoms of flexible residues that never move: those of the root, and those that it holds by a rotatable bond.
   */
  readonly isAnchor: Uint8Array;
}

/**
 * Groups of a molecule's atoms by its torsion tree, as AutoDock Vina sees it: one group for each fragment, of
 *
 * - its own atoms,
 * - the atom that it turns with, on the root's side of its rotatable bond, and
 * - the far atoms of the rotatable bonds that begin in it, which lie on those bonds' axes.
 *
 * A branch of one atom turns nothing and belongs to its parent. The roots of flexible residues are fixed to the receptor
 * and thus to one another: they share a group.
 *
 * @returns undefined for a molecule without a tree, which is rigid
 */
export function rigidGroups({ atoms, tree }: Molecule): RigidGroups | undefined {
  if (!tree) return undefined;
  const ofAtom: number[][] = atoms.map(() => []);
  const isAnchor = new Uint8Array(atoms.length);
  const anchored = new Set(tree.roots.filter(root => root.isFlexibleResidue).map(root => root.fragment));
  const anchors = Math.min(...anchored);
  const groupOf = (fragment: number) => (anchored.has(fragment) ? anchors : fragment);
  const join = (atom: number, fragment: number) => {
    const groups = ofAtom[atom] as number[];
    const group = groupOf(fragment);
    if (!groups.includes(group)) groups.push(group);
    if (anchored.has(fragment)) isAnchor[atom] = 1;
  };
  tree.fragmentOf.forEach((fragment, atom) => {
    join(atom, fragment);
  });
  for (const { from, to, parent, fragment } of tree.branches) {
    join(to, parent);
    join(from, fragment);
  }
  for (const groups of ofAtom) groups.sort((a, b) => a - b);
  return { ofAtom, rotors: rotorsOf(tree), isAnchor };
}

function rotorsOf({ fragmentOf, branches }: TorsionTree): readonly Branch[] {
  const sizes = new Map<number, number>();
  for (const fragment of fragmentOf) sizes.set(fragment, (sizes.get(fragment) ?? 0) + 1);
  const parents = new Set(branches.map(({ parent }) => parent));
  return branches.filter(({ fragment }) => (sizes.get(fragment) ?? 0) > 1 || parents.has(fragment));
}

/** Tells whether two atoms keep their distance. */
export function keepsDistance(groups: RigidGroups | undefined, a: number, b: number): boolean {
  if (!groups) return true;
  const others = groups.ofAtom[b] as readonly number[];
  return (groups.ofAtom[a] as readonly number[]).some(group => others.includes(group));
}
