/** A growing list of float64 numbers. */
export class Numbers {
  #numbers = new Float64Array(16);
  length = 0;

  push(number: number): void {
    if (this.length === this.#numbers.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.length++] = number;
  }

  at(index: number): number {
    return this.#numbers[index] as number;
  }

  set(index: number, number: number): void {
    this.#numbers[index] = number;
  }

  toArray(): Float64Array {
    return this.#numbers.slice(0, this.length);
  }
}
