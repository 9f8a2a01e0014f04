/** Ways to compute the same gradient, to be compared. */
export const wayNames = [
  'full graph',
  'one tape at a time, interpreter',
  'one tape at a time, jit',
  'several poses on a tape, jit',
] as const;

export type WayName = (typeof wayNames)[number];

/** Way whose memory depends on the number of poses per tape. */
export const grouped: WayName = 'several poses on a tape, jit';

/** Returns the name of a way, with the number of poses per tape filled in. */
export function titleOf(way: WayName, posesPerTape: number): string {
  return way === grouped ? way.replace('several poses', countedPoses(posesPerTape)) : way;
}

/** Returns `1 pose`, `2 poses` and so on. */
export function countedPoses(count: number): string {
  return count === 1 ? '1 pose' : `${count} poses`;
}

/** Input of the comparison. */
export interface Comparison {
  /** Largest number of poses. The comparison runs 1, 2, 4 and so on up to it. */
  readonly largest: number;
  /** Number of poses per tape, G, for the way with several poses on a tape. */
  readonly posesPerTape: number;
  readonly ways: readonly WayName[];
}

/** Returns the powers of two from 1 to the largest number of poses. */
export function countsTo(largest: number): number[] {
  return Array.from({ length: Math.floor(Math.log2(largest)) + 1 }, (_, power) => 2 ** power);
}

/** Memory and time of one way for one number of poses. */
export interface MemoryPoint {
  readonly way: WayName;
  readonly poses: number;
  /** Most bytes that the engine held at once, counted exactly. */
  readonly peakBytes: number;
  readonly milliseconds: number;
  /** ΔG, which does not depend on the way. */
  readonly value: number;
}

/** Progress of the comparison. */
export interface MemoryProgress {
  /** Share of the work done, from 0 to 1. */
  readonly done: number;
  readonly doing: string;
  /** Point that has just been measured. */
  readonly point?: MemoryPoint;
}
