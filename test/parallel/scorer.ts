// A scorer module for workers. A pose may request a fault.
import { type Tape, type Tensor, tensor, type Value } from 'posetape';
import { boltzmann, type Combination, type GroupScorer, type Params, type Scorer } from 'posetape/combine';
import { add, concat, exp, mul, neg, reshape, square, sub, sum } from 'posetape/ops';

/** Pose in the form that is sent to workers. */
export interface Sent {
  readonly distances: readonly number[] | Float64Array;
  readonly weight?: number;
  /** Fault to cause in `score` or `load`. */
  readonly fault?: Fault;
  /**
   * Two numbers in shared memory: how often the pose was scored, and in how many of its first scorings the fault occurs.
   * Default: the fault always occurs.
   */
  readonly turns?: Int32Array;
}

export type Fault =
  | 'throws'
  | 'throws a string'
  | 'throws with a cyclic cause'
  | 'throws with a cause without text'
  | 'posts messages'
  | 'is NaN'
  | 'hangs'
  | 'exits'
  | 'fills memory'
  | 'has an unhandled rejection'
  | 'cannot be loaded';

export interface Theta extends Params {
  readonly depth: Tensor;
  readonly width: Tensor;
}

export const params: Theta = {
  depth: tensor([-1, -0.5]),
  width: tensor(2),
};

export function load(sent: Sent): Sent {
  if (sent.fault === 'cannot be loaded') throw new RangeError('no such file');
  return sent;
}

const faults: Partial<Record<Fault, () => void>> = {
  throws() {
    throw new RangeError('not this one');
  },
  'throws a string'() {
    throw 'a string';
  },
  'throws with a cyclic cause'() {
    const error = new RangeError('not this one');
    error.cause = error;
    throw error;
  },
  'throws with a cause without text'() {
    throw new RangeError('not this one', { cause: Object.create(null) });
  },
  'posts messages'() {
    const { parentPort } = process.getBuiltinModule('node:worker_threads');
    for (const kind of ['ready', 'answer', 'error']) parentPort?.postMessage({ kind });
  },
  hangs() {
    for (;;);
  },
  exits() {
    process.exit(3);
  },
  'fills memory'() {
    const lists: number[][] = [];
    for (;;) lists.push(new Array(1e6).fill(Math.random()));
  },
  'has an unhandled rejection'() {
    void Promise.reject(new Error('unhandled'));
  },
};

export const score: Scorer<Sent, Theta> = (tape, { depth, width }, { distances, fault, turns }) => {
  const turn = turns ? Atomics.add(turns, 0, 1) : 0;
  const isFaulty = fault !== undefined && (turns === undefined || turn < (turns[1] as number));
  if (isFaulty) faults[fault]?.();
  return record(tape, depth, width, fault === 'is NaN' ? [Number.NaN] : distances);
};

function record(tape: Tape, depth: Value, width: Value, distances: Sent['distances']): Value {
  const contact = sum(exp(neg(square(mul(width, sub(tape.constant(distances), 3))))));
  return add(sum(mul(depth, contact)), 1);
}

export const scoreGroup: GroupScorer<Sent, Theta> = (tape, theta, poses) =>
  concat(poses.map(pose => reshape(score(tape, theta, pose), [1])));

/** Combination with weights of poses. Only this module has it, so workers must take it from here. */
export const combination: Combination = boltzmann<Sent>({ kT: 0.593, weight: ({ weight = 1 }) => weight });
