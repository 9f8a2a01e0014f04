import type { Tape, Value } from 'posetape';
import { type Combination, type Params, pooling, type Scorer } from 'posetape/combine';
import { add, concat, mul, reshape, slice, sum } from 'posetape/ops';
import type { DockedPose } from '../../../program/vina/poses.ts';
import { terms } from '../../vina/score.ts';

/** Name of the parameter g. */
export const gateStrength = 'gate strength g';

/**
 * Returns the gated pooling of scores (H_n, ΔG_n): the mean of the ΔG_n with weights softmax(g H_n). g is a parameter, so the
 * gradient contains ∂ΔG/∂g beside the derivatives by the weights of the scoring function.
 */
export function gatedByBonds(): Combination {
  return pooling<DockedPose, Readonly<Record<string, Value>>>({
    name: 'gated',
    logWeight: (score, { params }) => mul(params[gateStrength] as Value, slice(score, 0, 1)),
    values: score => slice(score, 1, 2),
  });
}

/** Returns a scorer of (H_n, ΔG_n), made from a scorer of ΔG_n. That scorer does not get the parameter g. */
export function withBonds(score: Scorer<DockedPose, Params>): Scorer<DockedPose, Params> {
  return (tape, { [gateStrength]: _, ...weights }, pose) =>
    concat([reshape(bonds(tape, pose), [1]), reshape(score(tape, weights, pose), [1])]);
}

/** Records H_n: Vina's hydrogen-bond term, roughly the number of hydrogen bonds between ligand and pocket. */
function bonds(tape: Tape, pose: DockedPose): Value {
  const toReceptor = sum(terms(tape, pose).hydrogenBond);
  return pose.between ? add(toReceptor, sum(terms(tape, pose.between.pose).hydrogenBond)) : toReceptor;
}
