import type { Value } from 'posetape';
import { boltzmann, type Combination, type CombinationInOps, lse, mean } from 'posetape/combine';
import { div, exp, gather, log, min, mul, neg, segmentMin, segmentSum, sub } from 'posetape/ops';

/** A pooling in two forms: for predictions, and for fits to many compounds. */
export interface StudyPooling {
  readonly name: string;
  /** Combination of the library, for predictions. */
  readonly combination: Combination | CombinationInOps;
  /**
   * Records ΔG of many compounds from the scores of all their poses, for fits on one tape.
   *
   * @param compoundOf compound of each pose
   * @param count number of compounds
   */
  readonly ofMany: (scores: Value, compoundOf: Int32Array, count: number, kT: Value | number) => Value;
}

/** Name of the parameter log(kT), with kT in kcal/mol. */
export const kTName = 'pool.log kT';

/** Initial kT: its value at 298 K, in kcal/mol. */
export const firstKT = 0.593;

/** Poolings that the study compares. */
export const studyPoolings: readonly StudyPooling[] = [
  { name: 'best pose', combination: scores => min(scores), ofMany: segmentMin },
  {
    name: 'mean',
    combination: mean(),
    ofMany: (scores, compoundOf, count) =>
      div(segmentSum(scores, compoundOf, count), scores.tape.constant(counts(compoundOf, count))),
  },
  {
    name: 'LSE, t = 1',
    combination: lse({ t: 1 }),
    ofMany(scores, compoundOf, count) {
      const least = segmentMin(scores, compoundOf, count);
      const weights = exp(neg(sub(scores, gather(least, compoundOf))));
      return sub(least, log(segmentSum(weights, compoundOf, count)));
    },
  },
  {
    name: 'Boltzmann, kT fitted',
    combination: boltzmann({ kT: params => exp(params[kTName] as Value) }),
    ofMany(scores, compoundOf, count, kT) {
      const least = segmentMin(scores, compoundOf, count);
      const weights = exp(neg(div(sub(scores, gather(least, compoundOf)), kT)));
      const total = segmentSum(weights, compoundOf, count);
      return div(segmentSum(mul(weights, scores), compoundOf, count), total);
    },
  },
];

/** Counts the poses of each compound. */
function counts(compoundOf: Int32Array, count: number): Float64Array {
  const poses = new Float64Array(count);
  for (const compound of compoundOf) (poses[compound] as number)++;
  return poses;
}
