import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jit } from 'posetape';
import type { Pose } from '../../examples/vina/pairs.ts';
import { bindingEnergy, type FitCompound } from '../fit/dataset.ts';
import { fitScorerOf } from '../fit/scorers.ts';
import { findSources } from '../fit/sources.ts';
import type { Settings } from '../schnet/model.ts';
import { termsOf } from '../vina/score.ts';

/** A compound of the study, with the terms of its poses. */
export interface StudyCompound extends FitCompound<Pose> {
  readonly poses: readonly Pose[];
  /** Measured ΔG, in kcal/mol. */
  readonly measured: number;
  /** Number of heavy atoms. */
  readonly heavyAtoms: number;
  /** Unweighted terms of each pose, in the order of {@link termNames}. */
  readonly terms: readonly (readonly number[])[];
  /** Number of rotors, N_rot. */
  readonly rotors: number;
}

/** Names of the terms. */
export const termNames = ['gauss1', 'gauss2', 'repulsion', 'hydrophobic', 'hydrogenBond'] as const;

/**
 * Returns the folders inside a folder, sorted by name. Each holds the compounds of a target.
 *
 * @throws Error if there are fewer than three
 */
export async function targetFolders(root: string): Promise<string[]> {
  const inside = await readdir(root, { withFileTypes: true });
  const folders = inside.filter(each => each.isDirectory()).map(({ name }) => join(root, name));
  if (folders.length < 3) throw new Error(`${root}: expected at least three folders, one for each target`);
  return folders.sort();
}

/** Reads compounds as `fit --scorer vina` does. IC50 is taken for Ki: in a target, pIC50 and pKi differ by a constant. */
export async function readStudy(folders: readonly string[]): Promise<StudyCompound[]> {
  const scorer = await fitScorerOf({ scorer: 'vina', settings: unused, seed: 1 });
  const executor = jit();
  const sources = await findSources({ folder: folders, scorer: 'vina' }, { ic50AsKi: true });
  const compounds: StudyCompound[] = [];
  for (const source of sources) {
    const poses = (await scorer.posesOf(source, Number.POSITIVE_INFINITY)) as Pose[];
    const { pKi, bound } = source.affinity;
    if (bound) throw new Error(`${source.poses}: expected a measured affinity, found a bound`);
    const terms = poses.map(pose => {
      const sums = termsOf(pose as Parameters<typeof termsOf>[0], executor);
      return termNames.map(name => sums[name]);
    });
    const { ligand, rotors } = poses[0] as Pose;
    compounds.push({
      ...{ name: source.name, target: source.target, pKi, poses, poseCount: poses.length, terms, rotors },
      ...{ measured: bindingEnergy(pKi), heavyAtoms: ligand.shape[0] as number },
    });
  }
  return compounds;
}

/** Settings of a network, which the scorer of Vina ignores. */
const unused: Settings = {
  ...{ hidden: 2, gaussians: 2, interactions: 1, cutoff: 1 },
  ...{ neighbours: 1, pocket: 1, delta: true },
};

/** Reads the compounds of {@link readStudy}, whose poses are PDBQT, and prepares up to `poses` poses of each for a SchNet. */
export async function readForNetwork(
  folders: readonly string[],
  settings: Settings,
  poses: number,
): Promise<{ readonly compounds: FitCompound[]; readonly scorer: Awaited<ReturnType<typeof fitScorerOf>> }> {
  const scorer = await fitScorerOf({ scorer: 'schnet', settings, seed: 1 });
  const sources = await findSources({ folder: folders, scorer: 'vina' }, { ic50AsKi: true });
  const compounds: FitCompound[] = [];
  for (const source of sources) {
    const read = await scorer.posesOf(source, poses);
    const { name, target, affinity } = source;
    compounds.push({ name, target, poses: read, poseCount: read.length, pKi: affinity.pKi });
  }
  return { compounds, scorer };
}
