import { type SyncExecutor, Tape, type Tensor, tensor, type Value } from 'posetape';
import { add, clamp, div, gather, less, mul, norm, segmentSum, sqrt, square, sub, sum } from 'posetape/ops';
import { cutoff, type XsType } from '../../examples/vina/pairs.ts';
import {
  pairEnergies,
  perRotor,
  recordWeights,
  squashed,
  termsAt,
  type VinaWeights,
  type Weights,
} from '../../examples/vina/score.ts';
import { type Cells, cellsOf } from '../molecule/cells.ts';
import type { Compound } from '../vina/compound.ts';
import type { Receptor } from '../vina/poses.ts';
import { type Energies, type Field, squaredDistance } from './field.ts';
import { type MovingPairs, movingPairsOf } from './moving-pairs.ts';
import { type PairArrays, PairList } from './pair-list.ts';

/** Distance in Å by which an atom may move before new neighbour lists are made. */
const margin = 0.4;

/**
 * Half the width, in Å, of the range around the cutoff over which the minimised energy of a pair fades to 0. Vina's energy jumps
 * at the cutoff by up to 0.004 kcal/mol per pair, which would stop line searches.
 */
const softness = 0.25;

/** Force that closes a cut macrocycle. It is nearly `pull`, in kcal/mol/Å, at distances well above `rounding`, in Å. */
const closure = { pull: 50, rounding: 0.05 };

/** Distance in Å up to which pairs with the receptor are listed. */
const reach = cutoff + softness + margin;

/**
 * Energy that AutoDock Vina minimises: the energy of all pairs of a moving atom and a receptor atom, and of two moving atoms.
 * Pairs within a ligand count if they are more than three bonds apart. Reported energies have Vina's sharp cutoff. The score is
 * the binding free energy.
 */
export class VinaField implements Field {
  readonly #atomOfRow: Int32Array;
  readonly #types: readonly XsType[];
  readonly #rotors: number;
  readonly #atoms: number;
  readonly #moving: MovingPairs;
  /** Factor of each atom in the energy of the ligands: 1 for atoms of ligands, 0 for those of flexible residues. */
  readonly #ligandFactor: Float64Array;
  readonly #receptor: Receptor['atoms'];
  readonly #cells: Cells;
  readonly #weights: VinaWeights;
  readonly #executor: SyncExecutor;

  readonly #lists = { receptor: new PairList(), between: new PairList(), within: new PairList() };
  #generation = 0;
  /** Coordinates for which the neighbour lists were made. */
  readonly #listedAt: Float64Array;
  /** Coordinates whose energies are to be reported. The tape of `#report` reads them when it runs. */
  readonly #reported: Tensor<Float64Array>;
  /** Recorded energies of a report. */
  #report: { readonly generation: number; readonly wanted: readonly Value[] } | undefined;

  constructor(compound: Compound, receptor: Receptor, weights: VinaWeights, executor: SyncExecutor) {
    const { molecule, typed } = compound;
    this.#atomOfRow = typed.atomOfRow;
    this.#types = typed.types;
    this.#rotors = typed.rotors;
    this.#atoms = molecule.atoms.length;
    this.#moving = movingPairsOf(molecule, typed);
    this.#ligandFactor = new Float64Array(this.#atoms);
    for (const [row, atom] of typed.atomOfRow.entries()) {
      this.#ligandFactor[atom] = Number((typed.ligandOf[row] as number) >= 0);
    }
    this.#receptor = receptor.atoms;
    this.#cells = cellsOf(receptor.atoms.coordinates.data, reach);
    this.#weights = weights;
    this.#executor = executor;
    this.#listedAt = new Float64Array(3 * this.#atoms).fill(Number.NaN);
    this.#reported = tensor(new Float64Array(3 * this.#atoms), [this.#atoms, 3]);
  }

  get generation(): number {
    return this.#generation;
  }

  get reach(): number {
    return cutoff;
  }

