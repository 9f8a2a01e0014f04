import { gradient, type PlannedExecutor, type Precision, Tape, type Tensor, type Value } from 'posetape';
import type { Params, Scorer } from 'posetape/combine';
import { type BoundPose, type Compiler, type Machine, plannedExecutor } from '../engine/compile/planned.ts';
import { jitCompiler } from '../engine/jit/jit.ts';
import { wasmCompiler } from '../engine/wasm/wasm.ts';

// The parts of a pose's time: the recording, and the loops that an executor runs.

/** A prediction on its own tape, and the parameters it depends on. */
export interface Recorded {
  readonly y: Value;
  readonly params: readonly Value[];
}

export function record<Pose, P extends Params>(score: Scorer<Pose, P>, params: P, pose: Pose): Recorded {
  const tape = new Tape();
  const entries = Object.entries<Tensor>(params).map(
    ([name, value]) => [name, tape.parameter(value, name)] as const,
  );
  const y = score(tape, Object.fromEntries(entries) as Parameters<typeof score>[1], pose);
  return { y, params: entries.map(([, value]) => value) };
}

/** ΔG and its gradient. */
export function withGradient({ y, params }: Recorded): Value[] {
  return [y, ...gradient(y, params)];
}

/** A finished run, to be repeated without tape, key and layout: only the copies and the loops. */
export interface Loops {
  readonly machine: unknown;
  run(): void;
  /** Repeats the run without the copies if the machine can: with `wasm` the inputs stay in memory. */
  again(): void;
}

/** An executor and its recorded runs. */
export interface Recorder {
  readonly executor: PlannedExecutor;
  readonly runs: Loops[];
}

/** The executor `wasm`, or else `jit` in this precision, with its runs recorded. */
export function recorder(name: string, precision: Precision): Recorder {
  return name === 'wasm' ? recorderOf(wasmCompiler(true)) : recorderOf(jitCompiler(precision));
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
      explain: given => machine.explain(given),
    };
  };
  return { executor: plannedExecutor({ ...compiler, compile }, 64), runs };
}
