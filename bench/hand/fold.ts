/** Smooth minimum, −ln Σ exp(−ΔG_n), with its gradient, computed pose by pose for the hand-written scorers. */
export class SmoothMinimum {
  readonly gradient: Float64Array;
  #lowest = Number.POSITIVE_INFINITY;
  #sum = 0;

  constructor(parameters: number) {
    this.gradient = new Float64Array(parameters);
  }

  /** Adds a pose with its energy and gradient. */
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

  /** Completes the gradient, and returns ΔG. */
  finish(): number {
    for (let i = 0; i < this.gradient.length; i++) (this.gradient[i] as number) /= this.#sum;
    return this.#lowest - Math.log(this.#sum);
  }
}
