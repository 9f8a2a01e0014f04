import { interpreter, jit } from 'posetape';
import {
  boltzmann,
  type CombineOptions,
  type CombineResult,
  combinePoses,
  lse,
  mean,
  squaredError,
} from 'posetape/combine';
import { type VinaWeights, vinaWeights, type Weights } from '../../examples/vina/score.ts';
import type { Progress } from '../progress.ts';
import type { Ensemble } from '../vina/ensemble.ts';
import type { DockedPose } from '../vina/poses.ts';
import { score } from '../vina/score.ts';
import type { CombinationName, Options, StrategyName } from './options.ts';

/** What the command finds out. Energies are in kcal/mol. */
export interface Results {
  readonly files: Ensemble['files'];
  readonly kT: number;
  /** Sharpness of lse in mol/kcal. */
  readonly t: number;
  readonly target: number;
  /** ΔG_n of each pose, in the order of the file. */
  readonly predictions: readonly number[];
  readonly combinations: Readonly<Record<CombinationName, Combined>>;
  readonly loss: Loss;
  /** What each strategy took to get the gradient of the loss; the full graph by two executors. */
  readonly strategies: readonly StrategyCost[];
}

/** ΔG by one combination. */
export interface Combined {
  readonly value: number;
  /** w_n of each pose. */
  readonly weights: readonly number[];
  /** ∂ΔG/∂w for each of the six weights w of the scoring function. */
  readonly gradient: Weights<number>;
}

/** (ΔG − target)² in (kcal/mol)². */
export interface Loss {
  /** What ΔG is combined by. */
  readonly combination: CombinationName;
  readonly value: number;
  /** Its derivative by each of the six weights. */
  readonly gradient: Weights<number>;
}

/** What one strategy needs. */
export interface StrategyCost {
  readonly strategy: StrategyName;
  /** What ran the tapes. */
  readonly executor: string;
  /** The most bytes the engine held at once. */
  readonly peakBytes: number;
  /** The most poses whose tapes were alive at once. */
  readonly tapesAlive: number;
  readonly milliseconds: number;
  /** The largest relative difference of one of its derivatives to that of the loss. */
  readonly difference: number;
}

/** Combines the poses in all three ways, then takes the gradient of the loss by each strategy that is asked for. */
export async function runAll(
  { files, poses }: Ensemble,
  options: Options,
  progress: Progress,
): Promise<Results> {
  const { kT, t, target } = options;
  const executors = { jit: jit(), interpreter: interpreter() };
  const ways = { mean: mean(), lse: lse({ t }), boltzmann: boltzmann({ kT }) };
  const run = (task: string, how: How) => {
    progress.show(task, 0, poses.length);
    return combinePoses({
      poses,
      params: vinaWeights(),
      score,
      executor: executors.jit,
      ...how,
      onPose: ({ index, pass, passes }) =>
        progress.show(task, (pass - 1) * poses.length + index + 1, passes * poses.length),
    });
  };

  try {
    const average = await run('mean', { combination: ways.mean });
    const combinations = {
      mean: combined(average),
      lse: combined(await run('lse', { combination: ways.lse })),
      boltzmann: combined(await run('boltzmann', { combination: ways.boltzmann })),
    };

    const toLoss = { combination: ways[options.combination], loss: squaredError(target) };
    const { loss = Number.NaN, gradient } = await run('loss', toLoss);
    const strategies: StrategyCost[] = [];
    for (const strategy of options.strategies) {
      // Like beside like; by default a full graph runs on the interpreter, as it would be planned for one use.
      const by = strategy === 'full-graph' ? [executors.jit, executors.interpreter] : [executors.jit];
      for (const executor of by) {
        const start = performance.now();
        const result = await run(strategy, { ...toLoss, strategy, executor });
        const milliseconds = performance.now() - start;
        const { executor: ran, peakBytes, tapesAlive } = result.stats;
        const difference = largestDifference(result.gradient, gradient);
        strategies.push({ strategy, executor: ran, peakBytes, tapesAlive, milliseconds, difference });
      }
    }

    return {
      files,
      kT,
      t,
      target,
      predictions: [...average.predictions],
      combinations,
      loss: { combination: options.combination, value: loss, gradient: numbers(gradient) },
      strategies,
    };
  } finally {
    progress.stop();
  }
}

type How = Pick<CombineOptions<DockedPose, VinaWeights>, 'combination' | 'loss' | 'strategy' | 'executor'>;

function combined({ value, weights, gradient }: CombineResult<VinaWeights>): Combined {
  return { value, weights: [...weights], gradient: numbers(gradient) };
}

/** Tensors of shape [] as plain numbers. */
function numbers(tensors: VinaWeights): Weights<number> {
  const entries = Object.entries(tensors).map(([name, { data }]) => [name, data[0]]);
  return Object.fromEntries(entries) as Weights<number>;
}

/** The largest difference of a derivative, relative to that of `reference`. */
function largestDifference(gradient: VinaWeights, reference: VinaWeights): number {
  const expected = numbers(reference);
  const differences = Object.entries(numbers(gradient)).map(([name, slope]) => {
    const exact = expected[name as keyof VinaWeights];
    return Math.abs(slope - exact) / (Math.abs(exact) || 1);
  });
  return Math.max(...differences);
}
