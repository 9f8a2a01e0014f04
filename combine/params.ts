import type { Tensor } from '../engine/tensor.ts';

/** Parameters θ of a scorer, by name. */
export type Params = Readonly<Record<string, Tensor>>;

/** Tensors by parameter name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A pose and its index, in the order read. */
export interface Indexed<Pose> {
  readonly pose: Pose;
  readonly index: number;
}

/** A pose with its pose weight m_n. */
export interface Weighted<Pose> extends Indexed<Pose> {
  readonly weight: number;
}
