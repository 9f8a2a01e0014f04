import type { Branch, Molecule, TorsionTree } from './molecule.ts';

/** Groups of atoms whose mutual distances no torsion changes. The atoms of a rotatable bond are in several groups. */
export interface RigidGroups {
  /** For each atom, the numbers of its groups, in ascending order. */
  readonly ofAtom: readonly (readonly number[])[];
  /** Branches whose torsion moves atoms: their fragment has more than one atom, or further branches. */
  readonly movingBranches: readonly Branch[];
  /**
   * Entry 1 for each atom of a flexible residue that never moves, 0 for all other atoms. The atoms that never move are those
   * of the root fragment, and the far atoms of the rotatable bonds that begin in that fragment.
   */
  readonly anchors: Uint8Array;
}

/**
 * Groups the atoms of a molecule by its torsion tree, as AutoDock Vina does. The group of a fragment has
 *
 * - its own atoms,
 * - the atom on the root's side of its rotatable bond, which lies on the axis of the turn, and
 * - the far atoms of the rotatable bonds that begin in it, which lie on the axes of those bonds.
 *
 * If a fragment has only one atom, that atom is also in the group of the parent, so the torsion moves nothing. The roots of
 * flexible residues are fixed to the receptor and thus to one another: they share a group.
 *
 * @returns undefined for a molecule without a tree, which is rigid
 */
export function rigidGroups({ atoms, tree }: Molecule): RigidGroups | undefined {
  if (!tree) return undefined;
  const ofAtom: number[][] = atoms.map(() => []);
  const anchors = new Uint8Array(atoms.length);
  const fixedRoots = new Set(tree.roots.filter(root => root.isFlexibleResidue).map(root => root.fragment));
  // Number of the group that the roots of all flexible residues share.
  const anchorGroup = Math.min(...fixedRoots);
  const groupOf = (fragment: number) => (fixedRoots.has(fragment) ? anchorGroup : fragment);
  const join = (atom: number, fragment: number) => {
    const groups = ofAtom[atom] as number[];
    const group = groupOf(fragment);
    if (!groups.includes(group)) groups.push(group);
    if (fixedRoots.has(fragment)) anchors[atom] = 1;
  };
  tree.fragmentOf.forEach((fragment, atom) => {
    join(atom, fragment);
  });
  for (const { from, to, parent, fragment } of tree.branches) {
    join(to, parent);
    join(from, fragment);
  }
  for (const groups of ofAtom) groups.sort((a, b) => a - b);
  return { ofAtom, movingBranches: movingBranchesOf(tree), anchors };
}

function movingBranchesOf({ fragmentOf, branches }: TorsionTree): readonly Branch[] {
  const sizes = new Map<number, number>();
  for (const fragment of fragmentOf) sizes.set(fragment, (sizes.get(fragment) ?? 0) + 1);
  const parents = new Set(branches.map(({ parent }) => parent));
  return branches.filter(({ fragment }) => (sizes.get(fragment) ?? 0) > 1 || parents.has(fragment));
}

/** True if no torsion changes the distance between two atoms. */
export function keepsDistance(groups: RigidGroups | undefined, a: number, b: number): boolean {
  if (!groups) return true;
  const others = groups.ofAtom[b] as readonly number[];
  return (groups.ofAtom[a] as readonly number[]).some(group => others.includes(group));
}
