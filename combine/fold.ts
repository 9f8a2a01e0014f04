/** The reference and the scalar sums of an accumulator, in the letters of docs/maths.md. */
export interface Moments {
  /** Height r of the reference pose. Every pose added has σ(h_n − r) ≤ 1. */
  readonly r: number;
  /** Values r_j of the reference pose. */
  readonly c: Float64Array;
  /** S = Σ e_n. */
  readonly S: number;
  /** S − N = Σ m_n (exp(σ(h_n − r)) − 1), summed by itself because S − N loses digits if every exponent is near 0. */
  readonly excess: number;
  /** M_j = Σ e_n (p_nj − r_j). */
  readonly M: Float64Array;
  /** N = Σ m_n: the number of poses if the combination takes no pose weights. */
  readonly N: number;
}

/**
 * The form that all combinations share. Poses are weighted by e_n = m_n exp(σ(h_n − r)), where the height h_n is the score or a
 * log-weight computed from it, and their values p_nj are averaged. Combinations differ in h_n and p_nj, and in how ΔG follows
 * from the sums.
 */
export interface Fold {
  /** Name of the combination. */
  readonly kind: string;
  /** Numbers that distinguish combinations of the same name. */
  readonly settings: Readonly<Record<string, number>>;
  /** σ: the slope of the log-weight in h_n. With σ = 0, the pose weights m_n are the only weights. */
  readonly sigma: number;
  /** True if h_n and p_n are both the score, a single number. Each pose then needs only one gradient. */
  readonly isOfScore: boolean;
  /** True if the combination takes pose weights m_n. */
  readonly isWeighted: boolean;
  /** True if the gradient needs the sums B_j. */
  readonly usesB: boolean;
  /**
   * Returns the numbers that ΔG is computed from: ΔG itself if h_n and p_n are the score, else each p̄_j and then log
   * Z.
   */
  summary(moments: Moments): number[];
  /**
   * Returns the factors of the gradient a·A + Σ b_j·B_j of an objective.
   *
   * @param slopes of the objective in each number of the summary
   */
  factors(moments: Moments, slopes: ArrayLike<number>): Factors;
}

/** Factors of the sums A and B_j in a gradient. */
export interface Factors {
  /** Factor of A. */
  readonly a: number;
  /** Factor of each B_j. */
  readonly b: readonly number[];
}

/**
 * Rejects a fold of another kind or with other settings.
 *
 * @param owner the beginning of the message, such as `finish: the state`
 * @throws TypeError naming both folds
 */
export function checkSameFold(owner: string, ours: Fold, theirs: Pick<Fold, 'kind' | 'settings'>): void {
  // JSON that went through another program may list the settings in another order.
  const names = Object.keys(ours.settings);
  const order = [...names, ...Object.keys(theirs.settings).filter(name => !names.includes(name))];
  const show = ({ kind, settings }: typeof theirs) => `${kind}(${JSON.stringify(settings, order)})`;
  if (show(ours) !== show(theirs))
    throw new TypeError(`${owner} is of ${show(theirs)}, not of ${show(ours)}`);
}
