import { jit, type SyncExecutor } from 'posetape';
import type { Atoms } from '../../examples/networks/pose.ts';
import { type VinaWeights, vinaWeights } from '../../examples/vina/score.ts';
import type { Molecule, TorsionTree } from '../molecule/molecule.ts';
import { Linkage } from '../molecule/motion.ts';
import { treeOfBonds } from '../molecule/rotatable.ts';
import type { Model } from '../schnet/model.ts';
import { coordinatesOf } from '../vina/bonds.ts';
import { compoundOf } from '../vina/compound.ts';
import type { Receptor } from '../vina/poses.ts';
import { type DescendedPose, type DescentOptions, PoseDescent } from './descent.ts';
import { type Energies, type Field, squaredDistance } from './field.ts';
import { SchnetField } from './schnet-field.ts';
import { VinaField } from './vina-field.ts';

/** Result of the refinement of a pose. */
export interface Refined extends DescendedPose {
  readonly before: Energies;
  readonly after: Energies;
  /** Root mean square displacement of the heavy atoms, in Å. */
  readonly rmsd: number;
}

/** Makes the energy of a compound in the receptor from one of its poses. */
export type MakeField = (molecule: Molecule, executor: SyncExecutor) => Field;

/** Returns a maker of AutoDock Vina's energy in a receptor, by default with Vina's own weights. */
export function vinaFieldIn(receptor: Receptor, weights: VinaWeights = vinaWeights()): MakeField {
  return (molecule, executor) => new VinaField(compoundOf(molecule), receptor, weights, executor);
}

/** Returns a maker of the energy of a SchNet in a receptor. */
export function schnetFieldIn(receptor: Atoms, model: Model): MakeField {
  return (molecule, executor) => new SchnetField(molecule, receptor, model, executor);
}

/**
 * Returns a maker of energies whose score is higher by a constant.
 *
 * @param offset number that is added to each score, kcal/mol
 */
export function offsetBy(offset: number, makeField: MakeField): MakeField {
  if (offset === 0) return makeField;
  return (molecule, executor) => {
    const field = makeField(molecule, executor);
    return {
      get generation() {
        return field.generation;
      },
      reach: field.reach,
      isNear: coordinates => field.isNear(coordinates),
      record: (tape, coordinates) => field.record(tape, coordinates),
      covers: coordinates => field.covers(coordinates),
      renew: coordinates => field.renew(coordinates),
      energies(coordinates) {
        const energies = field.energies(coordinates);
        return { ...energies, score: energies.score + offset };
      },
    };
  };
}

/**
 * Refines poses: minimises the energy of each by its position, orientation and torsions. Consecutive poses of a compound share
 * its field and {@link PoseDescent}.
 *
 * @example
 * const refiner = new Refiner(vinaFieldIn(receptorOf(pocket)));
 * for (const pose of moleculesOf(text, 'poses.pdbqt')) console.log((await refiner.refine(pose)).after.score);
 */
export class Refiner {
  readonly #makeField: MakeField;
  readonly #executor: SyncExecutor;
  #current: { readonly molecule: Molecule; readonly field: Field; readonly descent: PoseDescent } | undefined;

  constructor(makeField: MakeField, executor: SyncExecutor = jit()) {
    this.#makeField = makeField;
    this.#executor = executor;
  }

  /** @throws Error naming file and line of a pose that does not touch the receptor, and thus cannot be refined */
  checkNear(molecule: Molecule): void {
    const { field } = this.#prepared(molecule);
    if (field.isNear(coordinatesOf(molecule))) return;
    const { file, line } = molecule.source;
    throw new Error(`${file}, line ${line}: no atom of the pose is within ${field.reach} Å of the receptor`);
  }

  /**
   * Refines a pose. The energy of the result is not higher than that of the pose.
   *
   * @param options stopping criteria; by default 200 steps and a slope of 0.01 kcal/mol/Å
   */
  async refine(molecule: Molecule, options: Partial<DescentOptions> = {}): Promise<Refined> {
    const { field, descent } = this.#prepared(molecule);
    const start = coordinatesOf(molecule);
    const before = field.energies(start);
    const { coordinates, ...counts } = await descent.from(start, { steps: 200, tolerance: 0.01, ...options });
    const after = field.energies(coordinates);
    // New neighbour lists may have raised the energy during the descent.
    if (after.minimised > before.minimised)
      return { coordinates: start, before, after: before, rmsd: 0, ...counts };
    return { coordinates, before, after, rmsd: distanceMoved(molecule, start, coordinates), ...counts };
  }

  /** Returns the energy and the descent of a molecule's compound. Consecutive poses of one compound share them. */
  #prepared(molecule: Molecule) {
    if (!this.#current || !areAlike(this.#current.molecule, molecule)) {
      const field = this.#makeField(molecule, this.#executor);
      const linkage = new Linkage(molecule.tree ?? treeOfBonds(molecule) ?? rigidTree(molecule));
      this.#current = { molecule, field, descent: new PoseDescent(linkage, field, this.#executor) };
    }
    return this.#current;
  }
}

/** True if two molecules have the same atoms in the same order, with the same bonds and torsions. */
function areAlike(a: Molecule, b: Molecule): boolean {
  const torsionsOf = ({ tree, bonds }: Molecule) => JSON.stringify([tree?.branches, tree?.roots, bonds]);
  return (
    a.atoms.length === b.atoms.length &&
    a.atoms.every((atom, i) => atom.type === b.atoms[i]?.type && atom.element === b.atoms[i]?.element) &&
    `${a.tree?.fragmentOf}` === `${b.tree?.fragmentOf}` &&
    torsionsOf(a) === torsionsOf(b)
  );
}

/** Returns the torsion tree of a molecule that moves as a whole. */
function rigidTree({ atoms }: Molecule): TorsionTree {
  return {
    fragmentOf: new Int32Array(atoms.length),
    branches: [],
    roots: [{ fragment: 0, isFlexibleResidue: false }],
  };
}

/** Returns the root mean square displacement of the heavy atoms. */
function distanceMoved({ atoms }: Molecule, a: Float64Array, b: Float64Array): number {
  const heavy = [...atoms.keys()].filter(i => (atoms[i] as Molecule['atoms'][number]).element > 1);
  const total = heavy.reduce((sum, i) => sum + squaredDistance(a, i, b, i), 0);
  // Without heavy atoms, the total is 0.
  return Math.sqrt(total / (heavy.length || 1));
}
