import { gradient, type PlannedExecutor, type Precision, Tape, type Tensor, type Value } from 'posetape';
import type { Params, Scorer } from 'posetape/combine';
import { type BoundPose, type Compiler, type Machine, plannedExecutor } from '../engine/compile/planned.ts';
import { jitCompiler } from '../engine/jit/jit.ts';
import { wasmCompiler } from '../engine/wasm/wasm.ts';

// Separates the two parts of scoring a pose, to time each alone: recording the tape, and running the executor's loops.

/** Prediction recorded on its own tape, and the parameters it depends on. */
export interface Recorded {
  readonly y: Value;
  readonly params: readonly Value[];
}

/** Records a pose on a tape of its own. */
export function record<Pose, P extends Params>(score: Scorer<Pose, P>, params: P, pose: Pose): Recorded {
  const tape = new Tape();
  const entries = Object.entries<Tensor>(params).map(
    ([name, value]) => [name, tape.parameter(value, name)] as const,
  );
  const y = score(tape, Object.fromEntries(entries) as Parameters<typeof score>[1], pose);
  return { y, params: entries.map(([, value]) => value) };
}

/** Records the gradient of a prediction, and returns the prediction followed by its gradient. */
export function withGradient({ y, params }: Recorded): Value[] {
  return [y, ...gradient(y, params)];
}

/** Run that has been made once and can be repeated without recording, structure key or layout. */
export interface Loops {
  /** Compiled loops. Runs of tapes with the same structure share them. */
  readonly machine: unknown;
  /** Copies the inputs again, and runs the loops. */
  run(): void;
  /** Runs the loops of `wasm` on the inputs that it keeps in memory, without copying them again. For `jit`, the same as `run`. */
  again(): void;
}

/** Maximum number of tape structures whose compiled loops the executor keeps. */
const maxStructures = 64;

/** Executor, and the runs that it has made. */
export interface KeptRuns {
  readonly executor: PlannedExecutor;
  readonly runs: Loops[];
}

/** Returns an executor that keeps its runs: `wasm` if `name` is `wasm`, otherwise `jit` in the given precision. */
export function executorKeepingRuns(name: string, precision: Precision): KeptRuns {
  const mayRelax = true;
  return name === 'wasm' ? keepingRuns(wasmCompiler(mayRelax)) : keepingRuns(jitCompiler(precision));
}

function keepingRuns<Bound extends BoundPose>(compiler: Compiler<Bound>): KeptRuns {
  const runs: Loops[] = [];
  const compile: typeof compiler.compile = (plan, structure) => {
    const machine = compiler.compile(plan, structure) as Machine<Bound> & { again?(pose: Bound): void };
    return {
      bind: (bound, inputs) => machine.bind(bound, inputs),
      run: (pose, shared) => {
        const run = () => machine.run(pose, shared);
        run();
        runs.push({ machine, run, again: machine.again ? () => machine.again?.(pose) : run });
      },
      result: (pose, buffer) => machine.result(pose, buffer),
      explain: options => machine.explain(options),
    };
  };
  return { executor: plannedExecutor({ ...compiler, compile }, maxStructures), runs };
}
