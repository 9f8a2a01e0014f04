import { tensor } from 'posetape';
import {
  boltzmann,
  type Combination,
  combinePoses,
  lse,
  mean,
  type Params,
  type Scorer,
} from 'posetape/combine';
import type { DockedPose } from '../../../program/vina/poses.ts';
import { score } from '../../../program/vina/score.ts';
import { vinaWeights } from '../../vina/score.ts';
import { settingOf } from '../sliders.ts';
import { gatedByBonds, gateStrength, withBonds } from './gate.ts';
import type { Context } from './tasks.ts';

/** Combination, with the setting of its slider. */
export type CombinationSettings =
  | { readonly kind: 'mean' }
  /** t in mol/kcal. */
  | { readonly kind: 'lse'; readonly t: number }
  /** kT in kcal/mol. */
  | { readonly kind: 'boltzmann'; readonly kT: number }
  /** g, without unit. */
  | { readonly kind: 'gated'; readonly g: number };

/** Result of a combination. Energies are in kcal/mol. */
export interface Combined {
  readonly settings: CombinationSettings;
  /** ΔG. */
  readonly value: number;
  /** ΔG_n of each pose. */
  readonly predictions: Float64Array;
  /** w_n of each pose. */
  readonly weights: Float64Array;
  /** c_n of each pose. */
  readonly coefficients: Float64Array;
  /** H_n and ∂ΔG/∂H_n of each pose, if the combination is gated. */
  readonly gate?: { readonly bonds: Float64Array; readonly slopes: Float64Array };
  /** ∂ΔG/∂w for each weight w of the scoring function, and ∂ΔG/∂g if the combination is gated. */
  readonly gradient: Readonly<Record<string, number>>;
  readonly milliseconds: number;
  readonly executor: string;
}

/** Scores all poses and combines them, with the gradient. */
export async function combine({ poses }: Context, settings: CombinationSettings): Promise<Combined> {
  const start = performance.now();
  const result = await combinePoses({ poses, ...combineOptions(settings, vinaWeights(), score) });
  const { value, predictions, weights, coefficients, stats } = result;
  const entries = Object.entries(result.gradient).map(([name, { data }]) => [name, data[0]]);
  // A gated combination pools pairs (H_n, ΔG_n). So its predictions alternate between H_n and ΔG_n, and its coefficients
  // between the derivatives of ΔG with respect to H_n and to ΔG_n.
  const isGated = settings.kind === 'gated';
  return {
    settings,
    value,
    predictions: isGated ? everySecond(predictions, 1) : predictions,
    weights,
    coefficients: isGated ? everySecond(coefficients, 1) : coefficients,
    ...(isGated && { gate: { bonds: everySecond(predictions, 0), slopes: everySecond(coefficients, 0) } }),
    gradient: Object.fromEntries(entries),
    milliseconds: performance.now() - start,
    executor: stats.executor,
  };
}

/** Returns every second number, from index `start` on. */
function everySecond(numbers: Float64Array, start: 0 | 1): Float64Array {
  return numbers.filter((_, i) => i % 2 === start);
}

/**
 * Returns options of `combinePoses` for these settings. For a gated combination, g is added to the parameters, and the scorer
 * of ΔG_n is replaced by a scorer of H_n and ΔG_n.
 */
export function combineOptions<P extends Params>(
  settings: CombinationSettings,
  params: P,
  score: Scorer<DockedPose, P>,
): { readonly params: P; readonly score: Scorer<DockedPose, P>; readonly combination: Combination } {
  const combination = combinationOf(settings);
  if (settings.kind !== 'gated') return { params, score, combination };
  return {
    params: { ...params, [gateStrength]: tensor(settings.g) },
    score: withBonds(score as never) as never,
    combination,
  };
}

/** Curve of ΔG over the range of a slider. */
export interface Curve {
  readonly kind: CombinationSettings['kind'];
  readonly points: readonly (readonly [setting: number, value: number])[];
}

/** Computes ΔG for many settings of one combination from the predictions of `combined`, without scoring the poses again. */
export async function curve(
  _context: Context,
  { combined, settings }: { combined: Combined; settings: readonly CombinationSettings[] },
): Promise<Curve> {
  const points: [number, number][] = [];
  for (const point of settings) points.push([settingOf(point), await valueFor(point, combined)]);
  return { kind: settings[0]?.kind ?? 'mean', points };
}

async function valueFor(settings: CombinationSettings, { predictions, gate }: Combined): Promise<number> {
  const combination = combinationOf(settings);
  if (settings.kind !== 'gated') {
    const accumulator = combination.accumulator();
    const noGradient = null;
    for (const prediction of predictions) accumulator.add(prediction, noGradient);
    return accumulator.result().value;
  }
  const { value } = await combinePoses({
    poses: [...predictions].map((prediction, n) => [gate?.bonds[n] ?? 0, prediction]),
    params: { [gateStrength]: tensor(settings.g) },
    posesPerTape: predictions.length,
    score: (tape, _, poses) => tape.constant(poses),
    combination,
    gradient: false,
  });
  return value;
}

function combinationOf(settings: CombinationSettings): Combination {
  switch (settings.kind) {
    case 'mean':
      return mean();
    case 'lse':
      return lse({ t: settings.t });
    case 'boltzmann':
      return boltzmann({ kT: settings.kT });
    case 'gated':
      return gatedByBonds();
  }
}
