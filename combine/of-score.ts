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

/** A combination whose poses are weighted by exp(σ ΔG_n), one number each. */
export interface OfScore {
  readonly kind: string;
  readonly settings: Readonly<Record<string, number>>;
  readonly sigma: number;
  /** ΔG: p̄ = Σ w_n ΔG_n, log Z/σ with Z = Σ exp(σ ΔG_n), or log(Z/N)/σ. */
  readonly gives: Gives;
}

export type Gives = 'average' | 'log sum' | 'log mean';

/**
 * The form of fold.ts for h = p = ΔG_n and a given σ. Its one gradient a pose makes it the fast case; differences are taken
 * before they are scaled, exp(σ(ΔG_n − r)), which keeps the digits of energies however large.
 */
export function ofScore({ gives, ...of }: OfScore, weight: PoseWeight | undefined): Combination {
  const { sigma } = of;
  const isAverage = gives === 'average';
  return combination(
    {
      ...of,
      isOfScore: true,
      usesB: isAverage && sigma !== 0,
      summary(moments) {
        const { r, S, M } = moments;
        if (isAverage) return [r + (M[0] as number) / S];
        return [r + (gives === 'log mean' ? logMeanOf(moments) : Math.log(S)) / sigma];
      },
      factors({ S, M }, slopes) {
        const slope = slopes[0] as number;
        if (!isAverage) return { a: slope / S, b: [] };
        if (sigma === 0) return { a: slope / S, b: [] };
        return { a: (slope * (1 - sigma * ((M[0] as number) / S))) / S, b: [(slope * sigma) / S] };
      },
    },
    {
      weight,
      combine(predictions, weights) {
        const r = stopGradient(sigma > 0 ? max(predictions) : min(predictions));
        const above = sub(predictions, r);
        const exponents = mul(sigma, above);
        if (gives === 'log mean') return add(r, div(recordLogMean(exponents, weights), sigma));
        const factors = exp(exponents);
        const e = weights ? mul(predictions.tape.constant(Float64Array.from(weights)), factors) : factors;
        if (isAverage) return add(r, sum(mul(div(e, sum(e)), above)));
        return add(r, div(log(sum(e)), sigma));
      },
    },
  );
}
