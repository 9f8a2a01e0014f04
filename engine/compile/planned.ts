import { liveValues, type Precision, type RunOptions, type SyncExecutor } from '../executor.ts';
import type { ConstantForm, ParameterForm } from '../forms.ts';
import { Memory } from '../memory.ts';
import type { Value } from '../tape.ts';
import { areFinite, type Tensor } from '../tensor.ts';
import { copyIndices, isComputed } from '../wanted-indices.ts';
import { StructureCache } from './cache.ts';
import { type Plan } from './ir.ts';
import { planOf } from './plan.ts';
import { type Structure, structureOf } from './structure.ts';

/** A {@link SyncExecutor} that plans and compiles each structure once, and shows what it made of a tape. */
export interface PlannedExecutor extends SyncExecutor {
  /** How many structures it has planned and compiled since it was made. */
  readonly planned: number;
  /** The steps that a tape becomes, what each reads and stores in bytes, and their code. */
  explain(wanted: readonly Value[]): string;
}

/** A value that is given. */
export type Input = ParameterForm | ConstantForm;

/** A compiled plan, which runs the poses of its structure: what an executor adds to planning. */
export interface Machine {
  /** Lays a pose out, and gives the bytes that it needs. */
  bind(structure: Structure, inputs: readonly Input[]): number;
  /** Computes the pose that was bound last. Tensors in `shared` hold the same numbers in all runs given that set. */
  run(shared?: ReadonlySet<Tensor>): void;
  /** The numbers of a buffer, as an array of the receiver's own. */
  result(buffer: number): Tensor['data'];
  /** What it runs, as text, for the sizes of a pose. */
  explain(structure: Structure): string;
}

/** How a kind of machine is made. */
export interface Target {
  readonly name: string;
  readonly precision: Precision;
  /** How many structures are kept compiled. */
  readonly structures: number;
  /** The part of the sizes that the code depends on, besides the structure. */
  readonly variantOf?: (structure: Structure) => string;
  compile(plan: Plan, structure: Structure): Machine;
}

/** A plan and its machine. */
interface Compiled {
  readonly plan: Plan;
  readonly machine: Machine;
  /** The same without guesses, made when one proved wrong. */
  exact: Compiled | undefined;
}

/** An executor of plans: it keeps what is compiled, by structure, and computes again where a guess proves wrong. */
export function plannedExecutor(target: Target): PlannedExecutor {
  const { name, precision, variantOf } = target;
  checkStructures(name, target.structures);
  const cache = new StructureCache<Compiled>(name, target.structures);

  const compiled = (plan: Plan, structure: Structure): Compiled => ({
    plan,
    machine: target.compile(plan, structure),
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
    const structure = structureOf(live, wanted, precision);
    const made = compiledFor(live, wanted, structure);
    const tensors = runOn(made, live, wanted, structure, options);
    if (!made.plan.isGuess || tensors.every(({ data }) => areFinite(data))) return tensors;
    // A guess was wrong, or the numbers really are not finite: the exact plan tells.
    made.exact ??= compiled(planOf(live, wanted, structure), structure);
    return runOn(made.exact, live, wanted, structure, options);
  };

  return {
    name,
    precision,
    stops: false,
    run,
    explain: wanted => {
      const live = liveValues(wanted);
      const structure = structureOf(live, wanted, precision);
      return compiledFor(live, wanted, structure).machine.explain(structure);
    },
    get planned() {
      return cache.made;
    },
  };
}

function runOn(
  { plan, machine }: Compiled,
  live: readonly Value[],
  wanted: readonly Value[],
  structure: Structure,
  { memory = new Memory(), shared }: RunOptions,
): Tensor[] {
  const bytes = machine.bind(structure, inputsOf(plan, live)) + (wanted[0] as Value).tape.copiedBytes;
  memory.take(bytes);
  try {
    machine.run(shared);
    return wanted.map(({ shape }, i) => ({ data: machine.result(plan.wanted[i] as number), shape }));
  } finally {
    memory.give(bytes);
  }
}

/** @throws RangeError naming the executor, unless it is a whole number from 1 */
export function checkStructures(owner: string, structures: unknown): void {
  if (Number.isInteger(structures) && (structures as number) >= 1) return;
  const given = typeof structures === 'string' ? JSON.stringify(structures) : structures;
  throw new RangeError(`${owner}: structures is a whole number from 1, got ${given}`);
}

function inputsOf({ inputs }: Plan, live: readonly Value[]): Input[] {
  return inputs.map(({ place }) => {
    const { form } = live[place] as Value;
    if (form.kind !== 'parameter' && form.kind !== 'constant')
      throw new Error(`plan: ${form.kind} is no input`);
    return form;
  });
}
