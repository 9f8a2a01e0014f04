import type { Bonds } from './graph.ts';
import type { Bond, Branch, Molecule, TorsionTree } from './molecule.ts';

/**
 * Makes the torsion tree of a molecule from its bonds, for files that state no tree. Rotatable bonds are the single bonds
 * outside rings, except amide bonds and bonds to an atom without another heavy neighbour. The root of each connected part is
 * its largest rigid fragment.
 *
 * @returns undefined for a molecule whose file states no bonds
 */
export function treeOfBonds(molecule: Molecule): TorsionTree | undefined {
  const { atoms, bonds } = molecule;
  if (!bonds) return undefined;
  const bonded = neighboursBy(bonds, atoms.length);
  const rotatableBonds = bonds.filter(bond => isRotatable(molecule, bonded, bond));
  const isRotatableBond = (a: number, b: number) =>
    rotatableBonds.some(({ from, to }) => (from === a && to === b) || (from === b && to === a));
  const fragmentOf = partsOf(bonded, (a, b) => !isRotatableBond(a, b));
  const partOf = partsOf(bonded, () => true);

  const roots: TorsionTree['roots'][number][] = [];
  const branches: Branch[] = [];
  const sizes = new Map<number, number>();
  for (const fragment of fragmentOf) sizes.set(fragment, (sizes.get(fragment) ?? 0) + 1);
  for (const part of new Set(partOf)) {
    const fragments = new Set([...fragmentOf].filter((_, atom) => partOf[atom] === part));
    const [root] = [...fragments].sort((a, b) => (sizes.get(b) as number) - (sizes.get(a) as number));
    roots.push({ fragment: root as number, isFlexibleResidue: false });
    // Fragments that are in the tree. The loop appends to this list.
    const reached = [root as number];
    for (const parent of reached) {
      for (const { from: a, to: b } of rotatableBonds) {
        const [from, to] = fragmentOf[a] === parent ? [a, b] : [b, a];
        const fragment = fragmentOf[to] as number;
        if (fragmentOf[from] !== parent || reached.includes(fragment)) continue;
        branches.push({ from, to, parent, fragment });
        reached.push(fragment);
      }
    }
  }
  return { fragmentOf, branches, roots };
}

/** True if {@link treeOfBonds} counts a bond as rotatable. */
function isRotatable({ atoms }: Molecule, bonded: Bonds, { from, to, order }: Bond): boolean {
  if (order !== 1) return false;
  const isHeavy = (atom: number) => (atoms[atom]?.element ?? 0) > 1;
  const hasHeavyNeighbour = (atom: number, besides: number) =>
    (bonded[atom] as readonly number[]).some(other => other !== besides && isHeavy(other));
  if (!isHeavy(from) || !isHeavy(to)) return false;
  if (!hasHeavyNeighbour(from, to) || !hasHeavyNeighbour(to, from)) return false;
  if (isAmide(atoms, bonded, from, to) || isAmide(atoms, bonded, to, from)) return false;
  // A bond is in a ring if its atoms are connected without it, too.
  const parts = partsOf(bonded, (a, b) => !(a === from && b === to) && !(a === to && b === from));
  return parts[from] !== parts[to];
}

/** True if `nitrogen` is a nitrogen, and `carbon` a carbon bonded to a terminal oxygen (8) or sulfur (16), as in C=O and C=S. */
function isAmide(atoms: Molecule['atoms'], bonded: Bonds, carbon: number, nitrogen: number): boolean {
  if (atoms[carbon]?.element !== 6 || atoms[nitrogen]?.element !== 7) return false;
  return (bonded[carbon] as readonly number[]).some(
    other => [8, 16].includes(atoms[other]?.element ?? 0) && bonded[other]?.length === 1,
  );
}

/** Lists the atoms bonded to each atom. */
export function neighboursBy(bonds: readonly Bond[], atomCount: number): Bonds {
  const bonded: number[][] = Array.from({ length: atomCount }, () => []);
  for (const { from, to } of bonds) {
    bonded[from]?.push(to);
    bonded[to]?.push(from);
  }
  return bonded;
}

/**
 * Numbers the connected parts from 0, and returns the number of the part to which each atom belongs.
 *
 * @param connects true for the bonds that count; others are ignored
 */
function partsOf(bonded: Bonds, connects: (a: number, b: number) => boolean): Int32Array {
  const parts = new Int32Array(bonded.length).fill(-1);
  let count = 0;
  for (const start of bonded.keys()) {
    if (parts[start] !== -1) continue;
    const waiting = [start];
    parts[start] = count;
    for (let atom = waiting.pop(); atom !== undefined; atom = waiting.pop()) {
      for (const other of bonded[atom] as readonly number[]) {
        if (parts[other] !== -1 || !connects(atom, other)) continue;
        parts[other] = count;
        waiting.push(other);
      }
    }
    count++;
  }
  return parts;
}
