import { uniform } from '../../examples/networks/random.ts';

/** Random numbers that are the same on every machine and at every run. */
export interface Random {
  /** Even between 0 and 1. */
  number(): number;
  /** Even between −range and range. */
  about(range: number): number;
  /** Normal, with mean 0 and standard deviation 1. */
  normal(): number;
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
}

export function randomFrom(seed: number): Random {
  const number = uniform(seed);
  const normal = () => Math.sqrt(-2 * Math.log(number())) * Math.cos(2 * Math.PI * number()); // Box and Muller
  return {
    number,
    about: range => range * (2 * number() - 1),
    normal,
    below: limit => Math.floor(limit * number()),
  };
}

export type Point = readonly [number, number, number];

export function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** Draws until there are `count` points that are `apart` from each other; now and then a closer one is let in. */
export function scattered(
  count: number,
  draw: () => Point | undefined,
  apart: number,
  { among = [], letIn = () => false }: { among?: readonly Point[]; letIn?: () => boolean } = {},
): Point[] {
  const points: Point[] = [];
  const isFree = (point: Point) => [...among, ...points].every(other => distance(point, other) >= apart);
  while (points.length < count) {
    const point = draw();
    if (point && (isFree(point) || letIn())) points.push(point);
  }
  return points;
}
