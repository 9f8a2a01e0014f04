import type { Pose } from '../../examples/vina/pairs.ts';

/** Weights of the five terms (two Gaussians, repulsion, hydrophobic and hydrogen bond), followed by that of the rotors. */
export type HandWeights = readonly [number, number, number, number, number, number];

/** Hand-written Vina scorer. */
export interface HandVina {
  /** ∂ΔG/∂w of the last pose passed to `score`, in the order of the weights. */
  readonly gradient: Float64Array;
  /** Returns ΔG of a pose, and writes its gradient to `gradient`. */
  score(pose: Pose, weights: HandWeights): number;
}

/**
 * Returns a hand-written version of the Vina scoring function, a reference for benchmarks. It computes ΔG and its gradient
 * with respect to the weights, in a loop over the pairs and a second loop over the ligand's atoms. The terms are those of
 * examples/vina/score.ts.
 *
 *     E = Σ_i s(e_i) / (1 + w_rot N_rot),    e_i = Σ_k w_k T_ik,    ∂E/∂w_k = Σ_i s′(e_i) T_ik / (1 + w_rot N_rot)
 *
 * E is ΔG. T_ik is the sum of term k over the pairs of ligand atom i. s(e) is 1000 e / (1000 + e) for e > 0, and e otherwise.
 */
export function handVina(): HandVina {
  const gradient = new Float64Array(6);
  let sums = new Float64Array(0);

  const score = (pose: Pose, [w0, w1, w2, w3, w4, w5]: HandWeights): number => {
    const { ligandAtom, receptorAtom, radii, hydrophobic, hydrogenBond, rotors } = pose;
    const a = pose.ligand.data;
    const b = pose.receptor.data;
    const atoms = pose.ligand.shape[0] as number;
    if (sums.length < 5 * atoms) sums = new Float64Array(5 * atoms);
    const T = sums.fill(0);

    for (let p = 0; p < ligandAtom.length; p++) {
      const i = ligandAtom[p] as number;
      const j = 3 * (receptorAtom[p] as number);
      const x = (a[3 * i] as number) - (b[j] as number);
      const y = (a[3 * i + 1] as number) - (b[j + 1] as number);
      const z = (a[3 * i + 2] as number) - (b[j + 2] as number);
      const d = Math.sqrt(x * x + y * y + z * z) - (radii[p] as number);
      const u = (d - 3) / 2;
      const t = 5 * i;
      (T[t] as number) += Math.exp(-4 * d * d);
      (T[t + 1] as number) += Math.exp(-u * u);
      if (d < 0) (T[t + 2] as number) += d * d;
      if (d < 1.5 && hydrophobic[p] !== 0) (T[t + 3] as number) += d <= 0.5 ? 1 : 1.5 - d;
      if (d < 0 && hydrogenBond[p] !== 0) (T[t + 4] as number) += d <= -0.7 ? 1 : d / -0.7;
    }

    let [energy, g0, g1, g2, g3, g4] = [0, 0, 0, 0, 0, 0];
    for (let t = 0; t < 5 * atoms; t += 5) {
      const t0 = T[t] as number;
      const t1 = T[t + 1] as number;
      const t2 = T[t + 2] as number;
      const t3 = T[t + 3] as number;
      const t4 = T[t + 4] as number;
      const e = w0 * t0 + w1 * t1 + w2 * t2 + w3 * t3 + w4 * t4;
      const repels = e > 0;
      const slope = repels ? 1e6 / ((1000 + e) * (1000 + e)) : 1;
      energy += repels ? (1000 * e) / (1000 + e) : e;
      g0 += slope * t0;
      g1 += slope * t1;
      g2 += slope * t2;
      g3 += slope * t3;
      g4 += slope * t4;
    }
    const scale = 1 / (1 + w5 * rotors);
    gradient[0] = g0 * scale;
    gradient[1] = g1 * scale;
    gradient[2] = g2 * scale;
    gradient[3] = g3 * scale;
    gradient[4] = g4 * scale;
    gradient[5] = -energy * scale * scale * rotors;
    return energy * scale;
  };
  return { gradient, score };
}
