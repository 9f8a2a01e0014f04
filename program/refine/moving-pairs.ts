import type { Molecule } from '../molecule/molecule.ts';
import { keepsDistance, rigidGroups } from '../molecule/rigid.ts';
import type { Typed } from '../vina/xs-types.ts';

type Pairs = readonly (readonly [number, number])[];

/** Pairs of a compound's atoms whose distance can change. */
export interface MovingPairs {
  /** Rows of heavy atoms: of two ligands, or of a ligand and a flexible residue. */
  readonly between: Pairs;
  /** Rows of heavy atoms within a ligand, or of flexible residues: those more than three bonds apart. */
  readonly within: Pairs;
  /** Places of the carbons where a macrocycle was cut, and of the dummies that stand for their neighbours. */
  readonly closures: Pairs;
}

/** Finds the pairs by the rules of AutoDock Vina. They are the same for all poses of a compound. */
export function movingPairsOf(molecule: Molecule, { bonds, atomOfRow, ligandOf }: Typed): MovingPairs {
  const groups = rigidGroups(molecule);
  const isFree = (a: number, b: number) => !withinBonds(bonds, a, 3).has(b) && !keepsDistance(groups, a, b);
  const names = molecule.atoms.map(({ type }) => type?.name ?? '');
  const cutsNear = [...names.keys()].map(atom => {
    return [...withinBonds(bonds, atom, 1)]
      .map(near => names[near] as string)
      .filter(name => /^CG\d$/.test(name));
  });
  // At a cut, atoms that are up to three bonds apart in the molecule seem to be further.
  const isAcrossCut = (a: number, b: number) =>
    cutsNear[a]?.some(name => cutsNear[b]?.includes(name)) ?? false;
  const between: [number, number][] = [];
  const within: [number, number][] = [];
  atomOfRow.forEach((a, row) => {
    for (let other = row + 1; other < atomOfRow.length; other++) {
      const b = atomOfRow[other] as number;
      if (isAcrossCut(a, b)) continue;
      if (ligandOf[row] !== ligandOf[other]) between.push([row, other]);
      else if (isFree(a, b)) within.push([row, other]);
    }
  });
  const closures = [...names.entries()].flatMap(([carbon, name]) =>
    [...names.entries()]
      .filter(([dummy, other]) => `C${other}` === name && /^G\d$/.test(other) && isFree(carbon, dummy))
      .map(([dummy]): [number, number] => [carbon, dummy]),
  );
  return { between, within, closures };
}

function withinBonds(bonds: Typed['bonds'], atom: number, most: number): Set<number> {
  const found = new Set([atom]);
  for (let step = 0; step < most; step++) {
    for (const each of [...found]) for (const other of bonds[each] as readonly number[]) found.add(other);
  }
  return found;
}
