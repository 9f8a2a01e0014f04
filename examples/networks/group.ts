import type { Tensor } from 'posetape';
import { collate } from 'posetape/combine';
import { type AtomGraph, type Atoms, joined, type Pose } from './pose.ts';

/** The graphs of several poses as one, whose parts do not touch. */
export interface GroupGraph extends AtomGraph {
  /** Å, shape [atoms, 3]. */
  readonly coordinates: Tensor;
  /** By atom, the part it belongs to. */
  readonly partOf: Int32Array;
  /** By part, the pose it belongs to. */
  readonly poseOf: Int32Array;
  /** By part, the factor of its energy in that of the pose: 1, or −1 for a ligand or a pocket alone. */
  readonly signs: Float64Array;
}

/**
 * Joins the graphs that poses are scored by.
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

/** A graph that counts for a pose. */
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
