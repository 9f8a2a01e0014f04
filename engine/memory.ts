/**
 * An exact count of the bytes an executor holds. A buffer that is freed too late changes no result, so only a
 * count reveals it.
 *
 * The count includes results, copies on the tape and the accumulator's state, but not the caller's arrays.
 */
export class Memory {
  /** Bytes held now. */
  live = 0;
  /** The most bytes held at any one time. */
  peak = 0;

  /** Adds the bytes of a new array. */
  take(bytes: number): void {
    this.live += bytes;
    if (this.live > this.peak) this.peak = this.live;
  }

  /** Subtracts the bytes of a freed array. */
  give(bytes: number): void {
    this.live -= bytes;
  }
}
