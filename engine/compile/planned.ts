import { liveValues, type Precision, type RunOptions, type SyncExecutor } from '../executor.ts';
import type { ConstantForm, ParameterForm } from '../forms.ts';
import { Memory } from '../memory.ts';
import type { Value } from '../tape.ts';
import { areFinite, type Tensor } from '../tensor.ts';
import { planOf } from './loops.ts';
import type { Plan } from './plan.ts';
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

/** What is particular to one run. */
export interface Job {
  readonly structure: Structure;
  readonly wanted: readonly Value[];
  /** The plan's inputs. */
  readonly inputs: readonly Input[];
  readonly memory: Memory;
  readonly options: RunOptions;
}

/** How plans are run: what an executor adds to planning. */
export interface Backend<Code> {
  readonly name: string;
  readonly precision: Precision;
  /** How many structures are kept compiled. */
  readonly structures: number;
  /** What of the sizes the code depends on, besides the structure. */
  readonly variantOf?: (structure: Structure) => string;
  compile(plan: Plan, structure: Structure): Code;
  run(code: Code, job: Job): Tensor[];
  explain(code: Code, structure: Structure): string;
}

interface Compiled<Code> {
  readonly key: string;
  readonly variant: string;
  readonly plan: Plan;
  readonly code: Code;
  /** The same without guesses, made when one proved wrong. */
  exact: Compiled<Code> | undefined;
}

/** An executor of plans: it keeps what is compiled, by structure, and computes again where a guess proves wrong. */
export function plannedExecutor<Code>(backend: Backend<Code>): PlannedExecutor {
  const { name, precision, structures, variantOf } = backend;
  const compiled = new Map<string, Compiled<Code>>();
  let planned = 0;
  let latest: Compiled<Code> | undefined;

  const compile = (variant: string, plan: Plan, structure: Structure): Compiled<Code> => ({
    key: structure.key,
    variant,
    plan,
    code: backend.compile(plan, structure),
    exact: undefined,
  });

  const compiledFor = (live: readonly Value[], wanted: readonly Value[], structure: Structure) => {
    const variant = variantOf?.(structure) ?? '';
    if (latest?.key === structure.key && latest.variant === variant) return latest;
    const key = `${variant} ${structure.key}`;
    const known = compiled.get(key);
    if (known) {
      // Last in, last out: the Map keeps the order of insertion.
      compiled.delete(key);
      compiled.set(key, known);
      latest = known;
      return known;
    }
    const made = compile(variant, planOf(live, wanted, structure, { guesses: true }), structure);
    latest = made;
    planned++;
    compiled.set(key, made);
    for (const oldest of compiled.keys()) {
      if (compiled.size <= structures) break;
      compiled.delete(oldest);
    }
    return made;
  };

  const run = (wanted: readonly Value[], options: RunOptions = {}): Tensor[] => {
    if (wanted.some(isIndex)) return withIndices(wanted, real => run(real, options));
    if (wanted.length === 0) return [];
    const live = liveValues(wanted);
    const structure = structureOf(live, wanted, precision);
    const made = compiledFor(live, wanted, structure);
    const { memory = new Memory() } = options;
    const job = (plan: Plan) => ({ structure, wanted, inputs: inputsOf(plan, live), memory, options });
    const tensors = backend.run(made.code, job(made.plan));
    if (!made.plan.isGuess || tensors.every(({ data }) => areFinite(data))) return tensors;
    // A guess was wrong, or the numbers really are not finite: the exact plan tells.
    made.exact ??= compile(made.variant, planOf(live, wanted, structure), structure);
    return backend.run(made.exact.code, job(made.exact.plan));
  };

  const explain = (wanted: readonly Value[]): string => {
    const live = liveValues(wanted);
    const structure = structureOf(live, wanted, precision);
    return backend.explain(compiledFor(live, wanted, structure).code, structure);
  };

  return {
    name,
    precision,
    stops: false,
    run,
    explain,
    get planned() {
      return planned;
    },
  };
}

const isIndex = ({ dtype }: Value): boolean => dtype === 'index';

/** Indices that are wanted themselves are not computed, nor of the executor's precision: they are copied. */
function withIndices(wanted: readonly Value[], run: (real: readonly Value[]) => Tensor[]): Tensor[] {
  const tensors = run(wanted.filter(value => !isIndex(value)));
  let next = 0;
  return wanted.map(value => {
    if (value.form.kind !== 'constant' || !isIndex(value)) return tensors[next++] as Tensor;
    return { data: value.form.tensor.data.slice(), shape: value.shape };
  });
}

function inputsOf({ inputPlaces }: Plan, live: readonly Value[]): Input[] {
  return inputPlaces.map(place => {
    const { form } = live[place] as Value;
    if (form.kind !== 'parameter' && form.kind !== 'constant')
      throw new Error(`plan: ${form.kind} is no input`);
    return form;
  });
}
