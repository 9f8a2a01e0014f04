import {
  liveValues,
  type PlannedExecutor,
  type Precision,
  type RunOptions,
  type SyncExecutor,
} from '../executor.ts';
import type { ConstantForm, ParameterForm } from '../forms.ts';
import { gradient } from '../gradient.ts';
import { Memory } from '../memory.ts';
import type { Value } from '../tape.ts';
import { areFinite, type Tensor } from '../tensor.ts';
import { copyIndices, isComputed } from '../wanted-indices.ts';
import { adjointsOf, haveKnownRules, KnownAdjoints, structureWith } from './adjoints.ts';
import { StructureCache } from './cache.ts';
import type { Plan } from './ir.ts';
import { listingOf } from './listing.ts';
import { type Passes, planOf } from './plan.ts';
import { type Structure, structureOf } from './structure.ts';

/** A parameter or constant of a pose. */
export type Input = ParameterForm | ConstantForm;

/** A pose bound to a machine, with the bytes that the pose needs. */
export interface BoundPose {
  readonly bytes: number;
}

/** A compiled plan, which runs the poses of its structure. */
export interface Machine<Bound extends BoundPose> {
  /** Finds the layout of a pose. */
  bind(structure: Structure, inputs: readonly Input[]): Bound;
  /** Computes a pose. Tensors in `shared` have the same numbers in all runs that get this same set. */
  run(pose: Bound, shared?: ReadonlySet<Tensor>): void;
  /** A copy of the numbers that the last run left in a buffer. */
  result(pose: Bound, buffer: number): Tensor['data'];
  /** The steps and their code as text, for the sizes of a pose. */
  explain(structure: Structure): string;
}

/** Compiles plans into machines of one kind. */
export interface Compiler<Bound extends BoundPose> {
  readonly name: string;
  readonly precision: Precision;
  /** The sizes that the code depends on, as text, if it does not depend on the structure alone. */
  readonly variantOf?: (structure: Structure) => string;
  compile(plan: Plan, structure: Structure): Machine<Bound>;
}

/** A plan and its machine. */
interface CompiledPlan<Bound extends BoundPose> {
  readonly plan: Plan;
  readonly machine: Machine<Bound>;
  /** The plan without guesses and its machine, compiled the first time that a result is not finite. */
  exact: CompiledPlan<Bound> | undefined;
}

/**
 * An executor that runs the machines of a compiler. It keeps the `structures` most recently used machines, and runs a
 * pose again without guesses if a result is not finite.
 *
 * @throws RangeError naming the executor unless `structures` is a whole number from 1
 */
