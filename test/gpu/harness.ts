import { type Executor, jit, type Tensor } from 'posetape';
import { boltzmann, combinePoses, lse } from 'posetape/combine';
import { type GpuExecutor, gpu } from 'posetape/gpu';
import { type ScorerName, scorer } from '../support/scorers.ts';
import { type Case, recordCase } from './cases.ts';

/** Run of combinePoses, described by plain data. */
export interface CombineRequest {
  readonly scorer: ScorerName;
  readonly poses: readonly unknown[];
  readonly combination: 'boltzmann' | 'lse';
  readonly badPose?: 'throw' | 'skip';
  /** Number of poses after which the device is lost. Default: never. */
  readonly loseAfter?: number;
  /** True to continue with jit() after a loss. Default true. */
  readonly goOn?: boolean;
}

/** Results of a {@link CombineRequest}. */
export interface CombineAnswer {
  readonly value: number;
  readonly gradient: Readonly<Record<string, Tensor>>;
  readonly predictions: Float64Array;
  readonly badPoses: readonly { readonly index: number; readonly reason: string }[];
  readonly executor: string;
}

/** Public properties of a GPU executor. */
export interface Report {
  readonly name: string;
  readonly backend: string;
  readonly fallbackReason: string | null;
  readonly compiled: number;
  /** Counts of what is held on the device, of launches and of readbacks. */
  readonly device: GpuExecutor['device'];
}

/** Handle on a GPU executor in this process or in a page. It takes and returns only data that can be sent to a page. */
export interface Machine {
  run(task: Case): Promise<Tensor[]>;
  /** Runs several cases at the same time. */
  runAll(cases: readonly Case[]): Promise<Tensor[][]>;
  combine(request: CombineRequest): Promise<CombineAnswer>;
  report(): Promise<Report>;
  dispose(): Promise<void>;
}

const combinations = { boltzmann: () => boltzmann({ kT: 0.593 }), lse: () => lse({ t: 1 }) };

/**
 * Makes an executor of gpu(), and returns a handle that drives it by plain data.
 *
 * @param lose makes the backend lose its device
 */
export async function openMachine(
  mode: NonNullable<Parameters<typeof gpu>[0]>['mode'] & string,
  lose: () => void | Promise<void> = () => {},
): Promise<Machine> {
  const executor = await gpu({ mode });
  return {
    run: task => executor.run(recordCase(task)) as Promise<Tensor[]>,
    runAll: cases => Promise.all(cases.map(task => executor.run(recordCase(task)) as Promise<Tensor[]>)),
    combine: request => combine(executor, request, lose),
    report: async () => {
      const { name, backend, fallbackReason, compiled, device } = executor;
      return { name, backend, fallbackReason, compiled, device };
    },
    dispose: () => executor.dispose(),
  };
}

async function combine(
  executor: Executor,
  request: CombineRequest,
  lose: () => void | Promise<void>,
): Promise<CombineAnswer> {
  const { loseAfter, goOn = true, badPose = 'throw' } = request;
  const { params, score } = scorer(request.scorer);
  const { value, gradient, predictions, stats } = await combinePoses({
    poses: request.poses,
    params,
    score,
    combination: combinations[request.combination](),
    executor,
    badPose,
    onPose: ({ index }) => (index + 1 === loseAfter ? lose() : undefined),
    ...(loseAfter && goOn && { onDeviceLost: () => jit({ precision: 'float32' }) }),
  });
  return { value, gradient, predictions, badPoses: stats.badPoses, executor: stats.executor };
}
