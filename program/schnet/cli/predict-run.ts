import { boltzmann, combinePoses, lse, mean } from 'posetape/combine';
import type { Weights } from '../../../examples/networks/layers.ts';
import type { Pose } from '../../../examples/networks/pose.ts';
import type { Progress } from '../../progress.ts';
import { symbolOf } from '../../read/elements.ts';
import { type CombinationName, combinationNames } from '../../score/options.ts';
import type { Model, Settings } from '../model.ts';
import { refine, slopeOf } from '../refine.ts';
import type { PredictOptions } from './predict-options.ts';

/** What the command finds out. Energies are in kcal/mol if the model was fitted to such, lengths in Å. */
export interface Prediction {
  readonly files: {
    readonly receptor: string;
    readonly poses: string;
    /** The file of the fitted model; null if its weights are random. */
    readonly weights: string | null;
  };
  readonly settings: Settings;
  readonly kT: number;
  readonly t: number;
  /** ΔG_n of each pose, in the order of the file. */
  readonly predictions: readonly number[];
  /** ΔG by each combination. */
  readonly combined: Readonly<Record<CombinationName, number>>;
  /** Which of them the following are of. */
  readonly combination: CombinationName;
  /** w_n of each pose. */
  readonly weights: readonly number[];
  /** c_n = ∂ΔG/∂ΔG_n of each pose. */
  readonly coefficients: readonly number[];
  /** |∂ΔG/∂θ| for each parameter θ. */
  readonly gradientNorms: Readonly<Record<string, number>>;
  readonly peakBytes: number;
  readonly pose: PoseSlopes;
  readonly refined: RefinedPose;
}

/** One pose in detail. */
export interface PoseSlopes {
  /** From 1. */
  readonly number: number;
  readonly prediction: number;
  /** c_n: ∂ΔG/∂x of the combined ΔG is this times the slopes. */
  readonly coefficient: number;
  /** Symbols of the ligand's heavy atoms. */
  readonly elements: readonly string[];
  /** ∂ΔG_n/∂x of each atom. */
  readonly slopes: readonly (readonly number[])[];
}

/** That pose after refinement. */
export interface RefinedPose {
  /** ΔG_n at the start and after each step. */
  readonly energies: readonly number[];
  /** Å */
  readonly rmsd: number;
  /** Å, of the ligand's heavy atoms */
  readonly coordinates: readonly (readonly number[])[];
}

/** Scores and combines all poses, then differentiates and refines one. */
export async function predictAll(
  model: Model,
  poses: readonly Pose[],
  options: PredictOptions,
  progress: Progress,
): Promise<Prediction> {
  const { kT, t, receptor, poses: posesFile, weights: weightsFile } = options;
  const ways = { mean: mean(), lse: lse({ t }), boltzmann: boltzmann({ kT }) };
  const chosen = options.pose;
  if (chosen !== undefined && chosen > poses.length) {
    throw new Error(`--pose ${chosen}: ${posesFile} has ${poses.length}`);
  }
  try {
    const { predictions, weights, coefficients, gradient, stats } = await combinePoses({
      poses,
      params: model.weights,
      score: model.network.score,
      combination: ways[options.combination],
      onPose: ({ index }) => progress.show('poses', index + 1, poses.length),
    });
    const energyBy = (name: CombinationName): number => {
      const accumulator = ways[name].accumulator();
      for (const prediction of predictions) accumulator.add(prediction, null);
      return accumulator.result().value;
    };
    const best = predictions.reduce((least, prediction) => Math.min(least, prediction));
    const number = chosen ?? predictions.indexOf(best) + 1;
    const pose = poses[number - 1] as Pose;
    const { energy, slope } = slopeOf(model, pose);
    const { energies, rmsd, ligand } = refine(model, pose, options.refine);
    return {
      files: { receptor, poses: posesFile, weights: weightsFile ?? null },
      settings: model.settings,
      kT,
      t,
      predictions: [...predictions],
      combined: Object.fromEntries(
        combinationNames.map(name => [name, energyBy(name)]),
      ) as Prediction['combined'],
      combination: options.combination,
      weights: [...weights],
      coefficients: [...coefficients],
      gradientNorms: norms(gradient),
      peakBytes: stats.peakBytes,
      pose: {
        number,
        prediction: energy,
        coefficient: coefficients[number - 1] as number,
        elements: Array.from(pose.ligand.elements, symbolOf),
        slopes: rows(slope.data),
      },
      refined: { energies, rmsd, coordinates: rows(ligand.coordinates.data) },
    };
  } finally {
    progress.stop();
  }
}

function norms(gradient: Weights): Record<string, number> {
  return Object.fromEntries(Object.entries(gradient).map(([name, { data }]) => [name, lengthOf(data)]));
}

/** One by one: a layer may have more weights than a call takes arguments. */
function lengthOf(slopes: Iterable<number>): number {
  let length = 0;
  for (const slope of slopes) length = Math.hypot(length, slope);
  return length;
}

/** Three numbers a row. */
function rows(data: ArrayLike<number>): number[][] {
  const list = Array.from(data);
  return Array.from({ length: list.length / 3 }, (_, i) => list.slice(3 * i, 3 * i + 3));
}
