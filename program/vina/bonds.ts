import { cellsOf } from '../molecule/cells.ts';
import type { Bonds } from '../molecule/graph.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { keepsDistance, type RigidGroups, rigidGroups } from '../molecule/rigid.ts';
import type { AtomType } from '../read/atom-types.ts';

/** Longest bond, as a multiple of the sum of the covalent radii. */
const allowance = 1.1;

/**
 * Bonds of a molecule by the rule of AutoDock Vina. Two atoms are bonded if
 *
 * - no torsion changes the distance between them ({@link rigidGroups}),
 * - they are closer than 1.1 times the sum of their covalent radii, and
 * - no third atom is closer to both of them, counting only atoms at a fixed distance from both.
 *
 * Because of the first condition, all poses of a compound have the same bonds, even if parts of it touch.
 *
 * @param groups rigid groups of the molecule, if already computed
 */
export function findBonds(
  molecule: Molecule,
  groups: RigidGroups | undefined = rigidGroups(molecule),
): Bonds {
  const coordinates = coordinatesOf(molecule);
  const radii = covalentRadii(molecule);
  const longest = 2 * allowance * radii.reduce((a, b) => Math.max(a, b), 0);
  // A third atom that excludes a bond is in these lists, too: it is closer to both atoms than they are to each other.
  const neighboursOf = neighbours(coordinates, groups, () => longest, longest);
  return neighboursOf.map((others, a) => {
    const bonded = others.filter(({ atom: b, squared }) => {
      if (squared >= (allowance * ((radii[a] as number) + (radii[b] as number))) ** 2) return false;
      return !others.some(({ atom: c, squared: toFirst }) => {
        if (toFirst >= squared || c === b) return false;
        return squaredDistance(coordinates, b, c) < squared && keepsDistance(groups, b, c);
      });
    });
    return bonded.map(({ atom }) => atom).sort((b, c) => b - c);
  });
}

/**
 * Bonds by the rule of {@link findBonds} without the condition on third atoms. In a ring of three atoms, that condition
 * drops the longest bond, and the rounding of coordinates decides which bond is the longest. The bonds returned here do
 * not depend on that rounding.
 */
export function findLinks(molecule: Molecule): Bonds {
  const radii = covalentRadii(molecule);
  const longest = 2 * allowance * radii.reduce((a, b) => Math.max(a, b), 0);
  const reach = (a: number, b: number) => allowance * ((radii[a] as number) + (radii[b] as number));
  return neighbours(coordinatesOf(molecule), rigidGroups(molecule), reach, longest).map(others =>
    others.map(({ atom }) => atom),
  );
}

interface Neighbour {
  readonly atom: number;
  /** Squared distance, Å². */
  readonly squared: number;
}

/**
 * Lists, for each atom, the atoms at a fixed distance from it that is smaller than `reach`.
 *
 * @param longest upper bound of `reach`, in Å
 */
function neighbours(
  coordinates: Float64Array,
  groups: RigidGroups | undefined,
  reach: (a: number, b: number) => number,
  longest: number,
): Neighbour[][] {
  // Cells need a size above 0, even if no atom has a radius.
  const { near } = cellsOf(coordinates, longest || 1);
  const lists: Neighbour[][] = Array.from({ length: coordinates.length / 3 }, () => []);
  lists.forEach((list, a) => {
    near(
      coordinates[3 * a] as number,
      coordinates[3 * a + 1] as number,
      coordinates[3 * a + 2] as number,
      b => {
        // Each pair is visited from both atoms, and added once.
        if (b >= a) return;
        const squared = squaredDistance(coordinates, a, b);
        if (squared >= reach(a, b) ** 2 || !keepsDistance(groups, a, b)) return;
        list.push({ atom: b, squared });
        lists[b]?.push({ atom: a, squared });
      },
    );
  });
  return lists;
}

function covalentRadii(molecule: Molecule): Float64Array {
  return Float64Array.from(typesOf(molecule), type => type.covalentRadius);
}

/**
 * Returns the AutoDock type of each atom.
 *
 * @throws Error naming file, line and atom if an atom has no type
 */
export function typesOf({ atoms, source }: Molecule): AtomType[] {
  return atoms.map(({ type, name, residue }) => {
    if (type) return type;
    const atom = [name, residue].filter(Boolean).join(' of ') || 'an atom';
    throw new Error(
      `${source.file}, line ${source.line}: expected AutoDock atom types, found none for ${atom}; prepare the file as PDBQT, for example by Meeko or Open Babel: only --scorer schnet reads other formats`,
    );
  });
}

/** Returns x, y and z of each atom, in Å. */
export function coordinatesOf({ atoms }: Molecule): Float64Array {
  const coordinates = new Float64Array(3 * atoms.length);
  atoms.forEach(({ x, y, z }, atom) => {
    coordinates[3 * atom] = x;
    coordinates[3 * atom + 1] = y;
    coordinates[3 * atom + 2] = z;
  });
  return coordinates;
}

function squaredDistance(coordinates: Float64Array, a: number, b: number): number {
  const x = (coordinates[3 * a] as number) - (coordinates[3 * b] as number);
  const y = (coordinates[3 * a + 1] as number) - (coordinates[3 * b + 1] as number);
  const z = (coordinates[3 * a + 2] as number) - (coordinates[3 * b + 2] as number);
  return x * x + y * y + z * z;
}
