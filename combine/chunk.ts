import type { Executor } from '../engine/executor.ts';
import { Memory } from '../engine/memory.ts';
import type { Tensor } from '../engine/tensor.ts';
import { type BadPose, reasonsOf } from './bad-pose.ts';
import { type Combination, combination } from './combination.ts';
import { checkSameFold } from './fold.ts';
import { zerosOf } from './gradients.ts';
import { learnedSettings } from './learned.ts';
import type { Params, Tensors } from './params.ts';
import { backward, forward } from './recompute.ts';
import type { PredictedRow, Row } from './rows.ts';
import { fold } from './stream.ts';
import type { CombineOptions, GroupScorer, Scorer, Task } from './task.ts';
import type { Answers, Chunk, ChunkScoring, WorkKind } from './workers.ts';

/** Exports of a module that workers run. It needs `score` or `scoreGroup`. */
export interface ScorerModule<Sent = unknown, Pose = Sent, P extends Params = Params> {
  /** Records ΔG_n of one pose. */
  readonly score?: Scorer<Pose, P>;
  /** Records ΔG_n of several poses, for calls with `posesPerTape`. */
  readonly scoreGroup?: GroupScorer<Pose, P>;
  /** Makes the pose from the item sent to the worker. Default: the item is the pose. */
  readonly load?: (sent: Sent) => Pose | Promise<Pose>;
  /** Executor of the worker. Default `jit()`. */
  readonly executor?: Executor | Promise<Executor>;
  /** The option `poseLoss` of `combinePoses`. */
  readonly poseLoss?: CombineOptions<Pose, P>['poseLoss'];
  /** The option `poseReadout` of `combinePoses`. */
  readonly poseReadout?: CombineOptions<Pose, P>['poseReadout'];
  /** The combination of the calls. Needed only if it has functions, such as a pose weight, which cannot be sent. */
  readonly combination?: Combination;
}

/** Scorer, executor and parameters for the chunks of a call. */
export interface ChunkContext {
  readonly scorer: ScorerModule;
  readonly executor: Executor;
  readonly params: Params;
  /** The tensors of `params`. */
  readonly shared: ReadonlySet<Tensor>;
}

/** Runs the work of each kind of chunk. */
const runs: { readonly [Kind in WorkKind]: (task: Task, chunk: Chunk<Kind>) => Promise<Answers[Kind]> } = {
  async fold(task, { work: { wantsRows } }) {
    const rows: (Row | undefined)[] = [];
    const { accumulator, ...sums } = await fold(task, (_, row) => {
      if (wantsRows)
        rows.push(row && { scores: row.scores, weight: row.weight, pooled: withoutDirect(row.pooled) });
      return undefined;
    });
    return { ...sums, ...peaks(task), state: accumulator.state, rows };
  },
  async forward(task) {
    const badPoses: BadPose[] = [];
    const rows: (PredictedRow | undefined)[] = [];
    const weightless = await forward(task, badPoses, async (_, row) => {
      rows.push(row && { ...row, pooled: withoutDirect(row.pooled) });
    });
    return { ...peaks(task), weightless, badPoses, rows };
  },
  async backward(task, { first, poses, work: { planned, ...plan } }) {
    const badPoses: BadPose[] = [];
    const done: [number, boolean][] = [];
    const gradient = zerosOf(task.params);
    const poseOf = (index: number) => planned[index - first];
    const { backwardSkipped } = await backward(
      task,
      { ...plan, length: poses.length, poseOf },
      gradient,
      badPoses,
      async (...outcome) => {
        done.push(outcome);
      },
    );
    return { ...peaks(task), gradient, backwardSkipped, badPoses, done };
  },
};

/** Runs a chunk in this thread. */
export function runChunk<Kind extends WorkKind>(
  chunk: Chunk<Kind>,
  context: ChunkContext,
): Promise<Answers[Kind]> {
  const { scoring } = chunk;
  const { scorer, executor, params, shared } = context;
  const memory = new Memory();
  return runs[chunk.kind](
    {
      poses: scorer.load ? loaded(chunk, scorer.load) : chunk.poses,
      first: chunk.first,
      pool: undefined,
      params,
      checkParams: () => {},
      shared,
      score: scorerOf(scorer, scoring),
      posesPerTape: scoring.posesPerTape,
      combination: combinationOf(scorer, chunk, params),
      loss: undefined,
      poseLoss: scorer.poseLoss,
      readout: undefined,
      poseReadout: scorer.poseReadout,
      executor,
      onPose: undefined,
      signal: undefined,
      skipsBadPoses: scoring.skipsBadPoses,
      reasonOf: reasonsOf(executor, memory),
      tolerance: scoring.tolerance,
      wantsGradient: scoring.wantsGradient,
      keepsPredictions: false,
      memory,
      tapes: new Memory(),
    },
    chunk,
  );
}

async function* loaded(
  { first, poses }: Chunk,
  load: NonNullable<ScorerModule['load']>,
): AsyncGenerator<unknown> {
  for (const [n, sent] of poses.entries()) {
    let pose: unknown;
    try {
      pose = await load(sent);
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : cause;
      throw new Error(`pose ${first + n}: load: ${what}`, { cause });
    }
    yield pose;
  }
}

function scorerOf(
  { score, scoreGroup }: ScorerModule,
  { posesPerTape }: ChunkScoring,
): GroupScorer<unknown, Params> {
  if (posesPerTape !== undefined) return scoreGroup as GroupScorer<unknown, Params>;
  return (tape, params, [pose]) => (score as Scorer<unknown, Params>)(tape, params, pose);
}

function combinationOf(
  { combination: exported }: ScorerModule,
  { first, scoring: { fold, isExported, learned } }: Chunk,
  params: Params,
): Task['combination'] {
  const unused = (): never => {
    throw new Error('ΔG is computed in the thread of the call');
  };
  if (!fold) return unused;
  if (!isExported)
    return combination({ ...fold, summary: unused, factors: unused }, { weight: undefined, combine: unused });
  const ofModule = exported as Combination;
  checkSameFold('workers: the combination of the module', fold as Combination, ofModule);
  // The settings are compared only in the first chunk of a call.
  for (const [name, number] of first === 0 ? Object.entries(learnedSettings(ofModule, params)) : [])
    if (number !== learned[name])
      throw new TypeError(
        `workers: ${name} of the module’s ${ofModule.kind} is ${number}, but ${learned[name]} in the call; pass the call the combination that the module exports`,
      );
  return ofModule;
}

/** Removes the gradients of the size of θ, which the thread of the call does not read. */
function withoutDirect(pooled: Row['pooled']): Row['pooled'] {
  return pooled && { ...pooled, direct: [] };
}

function peaks({ memory, tapes }: Task): { readonly peakBytes: number; readonly tapesAlive: number } {
  return { peakBytes: memory.peak, tapesAlive: tapes.peak };
}

/** Returns the buffers in an answer that are transferred, not copied: the sums of the size of θ. */
export function sumBuffersOf(answer: Answers[WorkKind]): ArrayBuffer[] {
  const arraysOf = (gradient: Tensors) => Object.values(gradient).map(({ data }) => data);
  const arrays =
    'state' in answer
      ? [answer.state.A, answer.state.B, answer.state.P].flatMap(sums => [...sums.values()])
      : 'gradient' in answer
        ? arraysOf(answer.gradient)
        : [];
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}
