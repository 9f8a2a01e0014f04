/** Directed edges: edge e goes from atom `src[e]` to atom `dst[e]`, both of shape [edges]. */
export interface Edges {
  readonly src: Int32Array;
  readonly dst: Int32Array;
}

/** Limits on the neighbours of an atom. */
export interface Reach {
  /** Maximum number of neighbours of an atom. */
  readonly neighbours: number;
  /** Cutoff in Å. Atoms at this distance or more are not neighbours. */
  readonly cutoff: number;
}

/**
 * Returns the edges to each atom from its nearest neighbours, ordered by atom and then by distance. At equal distance the atom
 * with the smaller index comes first.
 *
 * @param coordinates x, y and z of each atom, in Å
 */
export function nearestNeighbours(coordinates: ArrayLike<number>, { neighbours, cutoff }: Reach): Edges {
  const atoms = coordinates.length / 3;
  const src: number[] = [];
  const dst: number[] = [];
  const squares = new Float64Array(atoms);
  for (let i = 0; i < atoms; i++) {
    const near: number[] = [];
    for (let j = 0; j < atoms; j++) {
      const square = squaredDistance(coordinates, i, coordinates, j);
      squares[j] = square;
      if (j !== i && square < cutoff ** 2) near.push(j);
    }
    near.sort((a, b) => (squares[a] as number) - (squares[b] as number));
    for (const j of near.slice(0, neighbours)) {
      src.push(j);
      dst.push(i);
    }
  }
  return { src: Int32Array.from(src), dst: Int32Array.from(dst) };
}

/** Returns the squared distance in Å² between atom i of the coordinates `a` and atom j of the coordinates `b`. */
export function squaredDistance(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number): number {
  let sum = 0;
  for (let axis = 0; axis < 3; axis++) {
    sum += ((a[3 * i + axis] as number) - (b[3 * j + axis] as number)) ** 2;
  }
  return sum;
}
