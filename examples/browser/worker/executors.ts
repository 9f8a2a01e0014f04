import type { Executor } from 'posetape';
import { boltzmann, type CombineResult, combinePoses } from 'posetape/combine';
import type { GpuExecutor } from 'posetape/gpu';
import { score } from '../../../program/vina/score.ts';
import { type VinaWeights, vinaWeights } from '../../vina/score.ts';
import { executorChoices } from '../executors.ts';
import { messageOf } from '../message.ts';
import { roomKT } from '../sliders.ts';
import type { Context, Report } from './tasks.ts';

/** Result of timing an executor, or the reason why the executor could not run. */
export type ExecutorResult = { readonly choice: string } & (
  | {
      /** Name of the executor. If `gpu()` fell back to a slower way, the reason follows. */
      readonly ran: string;
      /** Median over the rounds so far, for value and gradient; before the first round, the time of the first run. */
      readonly millisecondsPerPose: number;
      /** Time to create the executor and run it once over all poses. This first run includes planning and compiling. */
      readonly firstMilliseconds: number;
      /** ΔG in kcal/mol. */
      readonly value: number;
      /** Largest difference of a ΔG_n or ∂ΔG/∂w from that of the first executor, relative to the largest entry. */
      readonly difference: number;
    }
  /** Reason why the executor could not run. */
  | { readonly failed: string }
);

/** Progress of timing the executors. */
export interface ExecutorProgress {
  /** Share of the work done, from 0 to 1. */
  readonly done: number;
  readonly doing: string;
  /** Results so far. Medians still change until the last round. */
  readonly results: readonly ExecutorResult[];
}

/** Number of rounds. In each round, every executor runs once, so that a slow moment of the machine affects all alike. */
const rounds = 5;

type Combined = CombineResult<VinaWeights>;

/** Executor to time, with its measurements so far. */
interface Runner {
  readonly choice: string;
  executor: Executor | undefined;
  failed: string | undefined;
  firstMilliseconds: number;
  readonly milliseconds: number[];
  combined: Combined | undefined;
}

/** Times every executor on all poses, and compares its results with those of the first executor. */
export async function executors(
  { poses }: Context,
  _input: null,
  report: Report<ExecutorProgress>,
): Promise<readonly ExecutorResult[]> {
  const run = (executor: Executor) =>
    combinePoses({ poses, params: vinaWeights(), score, combination: boltzmann({ kT: roomKT }), executor });
  const runners: Runner[] = executorChoices.map(({ name }) => ({
    choice: name,
    executor: undefined,
    failed: undefined,
    firstMilliseconds: Number.NaN,
    milliseconds: [],
    combined: undefined,
  }));
  const results = () => runners.filter(hasResult).map(runner => resultOf(runner, runners, poses.length));

  const total = executorChoices.length * (rounds + 1);
  let done = 0;
  const tell = (doing: string) => report({ done: done / total, doing, results: results() });
  try {
    for (const [k, choice] of executorChoices.entries()) {
      const runner = runners[k] as Runner;
      tell(`starting ${choice.name}`);
      const start = performance.now();
      await attempt(runner, async () => {
        runner.executor = await choice.make();
        runner.combined = await run(runner.executor);
        runner.firstMilliseconds = performance.now() - start;
      });
      done++;
    }
    for (let round = 1; round <= rounds; round++) {
      for (const runner of runners) {
        const { executor } = runner;
        if (executor && runner.failed === undefined) {
          const start = performance.now();
          await attempt(runner, async () => {
            await run(executor);
            runner.milliseconds.push(performance.now() - start);
          });
        }
        done++;
        tell(`round ${round} of ${rounds}`);
      }
    }
    return results();
  } finally {
    for (const { executor } of runners) await (executor as Partial<GpuExecutor> | undefined)?.dispose?.();
  }
}

/** Does a part of the work for an executor. If it throws, stores the message as the reason why the executor could not run. */
async function attempt(runner: Runner, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    runner.failed = messageOf(error);
  }
}

/** True if the executor has run at least once or has failed. */
function hasResult({ failed, combined }: Runner): boolean {
  return failed !== undefined || combined !== undefined;
}

function resultOf(runner: Runner, [reference]: readonly Runner[], poses: number): ExecutorResult {
  const { choice, failed, combined, executor, firstMilliseconds, milliseconds } = runner;
  if (failed !== undefined || !combined) return { choice, failed: failed ?? 'it gave no result' };
  return {
    choice,
    ran: ranOf(executor),
    firstMilliseconds,
    millisecondsPerPose: (milliseconds.length > 0 ? median(milliseconds) : firstMilliseconds) / poses,
    value: combined.value,
    difference: reference?.combined ? differenceOf(combined, reference.combined) : Number.NaN,
  };
}

/** Returns the name of an executor. If `gpu()` fell back to a slower way, the reason follows. */
function ranOf(executor: Executor | undefined): string {
  const reason = (executor as Partial<GpuExecutor> | undefined)?.fallbackReason;
  return reason ? `${executor?.name}: ${reason}` : (executor?.name ?? '');
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

/** Returns the largest difference between predictions or gradients of `a` and `b`, relative to the largest entry of `b`. */
function differenceOf(a: Combined, b: Combined): number {
  const numbersOf = ({ predictions, gradient }: Combined) => [
    [...predictions],
    Object.values(gradient).map(({ data }) => data[0] as number),
  ];
  const differences = numbersOf(a).map((numbers, k) => {
    const expected = numbersOf(b)[k] as number[];
    const scale = Math.max(...expected.map(Math.abs), Number.MIN_VALUE);
    return Math.max(...numbers.map((number, i) => Math.abs(number - (expected[i] as number)))) / scale;
  });
  return Math.max(...differences);
}
