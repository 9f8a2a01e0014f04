/**
 * An exact count of the bytes an executor holds. A buffer kept too long changes no result, so only a count can show it.
 *
 * It includes results, copies on the tape and the accumulator's state, but not the caller's arrays.
 */
export class Memory {
  /** Bytes held now. */
  live = 0;
  /** The most bytes held at any one time. */
  peak = 0;

  /** Counts bytes of an array that is made. */
  take(bytes: number): void {
    this.live += bytes;
    if (this.live > this.peak) this.peak = this.live;
  }

  /** Counts bytes of an array that is dropped. */
  give(bytes: number): void {
    this.live -= bytes;
  }
}
