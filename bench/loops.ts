import { gradient, type Precision, Tape, type Tensor, type Value } from 'posetape';
import type { Params, Scorer } from 'posetape/combine';
import type { Plan } from '../engine/compile/ir.ts';
import { planOf } from '../engine/compile/plan.ts';
import {
  type BoundPose,
  type Machine,
  type PlannedExecutor,
  plannedExecutor,
  type Target,
} from '../engine/compile/planned.ts';
import { type Structure, structureOf } from '../engine/compile/structure.ts';
import { liveValues } from '../engine/executor.ts';
import { jitTarget } from '../engine/jit/jit.ts';
import { wasmTarget } from '../engine/wasm/wasm.ts';

// The parts of a pose's time: what is recorded, and what an executor repeats of it.

/** A prediction on a tape of its own, and the parameters that it depends on. */
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

/** A tape's plan, as executors make it for a structure that is new. */
export function planned(
  wanted: readonly Value[],
  precision: Precision,
): { readonly live: readonly Value[]; readonly structure: Structure; readonly plan: Plan } {
  const live = liveValues(wanted);
  const structure = structureOf(live, wanted, precision);
  return { live, structure, plan: planOf(live, wanted, structure, { guesses: true }) };
}

/** A run that an executor has made: to be repeated without tape, key and layout, which leaves the copies and the loops. */
export interface Loops {
  readonly plan: Plan;
  readonly structure: Structure;
  readonly machine: unknown;
  run(): void;
}

/** An executor, and its runs so far. */
export interface Recorder {
  readonly executor: PlannedExecutor;
  readonly runs: Loops[];
}

/** The executor `wasm`, or else `jit` in this precision, as it keeps what it runs. */
export function recorder(name: string, precision: Precision): Recorder {
  return name === 'wasm' ? recorderOf(wasmTarget(true)) : recorderOf(jitTarget(precision));
}

function recorderOf<Bound extends BoundPose>(target: Target<Bound>): Recorder {
  const runs: Loops[] = [];
  const compile = (plan: Plan, first: Structure): Machine<Bound> => {
    const machine = target.compile(plan, first);
    let structure = first;
    return {
      bind: (bound, inputs) => {
        structure = bound;
        return machine.bind(bound, inputs);
      },
      run: (pose, shared) => {
        machine.run(pose, shared);
        runs.push({ plan, structure, machine, run: () => machine.run(pose, shared) });
      },
      result: (pose, buffer) => machine.result(pose, buffer),
      explain: given => machine.explain(given),
    };
  };
  return { executor: plannedExecutor({ ...target, compile }, 64), runs };
}
