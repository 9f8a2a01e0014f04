/**
 * An exact count of the bytes that an executor holds. If an executor frees an array too late, no result changes, and
 * only such a count reveals the error.
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
