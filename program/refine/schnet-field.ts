import { type SyncExecutor, Tape, tensor, type Value } from 'posetape';
import { gather } from 'posetape/ops';
import { recordWeights } from '../../examples/networks/layers.ts';
import { type Atoms, type Pose, pocketOf, poseOf } from '../../examples/networks/pose.ts';
import type { Molecule } from '../molecule/molecule.ts';
import type { Model } from '../schnet/model.ts';
import { type Energies, type Field, squaredDistance } from './field.ts';

/** Å by which an atom may move before neighbours are listed anew. */
const margin = 0.3;

/**
 * Energy of a SchNet. Neighbours are the nearest at coordinates given before, so it changes a little whenever they are
 * listed anew; reported energies are of the nearest neighbours there.
 */
export class SchnetField implements Field {
  readonly #model: Model;
  readonly #receptor: Atoms;
  readonly #executor: SyncExecutor;
  readonly #elements: readonly number[];
  /** Places of the heavy atoms, which are all that the network sees. */
  readonly #heavyAtoms: Int32Array;
  #pose: Pose | undefined;
  #listedAt: Float64Array = new Float64Array();
  #generation = 0;

  constructor(molecule: Molecule, receptor: Atoms, model: Model, executor: SyncExecutor) {
    this.#model = model;
    this.#receptor = receptor;
    this.#executor = executor;
    this.#elements = molecule.atoms.map(({ element }) => element);
    this.#heavyAtoms = Int32Array.from(this.#elements.keys()).filter(
      atom => (this.#elements[atom] as number) > 1,
    );
  }

  get generation(): number {
    return this.#generation;
  }

  record(tape: Tape, coordinates: Value): Value {
    const weights = recordWeights(tape, this.#model.weights);
    if (!this.#pose) throw new Error('SchnetField: neighbours are listed before the energy is recorded');
    return this.#model.network.score(tape, weights, this.#pose, gather(coordinates, this.#heavyAtoms));
  }

  covers(coordinates: ArrayLike<number>): boolean {
    if (!this.#pose) return false;
    return this.#heavyAtoms.every(
      atom => squaredDistance(coordinates, atom, this.#listedAt, atom) <= margin ** 2,
    );
  }

  renew(coordinates: ArrayLike<number>): void {
    this.#pose = this.#poseAt(coordinates);
    this.#listedAt = Float64Array.from(coordinates);
    this.#generation++;
  }

  energies(coordinates: ArrayLike<number>): Energies {
    const tape = new Tape();
    const weights = recordWeights(tape, this.#model.weights);
    const [energy] = this.#executor.run([
      this.#model.network.score(tape, weights, this.#poseAt(coordinates)),
    ]);
    const score = energy?.data[0] as number;
    return { score, minimised: score, parts: {} };
  }

  #poseAt(coordinates: ArrayLike<number>): Pose {
    const atoms = [...this.#heavyAtoms];
    const data = atoms.flatMap(atom => [0, 1, 2].map(axis => coordinates[3 * atom + axis] as number));
    const ligand = {
      elements: Int32Array.from(atoms, atom => this.#elements[atom] as number),
      coordinates: tensor(Float64Array.from(data), [atoms.length, 3]),
    };
    const { settings } = this.#model;
    return poseOf(ligand, pocketOf(this.#receptor, ligand, settings.pocket), settings);
  }
}
