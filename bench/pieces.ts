import { gradient, Tape, type Tensor, type Value } from 'posetape';
import type { Params, Scorer } from 'posetape/combine';
import type { Plan } from '../engine/compile/ir.ts';
import { planOf } from '../engine/compile/plan.ts';
import { type BoundPose, inputsOf, type Machine, type Target } from '../engine/compile/planned.ts';
import { type Structure, structureOf } from '../engine/compile/structure.ts';
import { liveValues } from '../engine/executor.ts';

// The stages of a pose, from scorer to numbers, as functions to time.

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

/** One tape on the machine of its structure: what an executor runs of it, with no tape, no key and no layout. */
export interface Ready {
  readonly machine: AnyMachine;
  readonly plan: Plan;
  readonly structure: Structure;
  run(): void;
  /** The numbers of each wanted value, after a run. */
  results(): Tensor['data'][];
}

// biome-ignore lint/suspicious/noExplicitAny: a machine is only given what it bound itself
type AnyMachine = Machine<any>;

/** Plans and compiles once for each structure, as executors do: poses of one scorer have one, or a few if sizes coincide. */
export function readied<B extends BoundPose>(
  tapes: readonly (readonly Value[])[],
  target: Target<B>,
): Ready[] {
  const known = new Map<string, { plan: Plan; machine: Machine<B> }>();
  return tapes.map(wanted => {
    const live = liveValues(wanted);
    const structure = structureOf(live, wanted, target.precision);
    const key = `${target.variantOf?.(structure)} ${structure.key}`;
    const made = known.get(key) ?? compiled(live, wanted, structure, target);
    known.set(key, made);
    const { plan, machine } = made;
    const pose = machine.bind(structure, inputsOf(plan, live));
    return {
      machine,
      plan,
      structure,
      run: () => machine.run(pose),
      results: () => plan.wanted.map(buffer => machine.result(pose, buffer)),
    };
  });
}

function compiled<B extends BoundPose>(
  live: readonly Value[],
  wanted: readonly Value[],
  structure: Structure,
  target: Target<B>,
): { plan: Plan; machine: Machine<B> } {
  const plan = planOf(live, wanted, structure, { guesses: true });
  return { plan, machine: target.compile(plan, structure) };
}
