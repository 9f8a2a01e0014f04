import type { Factors, Moments } from './fold.ts';
import type { Tensors } from './params.ts';

/** Numbers of a pose that the sums of an accumulator need. */
export interface Term {
  /** The pose weight m_n. */
  readonly weight: number;
  /** The height h_n: the score ΔG_n, or the log-weight ℓ_n of a pooling. */
  readonly height: number;
  /** The values p_nj. */
  readonly values: ArrayLike<number>;
}

/**
 * Height and values from which the gradients of a pose or a group are measured. Its `weight` is a factor of these
 * gradients.
 */
export type Reference = Term;

/** A gradient of a pose or a group, with its factors: ∂h_n, ∂p_nj and ∂L_n are sums of factor · gradient over the parts. */
export interface Part {
  readonly gradient: Tensors;
  /** Factor in ∂h_n. */
  readonly toHeight: number;
  /**
   * Factor in each ∂p_nj. All are 0 if the score is both h_n and p_n: A = Σ e_n g_n then serves for both, and B keeps only the
   * deviations.
   */
  readonly toValues: ArrayLike<number>;
  /** Factor in ∂L_n. */
  readonly toLoss: number;
}

/** The term of a pose for a pooling, with the slopes of h_n and p_nj in each of the K numbers of the score. */
export interface PooledTerm extends Term {
  readonly heightSlopes: ArrayLike<number>;
  readonly valueSlopes: readonly ArrayLike<number>[];
}

/** Returns e_n = m_n exp(σ(h_n − r)). */
export function weightOf({ weight, height }: Term, sigma: number, r: number): number {
  return weight * Math.exp(sigma * (height - r));
}

/** Returns the factor of a part's gradient in a·A + Σ b_j·B_j. */
export function coefficientOf(
  { values }: Term,
  { toHeight, toValues }: Pick<Part, 'toHeight' | 'toValues'>,
  e: number,
  { c }: Moments,
  { a, b }: Factors,
): number {
  if (e === 0) return 0;
  let [perHeight, fromValues] = [a, 0];
  for (const [j, factor] of b.entries()) {
    perHeight += factor * ((values[j] as number) - (c[j] as number));
    fromValues += factor * (toValues[j] as number);
  }
  return e * (toHeight * perHeight + fromValues);
}
