import type { Precision } from 'posetape';
import type { GroupScorer, Params, Scorer } from 'posetape/combine';
import type { Pose as VinaPose } from '../../examples/vina/pairs.ts';
import { handPairs } from '../hand/pairs.ts';
import { type HandWeights, handVina } from '../hand/vina.ts';
import type { Poses } from './ensembles.ts';
import type { DataOf } from './files.ts';
import { messagesOf } from './messages.ts';
import { networkOf, networkPoses, smallOf, smallPoses } from './network.ts';
import { densePoses, pairLists, pairParams, scoreDense, scoreList, scoreLists } from './pairs.ts';
import { scorer } from './scorers.ts';

/**
 * Workload A, a SchNet; a small one; B, a pair potential, on pair lists and over all pairs; C, message passing; and the
 * scorers of examples/ on imatinib.
 */
export const workloadNames = ['network', 'small', 'list', 'dense', 'messages', 'vina', 'schnet'] as const;
export type WorkloadName = (typeof workloadNames)[number];

/** The data of a workload, as plain objects that can be passed to a page. */
export type Ingredients =
  | { readonly workload: 'network'; readonly data: DataOf<'network'> }
  | { readonly workload: 'small'; readonly data: DataOf<'small'> }
  | { readonly workload: 'list' | 'dense'; readonly data: DataOf<'pairs'> }
  | { readonly workload: 'messages'; readonly data: DataOf<'messages'> }
  | ({ readonly workload: 'vina' | 'schnet' } & Poses);

/** Poses with what scores them. */
export interface Task<Pose = unknown, P extends Params = Params> {
  readonly poses: readonly Pose[];
  readonly params: P;
  readonly score: Scorer<Pose, P>;
  readonly scoreGroup?: GroupScorer<Pose, P>;
  readonly precision: Precision;
  /** The poses by compound, each with what its combination should be: a gradient of squared errors is wanted. */
  readonly compounds?: readonly { readonly poses: readonly Pose[]; readonly target: number }[];
  /** A pose by hand: ΔG, and its gradient in the array. */
  readonly hand?: { readonly gradient: Float64Array; readonly run: (pose: Pose) => number };
  /** A pose of little data and the same structure, to warm up with before memory is measured. */
  readonly small?: Pose;
}

/** A workload with its first so many poses, or all that there are, over and over. */
export function taskOf(ingredients: Ingredients, count: number): Task {
  switch (ingredients.workload) {
    case 'network': {
      const { data } = ingredients;
      return erased({ ...networkOf(data), poses: networkPoses(data, count), precision: 'float32' });
    }
    case 'small': {
      const { data } = ingredients;
      return erased({ ...smallOf(data), poses: smallPoses(data, count), precision: 'float32' });
    }
    case 'list': {
      const { data } = ingredients;
      const params = pairParams(data);
      const { gradient, list } = handPairs(params);
      const scoring = { score: scoreList, scoreGroup: scoreLists, hand: { gradient, run: list } };
      return erased({ ...scoring, poses: pairLists(data, count), params, precision: 'float32' });
    }
    case 'dense': {
      const { data } = ingredients;
      const params = pairParams(data);
      const { gradient, dense } = handPairs(params);
      const scoring = { score: scoreDense, hand: { gradient, run: dense } };
      return erased({ ...scoring, poses: densePoses(data, count), params, precision: 'float32' });
    }
    case 'messages': {
      const { compounds, ...scoring } = messagesOf(ingredients.data, count);
      const poses = compounds.flatMap(each => each.poses);
      return erased({ ...scoring, compounds, poses, precision: 'float32' });
    }
    case 'vina': {
      const { gradient, score } = handVina();
      const { params, ...scoring } = scorer('vina');
      const weights = Object.values(params).map(({ data }) => data[0]) as unknown as HandWeights;
      const run = (pose: unknown) => score(pose as VinaPose, weights);
      return {
        ...scoring,
        ...repeated(ingredients, count),
        params,
        precision: 'float64',
        hand: { gradient, run },
      };
    }
    case 'schnet':
      return { ...scorer('schnet'), ...repeated(ingredients, count), precision: 'float64' };
  }
}

function repeated({ poses, small }: Poses, count: number): Poses {
  return { poses: Array.from({ length: count }, (_, n) => poses[n % poses.length]), small };
}

/** Drops the types of poses and parameters; the caller gives a scorer only those that belong to it. */
function erased<Pose, P extends Params>(task: Task<Pose, P>): Task {
  return task as unknown as Task;
}
