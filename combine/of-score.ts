import { add } from '../ops/arithmetic/add.ts';
import { div } from '../ops/arithmetic/div.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { min } from '../ops/composed/min.ts';
import { exp } from '../ops/elementwise/exp.ts';
import { log } from '../ops/elementwise/log.ts';
import { stopGradient } from '../ops/elementwise/stopGradient.ts';
import { max } from '../ops/reduce/max.ts';
import { sum } from '../ops/reduce/sum.ts';
import { type Combination, combination } from './combination.ts';
import { logMeanOf, recordLogMean } from './log-mean.ts';
import type { PoseWeight } from './pool.ts';

/** Description of a combination that weights poses by m_n exp(σ ΔG_n). */
export interface OfScore {
  readonly kind: string;
  readonly settings: Readonly<Record<string, number>>;
  readonly sigma: number;
  readonly gives: Gives;
}

/**
 * The formula of ΔG, with Z = Σ m_n exp(σ ΔG_n): the average Σ w_n ΔG_n, the log sum ln(Z)/σ, or the log mean ln(Z/N)/σ.
 */
export type Gives = 'average' | 'log sum' | 'log mean';

/**
 * Makes a combination with h_n = p_n = ΔG_n and a fixed σ. This case is fast, since each pose needs only one gradient. The
 * exponent is computed as σ(ΔG_n − r), not σΔG_n − σr, which would lose digits of large energies.
 */
export function ofScore({ gives, ...rest }: OfScore, weight: PoseWeight | undefined): Combination {
  const { sigma } = rest;
  const isAverage = gives === 'average';
  const usesB = isAverage && sigma !== 0;
  return combination(
    {
      ...rest,
      isOfScore: true,
      usesB,
      summary(moments) {
        const { r, S, M } = moments;
        if (isAverage) return [r + (M[0] as number) / S];
        return [r + (gives === 'log mean' ? logMeanOf(moments) : Math.log(S)) / sigma];
      },
      factors({ S, M }, slopes) {
        const slope = slopes[0] as number;
        if (!usesB) return { a: slope / S, b: [] };
        return { a: (slope * (1 - sigma * ((M[0] as number) / S))) / S, b: [(slope * sigma) / S] };
      },
    },
    {
      weight,
      combine(predictions, weights) {
        const r = stopGradient(sigma > 0 ? max(predictions) : min(predictions));
        const fromR = sub(predictions, r);
        const exponents = mul(sigma, fromR);
        if (gives === 'log mean') return add(r, div(recordLogMean(exponents, weights), sigma));
        const factors = exp(exponents);
        const e = weights ? mul(predictions.tape.constant(Float64Array.from(weights)), factors) : factors;
        if (isAverage) return add(r, sum(mul(div(e, sum(e)), fromR)));
        return add(r, div(log(sum(e)), sigma));
      },
    },
  );
}