export function plannedExecutor<Bound extends BoundPose>(
  compiler: Compiler<Bound>,
  structures: number,
): PlannedExecutor {
  const { name, precision, variantOf } = compiler;
  checkStructures(name, structures);
  const cache = new StructureCache<CompiledPlan<Bound>>(name, structures);

  const compiled = (plan: Plan, structure: Structure): CompiledPlan<Bound> => ({
    plan,
    machine: compiler.compile(plan, structure),
    exact: undefined,
  });
  const compiledFor = (live: readonly Value[], wanted: readonly Value[], structure: Structure) =>
    cache.get(structure, variantOf?.(structure) ?? '', live, () =>
      compiled(planOf(live, wanted, structure, { guesses: true }), structure),
    );

  const run = (wanted: readonly Value[], options: RunOptions = {}): Tensor[] => {
    if (!wanted.every(isComputed)) return copyIndices(wanted)(run(wanted.filter(isComputed), options));
    if (wanted.length === 0) return [];
    const live = liveValues(wanted);
    return runLive(live, wanted, structureOf(live, wanted, precision), options);
  };
  const runLive = (
    live: readonly Value[],
    wanted: readonly Value[],
    structure: Structure,
    options: RunOptions,
  ): Tensor[] => {
    const compiledPlan = compiledFor(live, wanted, structure);
    const tensors = runOn(compiledPlan, inputsOf(compiledPlan.plan, live), wanted, structure, options);
    if (isSound(compiledPlan, tensors)) return tensors;
    // Either a guess was wrong, or the results really are not finite: run the plan without guesses.
    compiledPlan.exact ??= compiled(planOf(live, wanted, structure), structure);
    const { exact } = compiledPlan;
    return runOn(exact, inputsOf(exact.plan, live), wanted, structure, options);
  };

  const adjoints = new KnownAdjoints();
  const runGradients: Required<SyncExecutor>['runGradients'] = (wanted, targets, wrt, options = {}) => {
    const all = [...wanted, ...targets, ...wrt];
    const forward = liveValues(all);
    const mayCacheAdjoints = targets.length > 0 && all.every(isComputed) && haveKnownRules(forward);
    const counts = { targets: targets.length, wrt: wrt.length };
    const forwardStructure = mayCacheAdjoints && structureOf(forward, all, precision, counts);
    const known = forwardStructure && adjoints.get(forwardStructure);
    if (known) {
      const structure = structureWith(known, forwardStructure);
      const compiledPlan = cache.find(structure, variantOf?.(structure) ?? '');
      if (compiledPlan) {
        const inputs = inputsOf(compiledPlan.plan, forward, known.forwardIndices);
        const outputs = [...wanted, ...targets.flatMap(() => wrt)];
        const tensors = runOn(compiledPlan, inputs, outputs, structure, options);
        if (isSound(compiledPlan, tensors)) return tensors;
      }
    }
    const withGradients = [...wanted, ...targets.flatMap(target => gradient(target, wrt))];
    const live = liveValues(withGradients);
    const structure = structureOf(live, withGradients, precision);
    if (forwardStructure && !known) {
      const learned = adjointsOf(forward, forwardStructure, live, structure);
      if (learned) adjoints.add(forwardStructure, learned);
    }
    return runLive(live, withGradients, structure, options);
  };

  const executor: PlannedExecutor = {
    name,
    precision,
    stops: false,
    run,
    explain: (values, { passes = false } = {}) => {
      const wanted = values.filter(isComputed);
      const live = liveValues(wanted);
      const structure = structureOf(live, wanted, precision);
      const code = compiledFor(live, wanted, structure).machine.explain(structure);
      if (!passes) return code;
      let listing = '';
      const onPasses = (output: Passes) => {
        listing = listingOf(output);
      };
      planOf(live, wanted, structure, { guesses: true, onPasses });
      return `${listing}\n\n${code}`;
    },
    get planned() {
      return cache.created;
    },
  };
  // The property is not enumerable, so a copy of the executor with another `run` does not get it.
  return Object.defineProperty(executor, 'runGradients', { value: runGradients, enumerable: false });
}

/** True if the results are right: the plan has no guesses, or all results are finite. */
function isSound({ plan }: CompiledPlan<BoundPose>, tensors: readonly Tensor[]): boolean {
  return !plan.isGuess || tensors.every(({ data }) => areFinite(data));
}

/** Runs a machine; the results have the shapes of `wanted`. */
function runOn<Bound extends BoundPose>(
  { plan, machine }: CompiledPlan<Bound>,
  inputs: readonly Input[],
  wanted: readonly Value[],
  structure: Structure,
  { memory = new Memory(), shared }: RunOptions,
): Tensor[] {
  const pose = machine.bind(structure, inputs);
  const bytes = pose.bytes + (wanted[0] as Value).tape.copiedBytes;
  memory.take(bytes);
  try {
    machine.run(pose, shared);
    return wanted.map(({ shape }, i) => ({ data: machine.result(pose, plan.wanted[i] as number), shape }));
  } finally {
    memory.give(bytes);
  }
}

function checkStructures(owner: string, structures: unknown): void {
  if (Number.isInteger(structures) && (structures as number) >= 1) return;
  const shown = typeof structures === 'string' ? JSON.stringify(structures) : structures;
  throw new RangeError(`${owner}: structures must be a whole number from 1, got ${shown}`);
}

/**
 * The inputs of a plan among the live values of a tape. If the plan is that of a tape with its adjoints, but `live` is only
 * the forward tape, `forwardIndices` maps the live indices of the plan to those of the forward tape.
 */
export function inputsOf({ inputs }: Plan, live: readonly Value[], forwardIndices?: Int32Array): Input[] {
  return inputs.map(({ liveIndex }) => {
    const { form } = live[forwardIndices ? (forwardIndices[liveIndex] as number) : liveIndex] as Value;
    if (form.kind !== 'parameter' && form.kind !== 'constant')
      throw new Error(`plan: the form ${form.kind} is not an input`);
    return form;
  });
}
