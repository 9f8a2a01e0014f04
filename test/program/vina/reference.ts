import type { Pose } from '../../../examples/vina/pairs.ts';

/**
 * Way to compute the terms of a pair. `exact` evaluates their formulas. `table` reads them from a table, as AutoDock Vina
 * does.
 */
export type Mode = 'exact' | 'table';

/** Value of each term, for one pair or summed over pairs. */
export type TermSums = Record<'gauss1' | 'gauss2' | 'repulsion' | 'hydrophobic' | 'hydrogenBond', number>;

/** Weight of each term in kcal/mol, and the weight of a rotor. */
export type PlainWeights = TermSums & { rotors: number };

/** Unweighted sum of each term over all pairs of a pose, without a tape. */
export function referenceTerms(pose: Pose, mode: Mode): TermSums {
  const sums = { gauss1: 0, gauss2: 0, repulsion: 0, hydrophobic: 0, hydrogenBond: 0 };
  forEachPair(pose, mode, (_atom, pair) => {
    for (const name of termNames) sums[name] += pair[name];
  });
  return sums;
}

/** ΔG of a pose in kcal/mol, in plain arithmetic without a tape. */
export function referenceScore(pose: Pose, weights: PlainWeights, mode: Mode): number {
  const energies = new Float64Array(pose.ligand.shape[0] as number);
  forEachPair(pose, mode, (atom, pair) => {
    for (const name of termNames) energies[atom] = (energies[atom] as number) + weights[name] * pair[name];
  });
  const total = energies.reduce((sum, e) => sum + (e > 0 ? (1000 * e) / (1000 + e) : e), 0);
  return total / (1 + weights.rotors * pose.rotors);
}

const termNames = ['gauss1', 'gauss2', 'repulsion', 'hydrophobic', 'hydrogenBond'] as const;

function forEachPair(pose: Pose, mode: Mode, visit: (ligandAtom: number, terms: TermSums) => void): void {
  for (let pair = 0; pair < pose.ligandAtom.length; pair++) {
    const i = pose.ligandAtom[pair] as number;
    const j = pose.receptorAtom[pair] as number;
    const apart = [0, 1, 2].map(
      axis => (pose.ligand.data[3 * i + axis] as number) - (pose.receptor.data[3 * j + axis] as number),
    );
    const squared = apart.reduce((sum, step) => sum + step * step, 0);
    const at = (r: number): TermSums => pairTerms(pose, pair, r);
    visit(i, mode === 'exact' ? at(Math.sqrt(squared)) : fromTable(at, squared));
  }
}

/**
 * Mean of two consecutive entries of the table, floor(32 r²) and floor(32 r²) + 1. Entry i holds the terms at
 * r = √(i/32). The terms are 0 at 8 Å and beyond.
 */
function fromTable(at: (r: number) => TermSums, squared: number): TermSums {
  const entry = Math.floor(32 * squared);
  const [low, high] = [entry, entry + 1].map(i => at(Math.sqrt(i / 32))) as [TermSums, TermSums];
  return Object.fromEntries(termNames.map(name => [name, (low[name] + high[name]) / 2])) as TermSums;
}

function pairTerms(pose: Pose, pair: number, r: number): TermSums {
  if (r >= 8) return { gauss1: 0, gauss2: 0, repulsion: 0, hydrophobic: 0, hydrogenBond: 0 };
  const d = r - (pose.radii[pair] as number);
  const slope = (full: number, none: number): number =>
    d <= full ? 1 : d >= none ? 0 : (none - d) / (none - full);
  return {
    gauss1: Math.exp(-((d / 0.5) ** 2)),
    gauss2: Math.exp(-(((d - 3) / 2) ** 2)),
    repulsion: d < 0 ? d * d : 0,
    hydrophobic: (pose.hydrophobic[pair] as number) * slope(0.5, 1.5),
    hydrogenBond: (pose.hydrogenBond[pair] as number) * slope(-0.7, 0),
  };
}
