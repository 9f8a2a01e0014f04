import type { MapForm, MatmulForm, ReduceForm } from '../forms.ts';
import type { Size } from './sizes.ts';

/** The place of one part of a scattered result: rows picked by an index, or a box whose starts depend on the pose. */
export type Placement =
  | { readonly kind: 'rows'; readonly index: Node }
  /** For each axis a position in {@link Structure.starts}; undefined if the box begins at 0. */
  | { readonly kind: 'box'; readonly starts: readonly (number | undefined)[] };

/** An elementwise computation, with the cost and the text of its expression. */
export interface MapNodeForm extends MapForm {
  /** The cost of one entry, in additions. */
  readonly cost: number;
  /** The same for expressions that compute the same. */
  readonly text: string;
  /** True if it is part of a sum turned round, and right only if its results are finite. */
  readonly isTurned?: true;
}

/** A tape's forms, grouped by how loops treat them. */
export type NodeForm =
  | { readonly kind: 'leaf'; readonly input: number }
  | { readonly kind: 'fill'; readonly number: number }
  | MapNodeForm
  | ReduceForm
  /** Read from another node at another index; costs nothing. */
  | { readonly kind: 'broadcast' }
  | { readonly kind: 'reshape' }
  | { readonly kind: 'transpose'; readonly permutation: readonly number[] }
  | { readonly kind: 'slice'; readonly starts: readonly number[] }
  | { readonly kind: 'gather' }
  /**
   * Segment sums and maxima, pads and concatenations, and accumulations of segment sums and pads: parts written to one
   * buffer. Overlapping entries are added up; for a maximum the largest is kept.
   */
  | {
      readonly kind: 'scatter';
      readonly placements: readonly Placement[];
      readonly overlaps: boolean;
      readonly isMaximum?: true;
    }
  | MatmulForm
  /** The sum or maximum of each stretch of `chunk` entries along an axis: a stage of a long one, made for GPUs. */
  | {
      readonly kind: 'partial';
      readonly reducer: ReduceForm['reducer'];
      readonly axis: number;
      readonly chunk: number;
    };

/** A value of the graph, with its shape in sizes. Equal values are one node. */
export interface Node {
  readonly id: number;
  readonly form: NodeForm;
  readonly inputs: readonly Node[];
  readonly shape: readonly Size[];
  /** The op's name, for listings. */
  readonly name: string;
  /**
   * The nodes that must be complete before this one is computed, in the backward pass through a checkpoint; the newest
   * node in the checkpoint comes first. All nodes of that pass have the same list.
   */
  readonly after?: readonly Node[];
}

/**
 * Makes a node, or returns an existing one with equal form, inputs, shape and `key`; without a key the node is always
 * new. A node that waits equals only nodes that wait for the same.
 */
export type Make = (
  form: NodeForm,
  inputs: readonly Node[],
  shape: readonly Size[],
  key: string | undefined,
) => Node;

/** True if a node needs no step: an input or a constant. */
export function isGiven({ form }: Node): boolean {
  return form.kind === 'leaf' || form.kind === 'fill';
}

/** The node whose numbers, in the same order, a reshape stands for. */
export function baseOf(node: Node): Node {
  return node.form.kind === 'reshape' ? (node.inputs[0] as Node) : node;
}

/** The cost of one entry of a node by itself, in additions. */
export function ownCost({ form }: Node): number {
  return form.kind === 'map' ? form.cost : 1;
}
