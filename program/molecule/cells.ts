/** Points sorted into a grid of cells, to find those near a position. */
export interface Cells {
  /** Calls `visit` with the index of every point within `reach` of a position, and with some points farther away. */
  readonly near: (x: number, y: number, z: number, visit: (point: number) => void) => void;
}

/** Maximum extent of the points along an axis, in cells. If the points extend further, the cells are larger. */
const mostCells = 64;

/**
 * Sorts points into cells of size `reach` or more.
 *
 * @param coordinates x, y and z of each point
 * @param reach distance within which no point is missed
 */
export function cellsOf(coordinates: ArrayLike<number>, reach: number): Cells {
  const count = coordinates.length / 3;
  const low = [0, 1, 2].map(axis => extreme(coordinates, axis, Math.min)) as Triple;
  const high = [0, 1, 2].map(axis => extreme(coordinates, axis, Math.max)) as Triple;
  const sizes = low.map((from, axis) =>
    Math.max(reach, ((high[axis] as number) - from) / mostCells),
  ) as Triple;
  const [nx, ny, nz] = low.map((from, axis) =>
    count === 0 ? 0 : 1 + Math.floor(((high[axis] as number) - from) / (sizes[axis] as number)),
  ) as Triple;
  const cellOf = (point: number): number => {
    const [i, j, k] = [0, 1, 2].map(axis =>
      Math.floor(
        ((coordinates[3 * point + axis] as number) - (low[axis] as number)) / (sizes[axis] as number),
      ),
    ) as Triple;
    return (i * ny + j) * nz + k;
  };

  // Counting sort of the points by cell. Neighbouring cells along z are adjacent, so a search visits at most nine runs of points.
  const starts = new Int32Array(nx * ny * nz + 1);
  const cells = Int32Array.from({ length: count }, (_, point) => cellOf(point));
  for (const cell of cells) starts[cell + 1] = (starts[cell + 1] as number) + 1;
  for (let cell = 0; cell < starts.length - 1; cell++) {
    starts[cell + 1] = (starts[cell + 1] as number) + (starts[cell] as number);
  }
  const nextSlots = starts.slice();
  const points = new Int32Array(count);
  cells.forEach((cell, point) => {
    const at = nextSlots[cell] as number;
    points[at] = point;
    nextSlots[cell] = at + 1;
  });

  return {
    near(x, y, z, visit) {
      const i = Math.floor((x - low[0]) / sizes[0]);
      const j = Math.floor((y - low[1]) / sizes[1]);
      const k = Math.floor((z - low[2]) / sizes[2]);
      const from = Math.max(0, k - 1);
      const to = Math.min(nz - 1, k + 1);
      if (from > to) return;
      for (let a = Math.max(0, i - 1); a <= Math.min(nx - 1, i + 1); a++) {
        for (let b = Math.max(0, j - 1); b <= Math.min(ny - 1, j + 1); b++) {
          const row = (a * ny + b) * nz;
          const end = starts[row + to + 1] as number;
          for (let at = starts[row + from] as number; at < end; at++) visit(points[at] as number);
        }
      }
    },
  };
}

/** A number for each of the axes x, y and z. */
type Triple = [number, number, number];

/** Returns the smallest or largest coordinate along an axis; 0 without points. */
function extreme(
  coordinates: ArrayLike<number>,
  axis: number,
  pick: (a: number, b: number) => number,
): number {
  let result = coordinates[axis] ?? 0;
  for (let at = axis; at < coordinates.length; at += 3) result = pick(result, coordinates[at] as number);
  return result;
}
