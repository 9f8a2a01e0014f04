import { type Tensor, tensor } from 'posetape';
import { type Edges, nearestNeighbours, type Reach, squaredDistance } from './neighbours.ts';

/** Atoms with their elements and coordinates. */
export interface Atoms {
  /** Atomic numbers, shape [atoms]. */
  readonly elements: Int32Array;
  /** Coordinates in Å, shape [atoms, 3]. */
  readonly coordinates: Tensor<Float64Array>;
}

/** Input graph of a network: atomic numbers, and edges between neighbours without their lengths. */
export interface AtomGraph extends Edges {
  readonly elements: Int32Array;
}

/** Pose with the graphs that a network needs to score it. */
export interface Pose {
  readonly ligand: Atoms;
  /** Atoms of the receptor near the ligand. */
  readonly pocket: Atoms;
  /** Graph of the ligand's atoms, followed by the pocket's. */
  readonly complex: AtomGraph;
  /** Graphs of the ligand alone and the pocket alone, whose energies are subtracted. Present if `delta` was true. */
  readonly apart?: { readonly ligand: AtomGraph; readonly pocket: AtomGraph };
}

/** Settings of the graph of a pose. */
export interface PoseSettings extends Reach {
  /** True to subtract the energies of the ligand alone and the pocket alone from that of the complex. */
  readonly delta: boolean;
}

/**
 * Returns a pose of a ligand and the pocket around it. The neighbours of each atom are found once, here. Distances are
 * computed later, on the tape, so that they can be differentiated.
 */
export function poseOf(ligand: Atoms, pocket: Atoms, { delta, ...reach }: PoseSettings): Pose {
  const complex = graphOf(joined(ligand, pocket), reach);
  if (!delta) return { ligand, pocket, complex };
  return {
    ligand,
    pocket,
    complex,
    apart: { ligand: graphOf(ligand, reach), pocket: graphOf(pocket, reach) },
  };
}

/** Returns the receptor's atoms closer than `radius` Å to an atom of the ligand. */
export function pocketOf(receptor: Atoms, ligand: Atoms, radius: number): Atoms {
  const from = receptor.coordinates.data;
  const to = ligand.coordinates.data;
  const isNear = (i: number) => ligand.elements.some((_, j) => squaredDistance(from, i, to, j) < radius ** 2);
  return selected(receptor, isNear);
}

/** Returns the atoms whose indices `keep` accepts. */
export function selected({ elements, coordinates }: Atoms, keep: (atom: number) => boolean): Atoms {
  const indices = [...elements.keys()].filter(keep);
  return atomsOf(
    indices.map(i => elements[i] as number),
    indices.flatMap(i => [...coordinates.data.subarray(3 * i, 3 * i + 3)]),
  );
}

/**
 * Creates atoms from arrays.
 *
 * @param elements atomic numbers
 * @param coordinates x, y and z of each atom, in Å
 */
export function atomsOf(elements: readonly number[], coordinates: readonly number[]): Atoms {
  return {
    elements: Int32Array.from(elements),
    coordinates: tensor(Float64Array.from(coordinates), [elements.length, 3]),
  };
}

/** Returns the atoms of `a` followed by those of `b`. */
export function joined(a: Atoms, b: Atoms): Atoms {
  return atomsOf([...a.elements, ...b.elements], [...a.coordinates.data, ...b.coordinates.data]);
}

function graphOf({ elements, coordinates }: Atoms, reach: Reach): AtomGraph {
  return { elements, ...nearestNeighbours(coordinates.data, reach) };
}
