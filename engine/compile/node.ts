import type { MapForm, MatmulForm, ReduceForm } from '../forms.ts';
import type { Size } from './sizes.ts';

/** The place of one part of a scattered result: rows named by an index, or a box that begins at numbers of the pose. */
export type Placement =
  | { readonly kind: 'rows'; readonly index: Node }
  /** For each axis which of {@link Structure.starts}; undefined where it begins at 0. */
  | { readonly kind: 'box'; readonly starts: readonly (number | undefined)[] };

/** An elementwise computation, with what is known of its expression. */
export interface MapNodeForm extends MapForm {
  /** The cost of one entry, in additions. */
  readonly cost: number;
  /** The same for expressions that compute the same. */
  readonly text: string;
  /** True if it stands for a sum turned round, and holds where it is finite. */
  readonly isTurned?: true;
}

/** A tape's forms, told apart by how loops treat them. */
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
   * Segment sums and maxima, pads and concatenations, and accumulations of sums and pads: parts laid into one buffer. Where
   * they overlap they are added up, or of a maximum the largest is kept.
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

/** A value of the plan: shapes are in sizes, equal nodes are one. */
export interface Node {
  readonly id: number;
  readonly form: NodeForm;
  readonly inputs: readonly Node[];
  readonly shape: readonly Size[];
  /** The op's name, for listings. */
  readonly name: string;
  /**
   * The nodes that must be there before it is computed, for the backward pass through a checkpoint: the newest node in the
   * checkpoint first. The same list for all nodes of that pass.
   */
  readonly after?: readonly Node[];
}

/**
 * Makes a node, or gives the one that is equal to it by form, inputs, shape and `key`; without a key it is always new. One that
 * waits is equal to none but those that wait for the same.
 */
export type Make = (
  form: NodeForm,
  inputs: readonly Node[],
  shape: readonly Size[],
  key: string | undefined,
) => Node;

/** True if a node is there before the first step. */
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
