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
import { type Compound, compoundOf, fits } from './compound.ts';
import { heavyAtoms, rowsOf } from './xs-types.ts';

/** Receptor, prepared once for any number of poses. */
export interface Receptor {
  readonly molecule: Molecule;
  readonly atoms: HeavyAtoms;
  readonly near: Near;
}

/** Pose that is ready to be scored, with the molecule it is made of. */
export interface DockedPose extends Pose {
  readonly molecule: Molecule;
  /**
   * Place in `molecule.atoms` of each row of `ligand`: of the heavy atoms, in the order of the compound's first pose. Those
   * of flexible residues come last; they have no pairs with the receptor, as AutoDock Vina counts those as internal.
   */
  readonly places: Int32Array;
  /** Pairs of two ligands, or of a ligand and a flexible residue, if the pose has those. */
  readonly between?: MovingPairs;
  readonly compound: Compound;
}

/** Pairs whose atoms both move. */
export interface MovingPairs {
  /** Rows of `ligand`, for each pair. */
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** A pose whose ligand atoms are the first atoms of the pairs, and whose receptor atoms are the second ones. */
  readonly pose: Pose;
}

/** Prepares a receptor: finds its bonds and types, and sorts its heavy atoms into cells of 8 Å. */
export function receptorOf(molecule: Molecule): Receptor {
  const atoms = heavyAtoms(molecule);
  const { near } = cellsOf(atoms.coordinates.data, cutoff);
  return { molecule, atoms, near };
}

/**
 * Prepares poses of one compound, one at a time as they are requested; only the first is kept.
 *
 * @throws Error, in one line that names file and pose, if a pose is of another compound than the first, or if none has an
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
    if (!pose) throw otherAtoms(molecule, count);
    isNear ||= pose.ligandAtom.length > 0;
    yield pose;
  }
  if (compound && !isNear) throw tooFar(compound.molecule, receptor.molecule);
}

/** Prepares a pose; undefined if it is not of that compound. */
export function poseIn(receptor: Receptor, compound: Compound, molecule: Molecule): DockedPose | undefined {
  const fit = fits(compound, molecule);
  if (!fit) return undefined;
  const { types, ligandOf } = compound.typed;
  const ligand = { types, coordinates: rowsOf(coordinatesOf(molecule), fit.places), rotors: fit.rotors };
  // The rows of flexible residues come last. They are given without a type, and so get no pairs with the receptor.
  const ligandTypes = types.filter((_, row) => (ligandOf[row] as number) >= 0);
  const between = betweenOf(ligand, ligandOf);
  return {
    ...pairsOf({ ...ligand, types: ligandTypes }, receptor.atoms, receptor.near),
    molecule,
    compound,
    places: fit.places,
    ...(between && { between }),
  };
}

/** The error for a pose, counted from 1, of another compound than the first. */
export function otherAtoms({ place }: Molecule, pose: number): Error {
  return new Error(
    `${place.file}: expected poses of one compound, found other atoms in pose ${pose} than in pose 1`,
  );
}

/** The error for poses that are too far from the receptor to be scored. */
export function tooFar(pose: Molecule, receptor: Molecule): Error {
  return new Error(`${pose.place.file}: no pose comes within 8 Å of an atom of ${receptor.place.file}`);
}

function betweenOf(moving: HeavyAtoms, ligandOf: Int32Array): MovingPairs | undefined {
  if (ligandOf.every(ligand => ligand === ligandOf[0])) return undefined;
  const { data } = moving.coordinates;
  const pairs: (readonly [number, number])[] = [];
  ligandOf.forEach((own, a) => {
    for (let b = a + 1; b < ligandOf.length; b++) {
      if (own === ligandOf[b]) continue;
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
  const each = pairs.map((_, pair) => pair);
  return { first, second, pose: poseOf(atomsIn(first), atomsIn(second), each, each) };
}
