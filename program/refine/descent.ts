import { type Executor, gradient, Tape, type Tensor, tensor, type Value } from 'posetape';
import { minimise } from 'posetape/fit';
import type { Linkage, Motion } from '../molecule/motion.ts';
import type { Field } from './field.ts';
import { type Metric, metricOf } from './metric.ts';

/** Limits of a descent. */
export interface DescentOptions {
  /** The most iterations of L-BFGS. */
  readonly steps: number;
  /** Stops where a step of 1 Å, by the root mean square of all atoms, would gain less than this by the slope: kcal/mol/Å. */
  readonly tolerance: number;
}

/** A pose after its descent. */
export interface DescendedPose {
  /** Å, three for each atom in the order of the molecule. */
  readonly coordinates: Float64Array;
  readonly steps: number;
  readonly evaluations: number;
  /** True if it stopped because there was nothing left to gain. */
  readonly converged: boolean;
}

/** Iterations after which motion is counted anew from where the pose then is. */
const roundLength = 40;

/** Å, by the root mean square of all atoms: the length of the first step. */
const firstStep = 0.05;

/** kcal/mol; a round that gains less is the last. */
const leastGain = 1e-4;

/**
 * Moves poses of one compound downhill along their degrees of freedom. The tape is recorded once and planned once for all
 * poses: what differs among them stands in arrays that it reads.
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

  /** @param start Å, three for each atom */
  async from(start: ArrayLike<number>, { steps, tolerance }: DescentOptions): Promise<DescendedPose> {
    let coordinates: Float64Array = Float64Array.from(start);
    let energy = Number.POSITIVE_INFINITY;
    let [taken, evaluations, converged] = [0, 0, false];
    // The neighbours of the pose before may do, but no pose's result shall depend on another.
    this.#field.renew(coordinates);
    while (taken < steps && !converged) {
      this.#linkage.setReference(coordinates);
      const metric = metricOf(this.#linkage, coordinates);
      const found = await minimise(
        ({ u }) => this.#evaluate(metric, u.data),
        { u: tensor(new Float64Array(metric.degrees), [metric.degrees]) },
        {
          iterations: Math.min(roundLength, steps - taken),
          gradientTolerance: tolerance,
          valueTolerance: 1e-7,
          firstStep,
        },
      );
      ({ coordinates } = await this.#evaluate(metric, found.params.u.data));
      taken += found.iterations;
      evaluations += found.evaluations;
      // Along a kink, or where neighbours were listed anew, a line search may find nothing though there is more to gain.
      const isDone = found.stopped === 'gradient' || found.stopped === 'value';
      converged = isDone || energy - found.value < leastGain;
      energy = found.value;
    }
    return { coordinates, steps: taken, evaluations, converged };
  }

  async #evaluate(metric: Metric, numbers: Float64Array) {
    this.#setMotion(metric.motion(numbers));
    let [energy, coordinates, ...slopes] = await this.#run();
    if (!this.#field.covers(coordinates.data)) {
      this.#field.renew(coordinates.data);
      [energy, coordinates, ...slopes] = await this.#run();
    }
    const slope = metric.slope(Float64Array.from(slopes.flatMap(({ data }) => Array.from(data))));
    return {
      value: energy.data[0] as number,
      coordinates: Float64Array.from(coordinates.data),
      gradient: { u: tensor(slope, [metric.degrees]) },
    };
  }

  #setMotion(degrees: Float64Array): void {
    let at = 0;
    for (const { data } of this.#freedoms(this.#motion)) {
      data.set(degrees.subarray(at, at + data.length));
      at += data.length;
    }
  }

  async #run(): Promise<[Tensor, Tensor, ...Tensor[]]> {
    const { generation } = this.#field;
    if (this.#recorded?.generation !== generation) this.#recorded = { generation, wanted: this.#record() };
    return (await this.#executor.run(this.#recorded.wanted)) as [Tensor, Tensor, ...Tensor[]];
  }

  #record(): Value[] {
    const tape = new Tape();
    const entries = Object.entries<Tensor>({ ...this.#motion });
    const values = entries.map(([name, each]) => [name, tape.parameter(each, name)]);
    const motion = Object.fromEntries(values) as Motion<Value>;
    const coordinates = this.#linkage.record(tape, motion);
    const energy = this.#field.record(tape, coordinates);
    return [energy, coordinates, ...gradient(energy, this.#freedoms(motion))];
  }

  /** The degrees of freedom that there are, in the order of {@link Motion}. */
  #freedoms<T>({ translation, rotation, torsions }: Motion<T>): T[] {
    const { ligands, branches } = this.#linkage;
    return [...(ligands > 0 ? [translation, rotation] : []), ...(branches > 0 ? [torsions] : [])];
  }
}
