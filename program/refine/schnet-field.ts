import { type SyncExecutor, Tape, tensor, type Value } from 'posetape';
import { gather } from 'posetape/ops';
import { recordWeights } from '../../examples/networks/layers.ts';
import { type Atoms, type Pose, pocketOf, poseOf } from '../../examples/networks/pose.ts';
import type { Molecule } from '../molecule/molecule.ts';
import type { Model } from '../schnet/model.ts';
import { type Energies, type Field, squaredDistance } from './field.ts';

/** Distance in Å by which an atom may move before new neighbour lists are made. */
const margin = 0.3;

/**
 * Energy of a SchNet. The minimised energy uses the nearest neighbours at the coordinates of the last call of `renew`, so each
 * call of `renew` changes this energy a little. Reported energies use the neighbours at the coordinates that are reported.
 */
export class SchnetField implements Field {
  readonly #model: Model;
  readonly #receptor: Atoms;
  readonly #executor: SyncExecutor;
  readonly #elements: readonly number[];
  /** Indices of the heavy atoms. The network sees no others. */
  readonly #heavyAtoms: Int32Array;
  /** Pose with the neighbours of the last call of `renew`. */
  #pose: Pose | undefined;
  /** Coordinates at the last call of `renew`. */
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

  get reach(): number {
    return this.#model.settings.pocket;
  }

  isNear(coordinates: ArrayLike<number>): boolean {
    const { pocket } = this.#model.settings;
    return pocketOf(this.#receptor, this.#ligandAt(coordinates), pocket).elements.length > 0;
  }

  record(tape: Tape, coordinates: Value): Value {
    const weights = recordWeights(tape, this.#model.weights);
    if (!this.#pose) throw new Error('SchnetField: call renew before record');
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

  /** Returns the heavy atoms, given the coordinates of all atoms. */
  #ligandAt(coordinates: ArrayLike<number>): Atoms {
    const atoms = [...this.#heavyAtoms];
    const data = atoms.flatMap(atom => [0, 1, 2].map(axis => coordinates[3 * atom + axis] as number));
    return {
      elements: Int32Array.from(atoms, atom => this.#elements[atom] as number),
      coordinates: tensor(Float64Array.from(data), [atoms.length, 3]),
    };
  }

  /** Returns the pose, with its pocket and neighbours, given the coordinates of all atoms. */
  #poseAt(coordinates: ArrayLike<number>): Pose {
    const ligand = this.#ligandAt(coordinates);
    const { settings } = this.#model;
    return poseOf(ligand, pocketOf(this.#receptor, ligand, settings.pocket), settings);
  }
}
