import type { PairList, PairParams } from '../workloads/pairs.ts';
import type { Task } from '../workloads/tasks.ts';

/**
 * Returns the hand-written scorer of workload B. Its `run` returns ΔG of a pose, and writes the gradient with respect to the six
 * weights and then the radii to `gradient`.
 *
 * One loop over the pairs computes both the forward and the backward pass. It sums each term in a local variable, and skips
 * terms whose value and slope are zero: most pairs have only two of the five terms. The terms are those of
 * examples/vina/score.ts, as functions of the distance s between the surfaces of the two atoms.
 */
export function handPairs({ weights, radii }: PairParams): NonNullable<Task<PairList>['hand']> {
  const w = weights.data;
  const r = radii.data;
  const types = r.length;
  const gradient = new Float64Array(6 + types);
  const slopes = gradient.subarray(6); // with respect to each radius

  const run = (pose: PairList): number => {
    const { ligandType, receptorType, distance, hydrophobic, hydrogenBond, rotors } = pose;
    const [w0, w1, w2, w3, w4] = w as unknown as TermWeights;
    let [t0, t1, t2, t3, t4] = [0, 0, 0, 0, 0];
    slopes.fill(0);
    for (let p = 0; p < distance.length; p++) {
      const i = ligandType[p] as number;
      const j = receptorType[p] as number;
      const s = (distance[p] as number) - (r[i] as number) - (r[j] as number);
      const u = (s - 3) / 2;
      const near = Math.exp(-4 * s * s);
      const far = Math.exp(-u * u);
      let slope = -8 * w0 * near * s - w1 * far * u;
      t0 += near;
      t1 += far;
      if (s < 1.5) {
        if (s < 0) {
          t2 += s * s;
          slope += 2 * w2 * s;
          if (hydrogenBond[p] !== 0) {
            t4 += s > -0.7 ? s / -0.7 : 1;
            if (s > -0.7) slope -= w4 / 0.7;
          }
        }
        if (hydrophobic[p] !== 0) {
          t3 += s > 0.5 ? 1.5 - s : 1;
          if (s > 0.5) slope -= w3;
        }
      }
      (slopes[i] as number) -= slope;
      (slopes[j] as number) -= slope;
    }
    const scale = 1 / (1 + (w[5] as number) * rotors);
    let energy = 0;
    for (const [k, sum] of [t0, t1, t2, t3, t4].entries()) {
      energy += (w[k] as number) * sum;
      gradient[k] = sum * scale;
    }
    gradient[5] = -energy * scale * scale * rotors;
    for (let type = 0; type < types; type++) (slopes[type] as number) *= scale;
    return energy * scale;
  };
  return { gradient, run };
}

type TermWeights = [number, number, number, number, number];
