import type { Molecule } from '../molecule/molecule.ts';
import { keepsDistance, rigidGroups } from '../molecule/rigid.ts';
import type { Typed } from '../vina/xs-types.ts';

/** Pairs of rows of {@link Typed}, or of atoms. */
type Pairs = readonly (readonly [number, number])[];

/** Pairs of a compound's atoms whose distance can change. */
export interface MovingPairs {
  /** Pairs of rows in two ligands, or in a ligand and a flexible residue. */
  readonly between: Pairs;
  /** Pairs of rows more than three bonds apart, both in one ligand or both in flexible residues. */
  readonly within: Pairs;
  /** Atom indices of each carbon at the cut of a macrocycle, and of the dummy that marks where its neighbour should be. */
  readonly closures: Pairs;
}

/** Finds the moving pairs of a compound by the rules of AutoDock Vina. All poses of the compound have the same pairs. */
export function movingPairsOf(molecule: Molecule, { bonds, atomOfRow, ligandOf }: Typed): MovingPairs {
  const groups = rigidGroups(molecule);
  // True for atoms more than three bonds apart whose distance can change.
  const isMoving = (a: number, b: number) =>
    !withinBonds(bonds, a, { atMost: 3 }).has(b) && !keepsDistance(groups, a, b);
  const names = molecule.atoms.map(({ type }) => type?.name ?? '');
  // For each atom, the types, such as CG0, of all carbons at a cut among the atom and its neighbours.
  const cutsNear = [...names.keys()].map(atom => {
    return [...withinBonds(bonds, atom, { atMost: 1 })]
      .map(near => names[near] as string)
      .filter(name => /^CG\d$/.test(name));
  });
  // Atoms on the two sides of a cut may be three bonds apart or less in the molecule, but have no such path in the torsion tree.
  const isAcrossCut = (a: number, b: number) =>
    cutsNear[a]?.some(name => cutsNear[b]?.includes(name)) ?? false;
  const between: [number, number][] = [];
  const within: [number, number][] = [];
  atomOfRow.forEach((a, row) => {
    for (let other = row + 1; other < atomOfRow.length; other++) {
      const b = atomOfRow[other] as number;
      if (isAcrossCut(a, b)) continue;
      if (ligandOf[row] !== ligandOf[other]) between.push([row, other]);
      else if (isMoving(a, b)) within.push([row, other]);
    }
  });
  // The dummies of a carbon of type CG0 have the type G0.
  const closures = [...names.entries()].flatMap(([carbon, name]) =>
    [...names.entries()]
      .filter(([dummy, other]) => `C${other}` === name && /^G\d$/.test(other) && isMoving(carbon, dummy))
      .map(([dummy]): [number, number] => [carbon, dummy]),
  );
  return { between, within, closures };
}

/** Returns an atom and all atoms at most `atMost` bonds away. */
function withinBonds(
  bonds: Typed['bonds'],
  atom: number,
  { atMost }: { readonly atMost: number },
): Set<number> {
  const reached = new Set([atom]);
  for (let step = 0; step < atMost; step++) {
    for (const from of [...reached]) for (const to of bonds[from] as readonly number[]) reached.add(to);
  }
  return reached;
}
