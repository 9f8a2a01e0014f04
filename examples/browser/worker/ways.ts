/** The ways to the same gradient that are compared. */
export const wayNames = ['full graph', 'one tape at a time, interpreter', 'one tape at a time, jit'] as const;

export type WayName = (typeof wayNames)[number];

/** What one way took for so many poses. */
export interface MemoryPoint {
  readonly way: WayName;
  readonly poses: number;
  /** The most bytes the engine held at once, counted exactly. */
  readonly peakBytes: number;
  readonly milliseconds: number;
  /** ΔG, which does not depend on the way. */
  readonly value: number;
}

/** How far the comparison has come. */
export interface MemoryProgress {
  /** From 0 to 1. */
  readonly done: number;
  readonly doing: string;
  /** A point that has just been measured. */
  readonly point?: MemoryPoint;
}
