/** Sums over the poses seen so far, as numbers. */
export interface Moments {
  /** h of the reference: a pose than which none has an e_n more than e times as large, weights aside. */
  readonly r: number;
  /** Its values. */
  readonly c: Float64Array;
  /** Σ e_n. */
  readonly S: number;
  /** S − N = Σ m_n (exp(σ(h_n − r)) − 1), which keeps its digits where every exponent is near 0. */
  readonly excess: number;
  /** Σ e_n (p_nj − c_j). */
  readonly M: Float64Array;
  /** Σ m_n: the number of poses, unless they have weights of their own. */
  readonly N: number;
}

/**
 * The one form of every combination: poses are weighted by e_n = m_n exp(σ(h_n − r)), where h_n is the score itself or a
 * log-weight made of it, and their values p_n are averaged. Combinations differ in these and in what comes of the sums.
 */
export interface Fold {
  /** Name of the combination. */
  readonly kind: string;
  /** Numbers that tell combinations of one name apart. */
  readonly settings: Readonly<Record<string, number>>;
  /** σ: how steeply a weight changes with h, in 1/h. With σ = 0 all count alike. */
  readonly sigma: number;
  /** True if h and p are the score itself, a single number: one gradient a pose is then all that is needed. */
  readonly isOfScore: boolean;
  /** True if poses have weights m_n of their own. */
  readonly isWeighted: boolean;
  /** True if the gradient needs the sums B. */
  readonly usesB: boolean;
  /** Numbers that ΔG is made of: ΔG itself, or p̄ and log Z. */
  summary(moments: Moments): number[];
  /**
   * The gradient is a·A + Σ b_j·B_j, given the slope of what is differentiated in each number of the summary.
   */
  factors(moments: Moments, slopes: ArrayLike<number>): Factors;
}

/** Factors of the sums of gradients. */
export interface Factors {
  /** Factor of A. */
  readonly a: number;
  /** Factor of each B_j. */
  readonly b: readonly number[];
}

/** @throws TypeError unless the other is of our kind and has our settings */
export function checkSameFold(owner: string, ours: Fold, theirs: Pick<Fold, 'kind' | 'settings'>): void {
  // In our order: JSON kept elsewhere may come back in another.
  const names = Object.keys(ours.settings);
  const order = [...names, ...Object.keys(theirs.settings).filter(name => !names.includes(name))];
  const show = ({ kind, settings }: typeof theirs) => `${kind}(${JSON.stringify(settings, order)})`;
  if (show(ours) !== show(theirs))
    throw new TypeError(`${owner}: ${show(theirs)} does not go into ${show(ours)}`);
}
