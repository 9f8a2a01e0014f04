import { boltzmann, type Combination, combinePoses, lse, mean } from 'posetape/combine';
import { score, vinaWeights, type Weights } from '../../vina/score.ts';
import type { Context } from './tasks.ts';

/** One of the three combinations, with the number its slider sets. */
export type CombinationSettings =
  | { readonly kind: 'mean' }
  /** t in mol/kcal. */
  | { readonly kind: 'lse'; readonly t: number }
  /** kT in kcal/mol. */
  | { readonly kind: 'boltzmann'; readonly kT: number };

/** What the combination comes to. Energies in kcal/mol. */
export interface Combined {
  readonly settings: CombinationSettings;
  /** ΔG. */
  readonly value: number;
  /** ΔG_n, w_n and c_n of each pose. */
  readonly predictions: Float64Array;
  readonly weights: Float64Array;
  readonly coefficients: Float64Array;
  /** ∂ΔG/∂w for each weight w of the scoring function. */
  readonly gradient: Weights<number>;
  readonly milliseconds: number;
  readonly executor: string;
}

/** Scores all poses and combines them, with the gradient: one tape after the other, as everywhere. */
export async function combine({ poses }: Context, settings: CombinationSettings): Promise<Combined> {
  const start = performance.now();
  const result = await combinePoses({
    poses,
    params: vinaWeights(),
    score,
    combination: combinationOf(settings),
  });
  const { value, predictions, weights, coefficients, stats } = result;
  const entries = Object.entries(result.gradient).map(([name, { data }]) => [name, data[0]]);
  return {
    settings,
    value,
    predictions,
    weights,
    coefficients,
    gradient: Object.fromEntries(entries) as Weights<number>,
    milliseconds: performance.now() - start,
    executor: stats.executor,
  };
}

/** ΔG over the whole range of a slider. */
export interface Curve {
  readonly kind: CombinationSettings['kind'];
  readonly points: readonly (readonly [setting: number, value: number])[];
}

/** ΔG for many settings of one combination. The predictions are known, so this takes no tape. */
export function curve(
  _context: Context,
  { predictions, settings }: { predictions: Float64Array; settings: readonly CombinationSettings[] },
): Curve {
  const points = settings.map(each => {
    const accumulator = combinationOf(each).accumulator();
    for (const prediction of predictions) accumulator.add(prediction, null);
    return [settingOf(each), accumulator.result().value] as const;
  });
  return { kind: settings[0]?.kind ?? 'mean', points };
}

/** The combination that settings mean. */
export function combinationOf(settings: CombinationSettings): Combination {
  switch (settings.kind) {
    case 'mean':
      return mean();
    case 'lse':
      return lse({ t: settings.t });
    case 'boltzmann':
      return boltzmann({ kT: settings.kT });
  }
}

function settingOf(settings: CombinationSettings): number {
  switch (settings.kind) {
    case 'mean':
      return 0;
    case 'lse':
      return settings.t;
    case 'boltzmann':
      return settings.kT;
  }
}
