/**
 * Counts the bytes an executor holds, exactly: a buffer kept too long changes no number anywhere, so nothing but a
 * count would ever show it.
 *
 * Counted are results and copies on the tape and the accumulator's state; not the caller's own arrays.
 */
export class Memory {
  /** Bytes held now. */
  live = 0;
  /** The most bytes held at any one time. */
  peak = 0;

  take(bytes: number): void {
    this.live += bytes;
    if (this.live > this.peak) this.peak = this.live;
  }

  give(bytes: number): void {
    this.live -= bytes;
  }
}
