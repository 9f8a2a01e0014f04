/** Smooth minimum −ln Σ exp(−ΔG_n) of poses that are added one by one, and its gradient. */
export class SmoothMinimum {
  /** Gradient of ΔG, once `finish` has been called. Until then, the weighted sum of the gradients of the poses. */
  readonly gradient: Float64Array;
  #lowest = Number.POSITIVE_INFINITY;
  #weightSum = 0;

  constructor(parameterCount: number) {
    this.gradient = new Float64Array(parameterCount);
  }

  /** Adds a pose. `energy` is its ΔG_n, and `slopes` the gradient of ΔG_n. */
  add(energy: number, slopes: Float64Array): void {
    const { gradient } = this;
    if (energy < this.#lowest) {
      const shrink = Math.exp(energy - this.#lowest);
      this.#weightSum *= shrink;
      for (let i = 0; i < gradient.length; i++) (gradient[i] as number) *= shrink;
      this.#lowest = energy;
    }
    const weight = Math.exp(this.#lowest - energy);
    this.#weightSum += weight;
    for (let i = 0; i < gradient.length; i++) (gradient[i] as number) += weight * (slopes[i] as number);
  }

  /** Divides the summed gradient by the sum of weights, and returns ΔG. Call it once, after the last pose. */
  finish(): number {
    for (let i = 0; i < this.gradient.length; i++) (this.gradient[i] as number) /= this.#weightSum;
    return this.#lowest - Math.log(this.#weightSum);
  }
}
