/** The ways to the same gradient that are compared. */
export const wayNames = [
  'full graph',
  'one tape at a time, interpreter',
  'one tape at a time, jit',
  'several poses on a tape, jit',
] as const;

export type WayName = (typeof wayNames)[number];

/** The way whose memory depends on the number of poses per tape. */
export const grouped: WayName = 'several poses on a tape, jit';

/** The name of a way with the number of poses per tape in it. */
export function titleOf(way: WayName, posesPerTape: number): string {
  return way === grouped ? way.replace('several poses', posesOf(posesPerTape)) : way;
}

/** `1 pose`, `2 poses` and so on. */
export function posesOf(count: number): string {
  return count === 1 ? '1 pose' : `${count} poses`;
}

/** Ways to compare. */
export interface Comparison {
  /** The numbers of poses are 1, 2, 4 and so on up to this. */
  readonly largest: number;
  /** G, for the way that has it. */
  readonly posesPerTape: number;
  readonly ways: readonly WayName[];
}

/** The numbers of poses to compare: 1, 2, 4 and so on up to the largest. */
export function countsTo(largest: number): number[] {
  return Array.from({ length: Math.floor(Math.log2(largest)) + 1 }, (_, power) => 2 ** power);
}

/** Memory and time of one way for so many poses. */
export interface MemoryPoint {
  readonly way: WayName;
  readonly poses: number;
  /** The most bytes the engine held at once, counted exactly. */
  readonly peakBytes: number;
  readonly milliseconds: number;
  /** ΔG, which does not depend on the way. */
  readonly value: number;
}

/** Progress of the comparison. */
export interface MemoryProgress {
  /** From 0 to 1. */
  readonly done: number;
  readonly doing: string;
  /** A point that has just been measured. */
  readonly point?: MemoryPoint;
}
