import { type Tensor, tensor } from '../engine/tensor.ts';
import type { Accumulator } from './accumulator.ts';
import type { Combination } from './combination.ts';
import type { Factors } from './fold.ts';
import { Numbers } from './numbers.ts';
import type { PooledPose } from './pooled-pose.ts';
import { coefficientOf, type Term, weightOf } from './term.ts';

/** A record of each pose: its score of K numbers, its weight, and its log-weight and values in a pooling. */
export class Ledger {
  readonly #scores = new Numbers();
  readonly #weights = new Numbers();
  readonly #pooled: (PooledPose | undefined)[] = [];
  readonly #combination: Combination | undefined;
  /** Number of poses, with those that were left out. */
  length = 0;
  /** Bytes of the log-weights and values of a pooling, with their slopes. */
  pooledBytes = 0;
  /** K, 0 until it is known. */
  width = 0;

  /** Of poses of a combination, or of one's own in ops. */
  constructor(combination: Combination | undefined) {
    this.#combination = combination;
  }

  /** Notes a pose. @throws RangeError for another K than before */
  push(scores: ArrayLike<number>, weight: number, pooled?: PooledPose): void {
    if (this.width === 0) {
      this.width = scores.length;
      for (let i = 0; i < this.length * this.width; i++) this.#scores.push(Number.NaN);
    }
    if (scores.length !== this.width) {
      throw new RangeError(
        `pose ${this.length}: score returned ${scores.length} numbers, but ${this.width} of the poses before`,
      );
    }
    for (let k = 0; k < scores.length; k++) this.#scores.push(scores[k] as number);
    if (this.#combination?.weight) this.#weights.push(weight);
    // Gradients of the size of θ are not kept.
    if (pooled) {
      this.#pooled[this.length] = { ...pooled, direct: [] };
      this.pooledBytes += 8 * (1 + (1 + pooled.values.length) * (1 + this.width));
    }
    this.length++;
  }

  /** Notes a pose that is left out. */
  pushNone(): void {
    for (let k = 0; k < this.width; k++) this.#scores.push(Number.NaN);
    if (this.#combination?.weight) this.#weights.push(0);
    this.length++;
  }

  /** Leaves out a pose after all. */
  drop(index: number): void {
    for (let k = 0; k < this.width; k++) this.#scores.set(index * this.width + k, Number.NaN);
  }

  has(index: number): boolean {
    return this.width > 0 && !Number.isNaN(this.#scores.at(index * this.width));
  }

  scoresOf(index: number): Float64Array {
    const scores = new Float64Array(this.width);
    for (let k = 0; k < this.width; k++) scores[k] = this.#scores.at(index * this.width + k);
    return scores;
  }

  /** The poses that were not left out. */
  get kept(): number[] {
    return Array.from({ length: this.length }, (_, index) => index).filter(index => this.has(index));
  }

  /** The K numbers of each pose, one pose after the other; NaN for those left out. */
  get predictions(): Float64Array {
    return this.#scores.toArray();
  }

  /** Those of the poses not left out: [N], or [N, K]. */
  get vector(): Tensor<Float64Array> {
    const { kept, width } = this;
    const all = this.predictions;
    const data = new Float64Array(kept.length * width);
    for (const [n, index] of kept.entries())
      data.set(all.subarray(index * width, (index + 1) * width), n * width);
    return tensor(data, width === 1 ? [kept.length] : [kept.length, width]);
  }

  /** A pose as it goes into the sums. */
  termOf(index: number): Term {
    const score = this.#scores.at(index * this.width);
    const weight = this.#combination?.weight ? this.#weights.at(index) : 1;
    return this.#pooled[index] ?? { weight, height: score, values: [score] };
  }

  /** Adds to `coefficients`, K for each pose, what each number of its score has as a factor in a·A + Σ b_j·B_j. */
  addCoefficients(
    coefficients: Float64Array,
    accumulator: Accumulator,
    factors: Factors,
    sigma: number,
  ): void {
    const { moments } = accumulator;
    for (let index = 0; index < this.length; index++) {
      if (!this.has(index)) continue;
      const term = this.termOf(index);
      const e = weightOf(term, sigma, moments.r);
      const pooled = this.#pooled[index];
      for (let k = 0; k < this.width; k++) {
        const part = pooled
          ? {
              toHeight: pooled.heightSlopes[k] as number,
              toValues: pooled.valueSlopes.map(slopes => slopes[k] as number),
            }
          : ofScore;
        (coefficients[index * this.width + k] as number) += coefficientOf(term, part, e, moments, factors);
      }
    }
  }

  /** w_n, 0 for a pose left out. */
  weights({ moments: { r, S } }: Accumulator, sigma: number): Float64Array {
    const weights = new Float64Array(this.length);
    for (let index = 0; index < this.length; index++)
      if (this.has(index)) weights[index] = weightOf(this.termOf(index), sigma, r) / S;
    return weights;
  }

  /** The sums over the poses not left out, without gradients. */
  accumulated(combination: Combination): Accumulator {
    const accumulator = combination.accumulator();
    for (let index = 0; index < this.length; index++)
      if (this.has(index)) accumulator.addTerms([this.termOf(index)], this.termOf(index), []);
    return accumulator;
  }
}

/** The score is h and p: the gradient of it enters A, and B by its deviation. */
const ofScore = { toHeight: 1, toValues: [0] };
