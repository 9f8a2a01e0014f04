import { type Tensor, tensor } from 'posetape';
import { type Edges, nearestNeighbours, type Reach, squaredDistance } from './neighbours.ts';

/** Atoms: what they are, and where. */
export interface Atoms {
  /** Atomic numbers, shape [atoms]. */
  readonly elements: Int32Array;
  /** Å, shape [atoms, 3]. */
  readonly coordinates: Tensor<Float64Array>;
}

/** The input graph of a network, without distances: atomic numbers, and edges between neighbours. */
export interface AtomGraph extends Edges {
  readonly elements: Int32Array;
}

/** One pose, ready to be scored: the ligand, the receptor's atoms about it, and the graphs that are to be scored. */
export interface Pose {
  readonly ligand: Atoms;
  readonly pocket: Atoms;
  /** Of the ligand's atoms, then the pocket's. */
  readonly complex: AtomGraph;
  /** Of the ligand alone and the pocket alone, where the delta strategy wants them. */
  readonly apart?: { readonly ligand: AtomGraph; readonly pocket: AtomGraph };
}

/** Settings of the graph of a pose. */
export interface PoseSettings extends Reach {
  /** True to subtract the energies of the ligand alone and the pocket alone from that of the two together. */
  readonly delta: boolean;
}

/**
 * A pose of a ligand and the atoms around it. The neighbours are fixed here, in plain numbers; their distances are computed on
 * the tape, so that they can be differentiated.
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

/** The receptor's atoms closer than `radius` Å to any of the ligand's. */
export function pocketOf(receptor: Atoms, ligand: Atoms, radius: number): Atoms {
  const from = receptor.coordinates.data;
  const to = ligand.coordinates.data;
  const isNear = (i: number) => ligand.elements.some((_, j) => squaredDistance(from, i, to, j) < radius ** 2);
  return selected(receptor, isNear);
}

/** The atoms that `keep` answers true for, by their place in the list. */
export function selected({ elements, coordinates }: Atoms, keep: (atom: number) => boolean): Atoms {
  const kept = [...elements.keys()].filter(keep);
  return atomsOf(
    kept.map(i => elements[i] as number),
    kept.flatMap(i => [...coordinates.data.subarray(3 * i, 3 * i + 3)]),
  );
}

/** Atoms from atomic numbers, and coordinates in Å atom by atom. */
export function atomsOf(elements: readonly number[], coordinates: readonly number[]): Atoms {
  return {
    elements: Int32Array.from(elements),
    coordinates: tensor(Float64Array.from(coordinates), [elements.length, 3]),
  };
}

/** The atoms of both, those of `a` first. */
export function joined(a: Atoms, b: Atoms): Atoms {
  return atomsOf([...a.elements, ...b.elements], [...a.coordinates.data, ...b.coordinates.data]);
}

function graphOf({ elements, coordinates }: Atoms, reach: Reach): AtomGraph {
  return { elements, ...nearestNeighbours(coordinates.data, reach) };
}