  isNear(coordinates: ArrayLike<number>): boolean {
    const receptor = this.#receptor.coordinates.data;
    return this.#atomOfRow.some(atom => {
      if (this.#ligandFactor[atom] === 0) return false;
      const [x, y, z] = [0, 1, 2].map(axis => coordinates[3 * atom + axis]) as [number, number, number];
      let isNear = false;
      this.#cells.near(x, y, z, other => {
        isNear ||= squaredDistance(coordinates, atom, receptor, other) < cutoff ** 2;
      });
      return isNear;
    });
  }

  record(tape: Tape, coordinates: Value): Value {
    const weights = recordWeights(tape, this.#weights);
    const { intermolecular, intramolecular } = this.#energies(tape, weights, coordinates, softCutoff);
    return add(add(intermolecular, intramolecular), this.#closure(tape, coordinates));
  }

  covers(coordinates: ArrayLike<number>): boolean {
    return this.#atomOfRow.every(
      atom => squaredDistance(coordinates, atom, this.#listedAt, atom) <= margin ** 2,
    );
  }

  renew(coordinates: ArrayLike<number>): void {
    const lists = Object.values(this.#lists);
    const arraysBefore = lists.map(list => list.filled());
    this.#listedAt.set(coordinates);
    this.#listReceptor(coordinates);
    this.#listMoving(coordinates, this.#moving.between, this.#lists.between);
    this.#listMoving(coordinates, this.#moving.within, this.#lists.within);
    if (lists.some((list, k) => list.filled() !== arraysBefore[k])) this.#generation++;
  }

  energies(coordinates: ArrayLike<number>): Energies {
    if (!this.covers(coordinates)) this.renew(coordinates);
    this.#reported.data.set(coordinates);
    const { generation } = this;
    if (this.#report?.generation !== generation) this.#report = { generation, wanted: this.#recordReport() };
    const numbers = this.#executor.run(this.#report.wanted).map(({ data }) => data[0]);
    const [score, intermolecular, intramolecular, closing] = numbers as [number, number, number, number];
    const parts = { intermolecular, intramolecular };
    const minimised = intermolecular + intramolecular + closing;
    return { score, minimised, parts: this.#moving.closures.length > 0 ? { ...parts, closing } : parts };
  }

  /** Records the score and the three parts of the minimised energy, at the coordinates of `#reported`. */
  #recordReport(): Value[] {
    const tape = new Tape();
    const weights = recordWeights(tape, this.#weights);
    const coordinates = tape.constant(this.#reported);
    const { intermolecular, intramolecular } = this.#energies(tape, weights, coordinates, sharpCutoff);
    const score = perRotor(weights, intermolecular, this.#rotors);
    return [score, intermolecular, intramolecular, this.#closure(tape, coordinates)];
  }

  /**
   * Records the energies of all listed pairs.
   *
   * @param factorAt records the factor, 0 to 1, of the energy of a pair from its distance
   */
  #energies(
    tape: Tape,
    weights: Weights,
    coordinates: Value,
    factorAt: (r: Value) => Value,
  ): { readonly intermolecular: Value; readonly intramolecular: Value } {
    const energiesOf = (pairs: PairArrays, others: Value): Value => {
      const r = norm(sub(gather(coordinates, pairs.ligandAtom), gather(others, pairs.receptorAtom)), 1);
      return mul(factorAt(r), pairEnergies(weights, termsAt(tape, r, pairs)));
    };
    const { receptor, between, within } = this.#lists;
    const receptorPairs = receptor.filled();
    const ofPairs = energiesOf(receptorPairs, tape.constant(this.#receptor.coordinates));
    const ofAtoms = squashed(segmentSum(ofPairs, receptorPairs.ligandAtom, this.#atoms));
    const ofMoving = (list: PairList) => sum(squashed(energiesOf(list.filled(), coordinates)));
    if (this.#moving.between.length === 0) {
      return { intermolecular: sum(ofAtoms), intramolecular: ofMoving(within) };
    }
    // Energies of pairs of a flexible residue and the receptor are intramolecular, so they are not part of the score.
    const ofLigands = sum(mul(ofAtoms, tape.constant(this.#ligandFactor)));
    return {
      intermolecular: add(ofLigands, ofMoving(between)),
      intramolecular: add(sub(sum(ofAtoms), ofLigands), ofMoving(within)),
    };
  }

  /** Records the energy that closes cut macrocycles. It is 0 if their ends coincide, and not part of the score. */
  #closure(tape: Tape, coordinates: Value): Value {
    const { closures } = this.#moving;
    if (closures.length === 0) return tape.constant(0);
    const [carbons, dummies] = [0, 1].map(end => Int32Array.from(closures, pair => pair[end] as number));
    const step = sub(gather(coordinates, carbons as Int32Array), gather(coordinates, dummies as Int32Array));
    // This is nearly the distance, but smooth at 0. The distance itself has a cusp there, which would stop line searches.
    const length = sub(sqrt(add(sum(square(step), 1), closure.rounding ** 2)), closure.rounding);
    return sum(squashed(mul(closure.pull, length)));
  }

  /** Lists the pairs of moving atoms and receptor atoms. */
  #listReceptor(coordinates: ArrayLike<number>): void {
    const { types, coordinates: receptor } = this.#receptor;
    const list = this.#lists.receptor;
    list.clear();
    this.#atomOfRow.forEach((atom, row) => {
      const type = this.#types[row] as XsType;
      const [x, y, z] = [0, 1, 2].map(axis => coordinates[3 * atom + axis]) as [number, number, number];
      this.#cells.near(x, y, z, other => {
        if (squaredDistance(coordinates, atom, receptor.data, other) >= reach ** 2) return;
        list.add(atom, type, other, types[other] as XsType);
      });
    });
  }

  /** Lists those of `pairs` that are close enough. */
  #listMoving(coordinates: ArrayLike<number>, pairs: MovingPairs['within'], list: PairList): void {
    // Both atoms of a pair may move by the margin.
    const squaredReach = (reach + margin) ** 2;
    list.clear();
    for (const [a, b] of pairs) {
      const [i, j] = [this.#atomOfRow[a] as number, this.#atomOfRow[b] as number];
      if (squaredDistance(coordinates, i, coordinates, j) >= squaredReach) continue;
      list.add(i, this.#types[a] as XsType, j, this.#types[b] as XsType);
    }
  }
}

/** Records 1 below the cutoff and 0 above, as in Vina. */
function sharpCutoff(r: Value): Value {
  return less(r, cutoff);
}

/** Records 1 below the cutoff and 0 above it, with a smooth step around it. */
function softCutoff(r: Value): Value {
  // The cubic 3t² − 2t³ rises from 0 to 1 with slope 0 at both ends.
  const t = clamp(div(sub(cutoff + softness, r), 2 * softness), 0, 1);
  return mul(square(t), sub(3, mul(2, t)));
}
