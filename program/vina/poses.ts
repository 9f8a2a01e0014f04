import {
  cutoff,
  type HeavyAtoms,
  type Near,
  type Pose,
  pairsOf,
  poseOf,
  type XsType,
} from '../../examples/vina/pairs.ts';
import { cellsOf } from '../molecule/cells.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { coordinatesOf } from './bonds.ts';
import { type Compound, compoundOf, matchCompound } from './compound.ts';
import { heavyAtoms, rowsOf } from './xs-types.ts';

/** A receptor, prepared once for any number of poses. */
export interface Receptor {
  readonly molecule: Molecule;
  readonly atoms: HeavyAtoms;
  /** Finds the atoms near a position. */
  readonly near: Near;
}

/** A pose, ready to be scored. */
export interface DockedPose extends Pose {
  /** Molecule of the pose, as it was read. */
  readonly molecule: Molecule;
  /**
   * For each row of `ligand`, the index of its atom in `molecule.atoms`. The rows are those of the compound's first pose. Atoms
   * of flexible residues come last. They have no pairs with the receptor, because AutoDock Vina counts such pairs as internal.
   */
  readonly atomOfRow: Int32Array;
  /** Pairs between two ligands, or between a ligand and a flexible residue; absent if all rows are of one ligand. */
  readonly between?: BetweenPairs;
  readonly compound: Compound;
}

/** Pairs of atoms in two ligands, or in a ligand and a flexible residue. */
export interface BetweenPairs {
  /** For each pair, the row of its first atom in `ligand`. */
  readonly first: Int32Array;
  /** For each pair, the row of its second atom in `ligand`. */
  readonly second: Int32Array;
  /** Pose made of the pairs, with the first atoms as its ligand and the second ones as its receptor. */
  readonly pose: Pose;
}

/** Prepares a receptor: finds its bonds and types, and sorts its heavy atoms into cells of 8 Å. */
export function receptorOf(molecule: Molecule): Receptor {
  const atoms = heavyAtoms(molecule);
  const { near } = cellsOf(atoms.coordinates.data, cutoff);
  return { molecule, atoms, near };
}

/**
 * Prepares poses of one compound, one at a time as they are requested. Only the first pose stays in memory.
 *
 * @throws Error, in one line that names the file, if a pose is of another compound than the first, or if no pose has an
 * atom within 8 Å of the receptor
 * @example
 * const receptor = receptorOf(pocket);
 * await combinePoses({ poses: posesOf(receptor, molecules), params: vinaWeights(), score, combination: mean() });
 */
export async function* posesOf(
  receptor: Receptor,
  molecules: Iterable<Molecule> | AsyncIterable<Molecule>,
): AsyncGenerator<DockedPose, void> {
  let compound: Compound | undefined;
  let count = 0;
  let isNear = false;
  for await (const molecule of molecules) {
    count++;
    compound ??= compoundOf(molecule);
    const pose = poseIn(receptor, compound, molecule);
    if (!pose) throw otherAtomsError(molecule, count);
    // `ligandAtom` has an entry for each pair within the cutoff.
    isNear ||= pose.ligandAtom.length > 0;
    yield pose;
  }
  if (compound && !isNear) throw tooFarError(compound.molecule, receptor.molecule);
}

/** Prepares a pose. Returns undefined if the molecule is not of the compound. */
export function poseIn(receptor: Receptor, compound: Compound, molecule: Molecule): DockedPose | undefined {
  const match = matchCompound(compound, molecule);
  if (!match) return undefined;
  const { types, ligandOf } = compound.typed;
  const ligand = {
    types,
    coordinates: rowsOf(coordinatesOf(molecule), match.atomOfRow),
    rotors: match.rotors,
  };
  // The rows of flexible residues come last. pairsOf sees no types for them, so it makes no pairs with the receptor.
  const ligandTypes = types.filter((_, row) => (ligandOf[row] as number) >= 0);
  const between = betweenOf(ligand, ligandOf);
  return {
    ...pairsOf({ ...ligand, types: ligandTypes }, receptor.atoms, receptor.near),
    molecule,
    compound,
    atomOfRow: match.atomOfRow,
    ...(between && { between }),
  };
}

/**
 * Error for a pose of another compound than the first.
 *
 * @param pose number of the pose in its file, from 1
 */
export function otherAtomsError({ source }: Molecule, pose: number): Error {
  return new Error(
    `${source.file}: expected poses of one compound, found other atoms in pose ${pose} than in pose 1`,
  );
}

/** Error for poses that are too far from the receptor to be scored. */
export function tooFarError(pose: Molecule, receptor: Molecule): Error {
  return new Error(`${pose.source.file}: no pose comes within 8 Å of an atom of ${receptor.source.file}`);
}

/** Lists the pairs of two atoms that move independently; undefined if all atoms are of one ligand. */
function betweenOf(moving: HeavyAtoms, ligandOf: Int32Array): BetweenPairs | undefined {
  if (ligandOf.every(ligand => ligand === ligandOf[0])) return undefined;
  const { data } = moving.coordinates;
  const pairs: (readonly [number, number])[] = [];
  ligandOf.forEach((ligand, a) => {
    for (let b = a + 1; b < ligandOf.length; b++) {
      if (ligand === ligandOf[b]) continue;
      const squared = [0, 1, 2].reduce(
        (total, axis) => total + ((data[3 * a + axis] as number) - (data[3 * b + axis] as number)) ** 2,
        0,
      );
      if (squared < cutoff ** 2) pairs.push([a, b]);
    }
  });
  const first = Int32Array.from(pairs, ([a]) => a);
  const second = Int32Array.from(pairs, ([, b]) => b);
  const atomsIn = (rows: Int32Array): HeavyAtoms => ({
    types: Array.from(rows, row => moving.types[row] as XsType),
    coordinates: rowsOf(data, rows),
    rotors: moving.rotors,
  });
  const indices = pairs.map((_, pair) => pair);
  return { first, second, pose: poseOf(atomsIn(first), atomsIn(second), indices, indices) };
}
