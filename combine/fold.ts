/**
 * The differences between combinations, once energies are measured from the best pose's:
 * with e_n = exp(σ(ΔG_n − r)), S = Σ e_n and D = Σ e_n (ΔG_n − r).
 */
export interface Fold {
  readonly kind: string;
  readonly settings: Readonly<Record<string, number>>;
  /** σ: how steeply a weight falls with energy, in 1/energy. r is the ΔG with the largest σΔG; with σ = 0, the smallest. */
  readonly sigma: number;
  /** True if the gradient needs B = Σ e_n (ΔG_n − r) g_n. */
  readonly usesB: boolean;
  /** ΔG − r. */
  above(S: number, D: number): number;
  /** The gradient is a·A + b·B, with A = Σ e_n g_n; so a pose's coefficient is c_n = e_n (a + b (ΔG_n − r)). */
  factors(S: number, D: number): { readonly a: number; readonly b: number };
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
