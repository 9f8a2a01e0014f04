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
  readonly machine: unknown;
  /** Copies the inputs again, and runs the loops. */
  run(): void;
  /** Runs the loops. `wasm` keeps its inputs in memory and does not copy them again. For `jit` this is `run`. */
  again(): void;
}

/** Number of tape structures whose compiled loops a recorder keeps. */
const structures = 64;

/** Executor that keeps its runs, so that they can be repeated. */
export interface Recorder {
  readonly executor: PlannedExecutor;
  readonly runs: Loops[];
}

/** Returns a recorder with the executor `wasm` if `name` is `wasm`, otherwise with `jit` in the given precision. */
export function recorder(name: string, precision: Precision): Recorder {
  const mayRelax = true;
  return name === 'wasm' ? recorderOf(wasmCompiler(mayRelax)) : recorderOf(jitCompiler(precision));
}

function recorderOf<Bound extends BoundPose>(compiler: Compiler<Bound>): Recorder {
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
  return { executor: plannedExecutor({ ...compiler, compile }, structures), runs };
}
