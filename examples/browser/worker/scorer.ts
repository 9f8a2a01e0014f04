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
import { type CombinationSettings, combineOptions } from './combine.ts';
import { compile, SourceError } from './compile.ts';
import type { Context, Report } from './tasks.ts';

/** Source of the visitor's scorer, and the pose and combination to run it with. */
export interface Trial {
  readonly source: string;
  readonly pose: number;
  readonly settings: CombinationSettings;
}

/** Result of running a scorer, or an error with its line in the source. */
export type Verdict =
  | {
      readonly ok: true;
      /** ΔG_n of the chosen pose. */
      readonly value: number;
      /** ΔG of all poses by the chosen combination. */
      readonly combined: number;
      /** Comparison with finite differences: all entries of ∂ΔG_n/∂θ, and some of ∂ΔG_n/∂x. */
      readonly entries: readonly EntryCheck[];
      /** Summary of the comparison in words. */
      readonly report: string;
      /** Length of the longest force on an atom, in kcal/mol/Å. */
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

/** Name of the parameter that holds the coordinates. */
const coordinates = 'x';

/** Number of coordinates whose slopes are compared with finite differences. The slopes of all weights are compared. */
const checkedCoordinates = 9;

/**
 * Largest step of the finite differences, in units of max(1, |x|). For a coordinate of 100 Å it is 10⁻³ Å. That is small
 * enough, because the slopes of energies change over distances of about 0.1 Å, a hundred times more.
 */
const largestStep = 1e-5;

/** Compiles a scorer, scores one pose, computes and checks its gradient, and then scores all poses. */
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
        'this scorer takes one ligand in a rigid receptor: open poses without flexible residues to try it',
      );
    }
    const pose = context.poseAt(index);
    const weights = vinaWeights();

    report('gradient and finite differences');
    const { value, slope } = run(score, weights, pose);
    const check = await checkGradient(
      (tape, { [coordinates]: x, ...values }) => score(tape, values, pose, x),
      { ...weights, [coordinates]: pose.ligand } as Parameters,
      { entries: checkedCoordinates, step: largestStep },
    );

    report(`all ${poses.length} poses`);
    const { value: combined } = await combine.combinePoses({
      poses,
      ...combineOptions(settings, weights, (tape, values, pose) => score(tape, values, pose)),
    });
    return {
      ok: true,
      value,
      combined,
      entries: check.entries,
      report: check.report,
      force: longestRow(slope),
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

/** Computes ΔG_n and its gradient with respect to the coordinates. */
function run(score: Scorer['score'], weights: Parameters, pose: Pose): { value: number; slope: Tensor } {
  const tape = new Tape();
  const x = tape.parameter(pose.ligand, coordinates);
  const values = Object.entries(weights).map(([name, weight]) => [name, tape.parameter(weight, name)]);
  const energy = score(tape, Object.fromEntries(values), pose, x);
  const [value, slope] = interpreter().run([energy, ...gradient(energy, [x])]);
  return { value: value?.data[0] as number, slope: slope as Tensor };
}

/** Returns the length of the longest row of three numbers. */
function longestRow({ data }: Tensor): number {
  let length = 0;
  for (let i = 0; i < data.length; i += 3) length = Math.max(length, Math.hypot(...data.subarray(i, i + 3)));
  return length;
}
