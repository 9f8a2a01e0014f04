import type { Tensor } from 'posetape';
import { collate } from 'posetape/combine';
import { type AtomGraph, type Atoms, joined, type Pose } from './pose.ts';

/** Graphs of several poses joined into one. Its parts, one for each graph, have no edges between them. */
export interface GroupGraph extends AtomGraph {
  /** Coordinates in Å, shape [atoms, 3]. */
  readonly coordinates: Tensor;
  /** Part that each atom belongs to. */
  readonly partOf: Int32Array;
  /** Pose that each part belongs to. */
  readonly poseOf: Int32Array;
  /** Factor of each part's energy in the energy of its pose: 1 for a complex, −1 for a ligand or a pocket alone. */
  readonly signs: Float64Array;
}

/**
 * Joins the graphs of several poses.
 *
 * @example
 * const { partOf, poseOf, signs, ...graph } = groupGraph(poses);
 */
export function groupGraph(poses: readonly Pose[]): GroupGraph {
  const parts = poses.flatMap(partsOf);
  const { fields, poseOf } = collate(parts, {
    elements: { axis: 'atoms', from: ({ graph }) => graph.elements },
    coordinates: { axis: 'atoms' },
    src: { axis: 'edges', into: 'atoms', from: ({ graph }) => graph.src },
    dst: { axis: 'edges', into: 'atoms', from: ({ graph }) => graph.dst },
  });
  return {
    elements: fields.elements.data as Int32Array,
    src: fields.src.data as Int32Array,
    dst: fields.dst.data as Int32Array,
    coordinates: fields.coordinates,
    partOf: poseOf.atoms as Int32Array,
    poseOf: Int32Array.from(parts, ({ pose }) => pose),
    signs: Float64Array.from(parts, ({ sign }) => sign),
  };
}

/** Graph whose energy is added to, or subtracted from, the energy of a pose. */
interface Part {
  readonly pose: number;
  readonly sign: 1 | -1;
  readonly graph: AtomGraph;
  readonly coordinates: Tensor;
}

function partsOf({ ligand, pocket, complex, apart }: Pose, pose: number): Part[] {
  const part = (graph: AtomGraph, { coordinates }: Atoms, sign: Part['sign']): Part => ({
    pose,
    sign,
    graph,
    coordinates,
  });
  const together = part(complex, joined(ligand, pocket), 1);
  return apart ? [together, part(apart.pocket, pocket, -1), part(apart.ligand, ligand, -1)] : [together];
}
