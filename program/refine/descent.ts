import { type Executor, gradient, Tape, type Tensor, tensor, type Value } from 'posetape';
import { minimise } from 'posetape/fit';
import type { Linkage, Motion } from '../molecule/motion.ts';
import type { Field } from './field.ts';
import { type Metric, metricOf } from './metric.ts';

/** Stopping criteria of a descent. */
export interface DescentOptions {
  /** Maximum number of iterations of L-BFGS. */
  readonly steps: number;
  /**
   * Slope at which the descent stops, in kcal/mol/Å: the largest derivative of the energy by a scaled coordinate of a {@link
   * Metric}.
   */
  readonly tolerance: number;
}

/** A pose after its descent. */
export interface DescendedPose {
  /** Coordinates in Å, three for each atom, in the order of the molecule. */
  readonly coordinates: Float64Array;
  /** Number of iterations. */
  readonly steps: number;
  /** Number of evaluations of the energy and its gradient. */
  readonly evaluations: number;
  /** True if the descent stopped because the slope or the gain became small, rather than after the last step. */
  readonly converged: boolean;
}

/** Number of iterations in a round. After a round, the current coordinates become the reference of all motion. */
const roundLength = 40;

/** Length of the first step in Å: the root mean square displacement of the atoms. */
const firstStep = 0.05;

/** Decrease of the energy by a round, in kcal/mol, below which no other round follows. */
const leastGain = 1e-4;

/** Decrease of the energy by an iteration below which a round ends: relative, or in kcal/mol for energies between −1 and 1. */
const valueTolerance = 1e-7;

/**
 * Minimises the energy of poses of one compound along their degrees of freedom. The poses share a tape, because data that differs
 * between poses is in arrays that the tape reads. The tape is recorded again when the `generation` of the field changes.
 */
export class PoseDescent {
  readonly #linkage: Linkage;
  readonly #field: Field;
  readonly #executor: Executor;
  readonly #motion: Motion;
  #recorded: { readonly generation: number; readonly wanted: readonly Value[] } | undefined;

  constructor(linkage: Linkage, field: Field, executor: Executor) {
    this.#linkage = linkage;
    this.#field = field;
    this.#executor = executor;
    this.#motion = linkage.rest();
  }

  /**
   * Minimises the energy, beginning at given coordinates.
   *
   * @param start coordinates in Å, three for each atom
   */
  async from(start: ArrayLike<number>, { steps, tolerance }: DescentOptions): Promise<DescendedPose> {
    let coordinates: Float64Array = Float64Array.from(start);
    let energy = Number.POSITIVE_INFINITY;
    let [stepsTaken, evaluations, converged] = [0, 0, false];
    // The neighbour lists of the previous pose may be valid here, too, but no result should depend on another pose.
    this.#field.renew(coordinates);
    while (stepsTaken < steps && !converged) {
      this.#linkage.setReference(coordinates);
      const metric = metricOf(this.#linkage, coordinates);
      const minimum = await minimise(
        ({ u }) => this.#evaluate(metric, u.data),
        { u: tensor(new Float64Array(metric.degrees), [metric.degrees]) },
        {
          iterations: Math.min(roundLength, steps - stepsTaken),
          gradientTolerance: tolerance,
          valueTolerance,
          firstStep,
        },
      );
      ({ coordinates } = await this.#evaluate(metric, minimum.params.u.data));
      stepsTaken += minimum.iterations;
      evaluations += minimum.evaluations;
      // A failed line search does not mean convergence: the energy may have a kink there, or new neighbour lists changed it.
      const isDone = minimum.stopped === 'gradient' || minimum.stopped === 'value';
      converged = isDone || energy - minimum.value < leastGain;
      energy = minimum.value;
    }
    return { coordinates, steps: stepsTaken, evaluations, converged };
  }

  /** Computes the energy, its gradient and the coordinates of the atoms, from scaled coordinates. */
  async #evaluate(metric: Metric, scaled: Float64Array) {
    this.#setMotion(metric.motion(scaled));
    let [energy, coordinates, ...slopes] = await this.#run();
    if (!this.#field.covers(coordinates.data)) {
      this.#field.renew(coordinates.data);
      [energy, coordinates, ...slopes] = await this.#run();
    }
    const slope = metric.scaledSlope(Float64Array.from(slopes.flatMap(({ data }) => Array.from(data))));
    return {
      value: energy.data[0] as number,
      coordinates: Float64Array.from(coordinates.data),
      gradient: { u: tensor(slope, [metric.degrees]) },
    };
  }

  #setMotion(values: Float64Array): void {
    let at = 0;
    for (const { data } of this.#freedoms(this.#motion)) {
      data.set(values.subarray(at, at + data.length));
      at += data.length;
    }
  }

  /** Runs the tape, which is recorded again if the field needs it. Returns energy, coordinates and derivatives. */
  async #run(): Promise<[Tensor, Tensor, ...Tensor[]]> {
    const { generation } = this.#field;
    if (this.#recorded?.generation !== generation) this.#recorded = { generation, wanted: this.#record() };
    return (await this.#executor.run(this.#recorded.wanted)) as [Tensor, Tensor, ...Tensor[]];
  }

  #record(): Value[] {
    const tape = new Tape();
    const entries = Object.entries<Tensor>({ ...this.#motion });
    const values = entries.map(([name, tensor]) => [name, tape.parameter(tensor, name)]);
    const motion = Object.fromEntries(values) as Motion<Value>;
    const coordinates = this.#linkage.record(tape, motion);
    const energy = this.#field.record(tape, coordinates);
    return [energy, coordinates, ...gradient(energy, this.#freedoms(motion))];
  }

  /** Returns the members of a motion that are not empty, in the order of {@link Motion}. */
  #freedoms<T>({ translation, rotation, torsions }: Motion<T>): T[] {
    const { ligands, branches } = this.#linkage;
    return [...(ligands > 0 ? [translation, rotation] : []), ...(branches > 0 ? [torsions] : [])];
  }
}
