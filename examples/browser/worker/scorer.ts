import * as posetape from 'posetape';
import {
  checkGradient,
  type EntryCheck,
  gradient,
  interpreter,
  Tape,
  type Tensor,
  type Value,
} from 'posetape';
import * as combine from 'posetape/combine';
import * as ops from 'posetape/ops';
import type { Pose } from '../../vina/pairs.ts';
import { type CombinationSettings, combining } from './combine.ts';
import { compile, SourceError } from './compile.ts';
import type { Context, Report } from './tasks.ts';

/** Source that the reader wrote, and the pose to try it on. */
export interface Trial {
  readonly source: string;
  readonly pose: number;
  readonly settings: CombinationSettings;
}

/** Result of a scorer, or its error and the line to look at. */
export type Verdict =
  | {
      readonly ok: true;
      /** ΔG_n of the pose tried, and ΔG of all poses by the combination chosen. */
      readonly value: number;
      readonly combined: number;
      /** ∂ΔG_n/∂θ, each of one number, beside central differences; and some entries of ∂ΔG_n/∂x. */
      readonly entries: readonly EntryCheck[];
      /** In words: whether gradient and differences agree. */
      readonly report: string;
      /** The longest force on an atom, in kcal/mol/Å. */
      readonly force: number;
      readonly milliseconds: number;
    }
  | { readonly ok: false; readonly message: string; readonly line: number };

type Parameters = Readonly<Record<string, Tensor>>;

/** Exports of a scorer that the page calls. */
interface Scorer {
  vinaWeights(): Parameters;
  score(tape: Tape, weights: Readonly<Record<string, Value>>, pose: Pose, ligand?: Value): Value;
}

const modules = { posetape, 'posetape/ops': ops, 'posetape/combine': combine };

/** Name of the coordinates among the parameters. */
const coordinates = 'x';

/** Number of coordinates that are compared with finite differences; all weights are. */
const checked = 9;

/** Coordinates are a hundred Å long, but energies bend within a tenth of one: the first difference is 10⁻³ Å wide. */
const smallStep = 1e-5;

/** Compiles a scorer and runs it: one pose with its gradient and a check of it, then all poses. */
export async function tryScorer(
  context: Context,
  { source, pose: index, settings }: Trial,
  report: Report<string>,
): Promise<Verdict> {
  const start = performance.now();
  try {
    report('compiling');
    const { score, vinaWeights } = exportsOf(await compile(source, modules));
    const { poses } = context;
    if (poses.some(({ between }) => between)) {
      throw new Error(
        'this scorer knows the pairs of one ligand and a rigid receptor: open poses without flexible residues to try it',
      );
    }
    const pose = context.poseAt(index);
    const weights = vinaWeights();

    report('the gradient, and differences to check it');
    const { value, slope } = run(score, weights, pose);
    const check = await checkGradient(
      (tape, { [coordinates]: x, ...values }) => score(tape, values, pose, x),
      { ...weights, [coordinates]: pose.ligand } as Parameters,
      { entries: checked, step: smallStep },
    );

    report(`all ${poses.length} poses`);
    const { value: combined } = await combine.combinePoses({
      poses,
      ...combining(settings, weights, (tape, values, each) => score(tape, values, each)),
    });
    return {
      ok: true,
      value,
      combined,
      entries: check.entries,
      report: check.report,
      force: longest(slope),
      milliseconds: performance.now() - start,
    };
  } catch (error) {
    if (error instanceof SourceError) return { ok: false, message: error.message, line: error.line };
    throw error;
  }
}

function exportsOf(exports: Record<string, unknown>): Scorer {
  for (const name of ['score', 'vinaWeights']) {
    if (typeof exports[name] !== 'function') {
      throw new Error(`the page calls ${name}(), which this source does not export`);
    }
  }
  return exports as unknown as Scorer;
}

/** One tape for ΔG_n and its gradient by the coordinates. */
function run(score: Scorer['score'], weights: Parameters, pose: Pose): { value: number; slope: Tensor } {
  const tape = new Tape();
  const x = tape.parameter(pose.ligand, coordinates);
  const values = Object.entries(weights).map(([name, each]) => [name, tape.parameter(each, name)]);
  const energy = score(tape, Object.fromEntries(values), pose, x);
  const [value, slope] = interpreter().run([energy, ...gradient(energy, [x])]);
  return { value: value?.data[0] as number, slope: slope as Tensor };
}

/** The length of the longest row of three. */
function longest({ data }: Tensor): number {
  let length = 0;
  for (let i = 0; i < data.length; i += 3) length = Math.max(length, Math.hypot(...data.subarray(i, i + 3)));
  return length;
}
