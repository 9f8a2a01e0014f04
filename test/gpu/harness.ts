import { type Executor, jit, type Tensor } from 'posetape';
import { boltzmann, combinePoses, lse } from 'posetape/combine';
import { type GpuExecutor, gpu } from 'posetape/gpu';
import { type ScorerName, scorer } from '../support/scorers.ts';
import { type Case, recordCase } from './cases.ts';

/** A run over poses, asked for as plain data. */
export interface CombineRequest {
  readonly scorer: ScorerName;
  readonly poses: readonly unknown[];
  readonly combination: 'boltzmann' | 'lse';
  readonly badPose?: 'throw' | 'skip';
  /** Loses the device when so many poses are done; then goes on with jit(), unless told not to. */
  readonly loseAfter?: number;
  readonly goOn?: boolean;
}

export interface CombineAnswer {
  readonly value: number;
  readonly gradient: Readonly<Record<string, Tensor>>;
  readonly predictions: Float64Array;
  readonly badPoses: readonly { readonly index: number; readonly reason: string }[];
  readonly executor: string;
}

/** Facts of an executor that show from outside. */
export interface Report {
  readonly name: string;
  readonly backend: string;
  readonly fallbackReason: string | null;
  readonly compiled: number;
  readonly device: GpuExecutor['device'];
}

/** An executor behind plain data: the same here and, seen from a test, in a page. */
export interface Machine {
  run(each: Case): Promise<Tensor[]>;
  /** Several at once. */
  runAll(cases: readonly Case[]): Promise<Tensor[][]>;
  combine(request: CombineRequest): Promise<CombineAnswer>;
  report(): Promise<Report>;
  dispose(): Promise<void>;
}

const combinations = { boltzmann: () => boltzmann({ kT: 0.593 }), lse: () => lse({ t: 1 }) };

/** Opens a backend as a machine. `lose` takes the device away. */
export async function openMachine(
  mode: NonNullable<Parameters<typeof gpu>[0]>['mode'] & string,
  lose: () => void | Promise<void> = () => {},
): Promise<Machine> {
  const executor = await gpu({ mode });
  return {
    run: each => executor.run(recordCase(each)) as Promise<Tensor[]>,
    runAll: cases => Promise.all(cases.map(each => executor.run(recordCase(each)) as Promise<Tensor[]>)),
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
