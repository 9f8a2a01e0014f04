import type { Factors, Moments } from './fold.ts';
import type { Tensors } from './params.ts';

/** A pose as it goes into the sums. */
export interface Term {
  /** m_n: a multiplicity, or a weight given from outside. */
  readonly weight: number;
  /** h_n: the score itself, or ℓ_n. */
  readonly height: number;
  /** p_n. */
  readonly values: ArrayLike<number>;
}

/** The place that gradients of a pose or a group are measured from: h, values, and a factor of all. */
export type Reference = Term;

/** A gradient of a pose or of a sum over some, and how it enters the sums: ∇h_n, ∇p_nj and ∇l_n are sums of such parts. */
export interface Part {
  readonly gradient: Tensors;
  /** Its factor in ∇h_n. */
  readonly toHeight: number;
  /**
   * Its factor in each ∇p_nj. Zeros where the score is both h and p: A = Σ e_n g_n then serves for both, and B has but the
   * deviations.
   */
  readonly toValues: ArrayLike<number>;
  /** Its factor in the gradient of the pose's own loss. */
  readonly toOwn: number;
}

/** A pose of a pooling, with the slopes of h_n and p_nj in each of the K numbers of the score. */
export interface PooledTerm extends Term {
  readonly heightSlopes: ArrayLike<number>;
  readonly valueSlopes: readonly ArrayLike<number>[];
}

/** e_n = m_n exp(σ(h_n − r)). */
export function weightOf({ weight, height }: Term, sigma: number, r: number): number {
  return weight * Math.exp(sigma * (height - r));
}

/** Share of a part in a·A + Σ b_j·B_j. */
export function coefficientOf(
  { values }: Term,
  { toHeight, toValues }: Pick<Part, 'toHeight' | 'toValues'>,
  e: number,
  { c }: Moments,
  { a, b }: Factors,
): number {
  if (e === 0) return 0;
  let [height, direct] = [a, 0];
  for (const [j, factor] of b.entries()) {
    height += factor * ((values[j] as number) - (c[j] as number));
    direct += factor * (toValues[j] as number);
  }
  return e * (toHeight * height + direct);
}
