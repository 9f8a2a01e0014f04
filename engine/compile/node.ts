import type { MapForm, MatmulForm, ReduceForm } from '../forms.ts';
import type { Size } from './sizes.ts';

/** The region of the result that a scattered part is written to: rows picked by an index, or a box. */
export type Placement =
  | { readonly kind: 'rows'; readonly index: Node }
  /** For each axis, an index into {@link Structure.starts}; undefined if the box begins at 0. */
  | { readonly kind: 'box'; readonly starts: readonly (number | undefined)[] };

/** An elementwise computation, with the cost and the text of its expression. */
export interface MapNodeForm extends MapForm {
  /** The cost of one entry, in additions. */
  readonly cost: number;
  /** A text that is the same for expressions that compute the same. */
  readonly text: string;
  /** True for the product of an exchanged sum, which is right only if the results are finite. */
  readonly isExchanged?: true;
}

/** A tape's forms, grouped by how loops treat them. */
export type NodeForm =
  | { readonly kind: 'leaf'; readonly input: number }
  | { readonly kind: 'fill'; readonly number: number }
  | MapNodeForm
  | ReduceForm
  /** Forms that only change the index at which their input is read. */
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
  /** The sum or maximum of each stretch of `chunk` entries along an axis: a stage of a long reduction on a GPU. */
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
   * The nodes that must be complete before this one is computed. Only nodes of the backward pass through a checkpoint
   * have such a list, and all nodes of that pass have the same one. It begins with the newest node in the checkpoint.
   */
  readonly after?: readonly Node[];
}

/**
 * Makes a node, or returns an existing one with equal form, inputs, shape and `key`. Without a key the node is always
 * new. A node that waits for others equals only nodes that wait for the same nodes.
 */
export type Make = (
  form: NodeForm,
  inputs: readonly Node[],
  shape: readonly Size[],
  key: string | undefined,
) => Node;

/** True for an input or a fill, which no step computes. */
export function needsNoStep({ form }: Node): boolean {
  return form.kind === 'leaf' || form.kind === 'fill';
}

/** The input of a reshape, which has the same numbers in the same order; for other nodes, the node itself. */
export function baseOf(node: Node): Node {
  return node.form.kind === 'reshape' ? (node.inputs[0] as Node) : node;
}

/** The cost of one entry of a node without that of its inputs, in additions. */
export function ownCost({ form }: Node): number {
  return form.kind === 'map' ? form.cost : 1;
}
