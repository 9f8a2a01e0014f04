import type { Tape, Value } from 'posetape';
import { type Combination, type Params, pooling, type Scorer } from 'posetape/combine';
import { add, concat, mul, reshape, slice, sum } from 'posetape/ops';
import type { DockedPose } from '../../../program/vina/poses.ts';
import { terms } from '../../vina/score.ts';

/** The name of g among the parameters. */
export const gateStrength = 'gate strength g';

/**
 * Gated pooling of poses scored with two numbers, H_n and ΔG_n: the ΔG_n averaged by the softmax of g H_n. As g is a
 * parameter, it has a derivative as the weights have.
 */
export function gatedByBonds(): Combination {
  return pooling<DockedPose, Readonly<Record<string, Value>>>({
    name: 'gated',
    logWeight: (score, { params }) => mul(params[gateStrength] as Value, slice(score, 0, 1)),
    values: score => slice(score, 1, 2),
  });
}

/** The scorer of two numbers, H_n and ΔG_n, made from one of ΔG_n alone, which is not shown g. */
export function withBonds(score: Scorer<DockedPose, Params>): Scorer<DockedPose, Params> {
  return (tape, { [gateStrength]: _, ...weights }, pose) =>
    concat([reshape(bonds(tape, pose), [1]), reshape(score(tape, weights, pose), [1])]);
}

/** Records H_n: about the number of hydrogen bonds between ligand and pocket, by Vina's term of them. */
function bonds(tape: Tape, pose: DockedPose): Value {
  const toReceptor = sum(terms(tape, pose).hydrogenBond);
  return pose.between ? add(toReceptor, sum(terms(tape, pose.between.pose).hydrogenBond)) : toReceptor;
}
