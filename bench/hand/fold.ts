/** Smooth minimum −ln Σ exp(−ΔG_n) and its gradient. The hand-written scorers add their poses one by one. */
export class SmoothMinimum {
  readonly gradient: Float64Array;
  #lowest = Number.POSITIVE_INFINITY;
  #sum = 0;

  constructor(parameterCount: number) {
    this.gradient = new Float64Array(parameterCount);
  }

  /** Adds a pose. `energy` is its ΔG_n, and `slopes` the gradient of ΔG_n. */
  add(energy: number, slopes: Float64Array): void {
    const sum = this.gradient;
    if (energy < this.#lowest) {
      const shrink = Math.exp(energy - this.#lowest);
      this.#sum *= shrink;
      for (let i = 0; i < sum.length; i++) (sum[i] as number) *= shrink;
      this.#lowest = energy;
    }
    const weight = Math.exp(this.#lowest - energy);
    this.#sum += weight;
    for (let i = 0; i < sum.length; i++) (sum[i] as number) += weight * (slopes[i] as number);
  }

  /** Divides the summed gradient by the sum of weights, and returns ΔG. Call it once, after the last pose. */
  finish(): number {
    for (let i = 0; i < this.gradient.length; i++) (this.gradient[i] as number) /= this.#sum;
    return this.#lowest - Math.log(this.#sum);
  }
}
