import { type Tensor, tensor } from '../engine/tensor.ts';
import type { Accumulator } from './accumulator.ts';
import type { Combination } from './combination.ts';
import type { Factors } from './fold.ts';
import { Numbers } from './numbers.ts';
import type { PooledPose } from './pooled-pose.ts';
import { coefficientOf, type Part, type Term, weightOf } from './term.ts';

/**
 * Records of all poses of a call. Each has the score of K numbers and the pose weight, and for a pooling also the
 * log-weight and values.
 */
export class Ledger {
  readonly #scores = new Numbers();
  readonly #weights = new Numbers();
  readonly #pooled: (PooledPose | undefined)[] = [];
  readonly #combination: Combination | undefined;
  /** Number of poses, including those left out. */
  length = 0;
  /** Bytes kept for a pooling: pose weights, and log-weights and values with their slopes. */
  pooledBytes = 0;
  /** K, the count of numbers in a score; 0 before the first score. */
  width = 0;

  /** @param combination absent for a combination in ops */
  constructor(combination: Combination | undefined) {
    this.#combination = combination;
  }

  /** Adds a pose. @throws RangeError if its K differs from that of earlier poses */
  push(scores: ArrayLike<number>, weight: number, pooled?: PooledPose): void {
    if (this.width === 0) {
      this.width = scores.length;
      for (let i = 0; i < this.length * this.width; i++) this.#scores.push(Number.NaN);
    }
    if (scores.length !== this.width) {
      throw new RangeError(
        `pose ${this.length}: score returned ${scores.length} numbers, but ${this.width} for earlier poses`,
      );
    }
    for (let k = 0; k < scores.length; k++) this.#scores.push(scores[k] as number);
    if (this.#combination?.weight) this.#weights.push(weight);
    // The gradients, which have the size of θ, are dropped.
    if (pooled) {
      this.#pooled[this.length] = { ...pooled, direct: [] };
      // The pose weight, then the log-weight and J values, each with K slopes: 8 bytes a number.
      this.pooledBytes += 8 * (1 + (1 + pooled.values.length) * (1 + this.width));
    }
    this.length++;
  }

  /** Adds a pose that is left out: bad, or with pose weight 0. */
  pushNone(): void {
    for (let k = 0; k < this.width; k++) this.#scores.push(Number.NaN);
    if (this.#combination?.weight) this.#weights.push(0);
    this.length++;
  }

  /** Leaves out a pose that was added. */
  drop(index: number): void {
    for (let k = 0; k < this.width; k++) this.#scores.set(index * this.width + k, Number.NaN);
  }

  /** True if the pose was added and not left out. */
  has(index: number): boolean {
    return this.width > 0 && !Number.isNaN(this.#scores.at(index * this.width));
  }

  scoresOf(index: number): Float64Array {
    const scores = new Float64Array(this.width);
    for (let k = 0; k < this.width; k++) scores[k] = this.#scores.at(index * this.width + k);
    return scores;
  }

  /** Indices of the poses not left out. */
  get combinedIndices(): number[] {
    return Array.from({ length: this.length }, (_, index) => index).filter(index => this.has(index));
  }

  /** The scores of all poses, K numbers each; NaN for poses left out. */
  get predictions(): Float64Array {
    return this.#scores.toArray();
  }

  /** The scores of the poses not left out, shape [poses] or [poses, K]. */
  get combinedScores(): Tensor<Float64Array> {
    const { combinedIndices, width } = this;
    const all = this.predictions;
    const data = new Float64Array(combinedIndices.length * width);
    for (const [n, index] of combinedIndices.entries())
      data.set(all.subarray(index * width, (index + 1) * width), n * width);
    return tensor(data, width === 1 ? [combinedIndices.length] : [combinedIndices.length, width]);
  }

  /** Returns the term of a pose for an accumulator. */
  termOf(index: number): Term {
    const score = this.#scores.at(index * this.width);
    const weight = this.#combination?.weight ? this.#weights.at(index) : 1;
    return this.#pooled[index] ?? { weight, height: score, values: [score] };
  }

  /**
   * Adds to `coefficients`, which has K entries per pose, one for each number of the score. Each entry grows by the
   * factor of that number's gradient in a·A + Σ b_j·B_j.
   */
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
          : scorePart;
        (coefficients[index * this.width + k] as number) += coefficientOf(term, part, e, moments, factors);
      }
    }
  }

  /** Returns w_n of each pose; 0 for poses left out. */
  weights({ moments: { r, S } }: Accumulator, sigma: number): Float64Array {
    const weights = new Float64Array(this.length);
    for (let index = 0; index < this.length; index++)
      if (this.has(index)) weights[index] = weightOf(this.termOf(index), sigma, r) / S;
    return weights;
  }

  /** Returns an accumulator of the poses not left out, without gradients. */
  accumulated(combination: Combination): Accumulator {
    const accumulator = combination.accumulator();
    for (let index = 0; index < this.length; index++)
      if (this.has(index)) accumulator.addTerms([this.termOf(index)], this.termOf(index), []);
    return accumulator;
  }
}

/** Factors for a score that is both h_n and p_n: see {@link Part.toValues}. */
const scorePart: Pick<Part, 'toHeight' | 'toValues'> = { toHeight: 1, toValues: [0] };
