import { boltzmann, type Params } from 'posetape/combine';
import { adam, fit, predict } from 'posetape/fit';
import type { FitCompound } from '../fit/dataset.ts';
import { batchLossOf } from '../fit/objective.ts';
import type { Settings } from '../schnet/model.ts';
import { readForNetwork } from './data.ts';

/** Settings of a small network, which can be fitted to a hundred compounds in minutes. */
export const networkSettings: Settings = {
  ...{ hidden: 8, gaussians: 16, interactions: 1, cutoff: 5 },
  ...{ neighbours: 8, pocket: 4.5, delta: true },
};

/** Number of docked poses of a compound that the network reads: the first ones, which docking ranks best. */
export const networkPoses = 2;

/** Settings of the network's fit. */
export const networkFit = { epochs: 12, batch: 28, rate: 0.01, patience: 4 } as const;

/**
 * Predicts ΔG of each compound by a SchNet that is fitted to the other targets. The loss is the squared error after the best
 * shift of each target, and the pooling is the Boltzmann average at 298 K. One of the other targets is held out to choose the
 * epoch.
 *
 * @param onTarget called before each target, with the number of targets done
 */
export async function networkPredictions(
  folders: readonly string[],
  seed: number,
  onTarget: (target: string, done: number) => unknown,
): Promise<Map<string, number>> {
  const { compounds, scorer } = await readForNetwork(folders, networkSettings, networkPoses);
  const targets = [...new Set(compounds.map(({ target }) => target))];
  const scoring = {
    ...{ score: scorer.score, posesPerTape: scorer.posesPerTape },
    combination: boltzmann({ kT: 0.593 }),
  };
  const batchLoss = batchLossOf<Params>({
    loss: 'within-target',
    readout: 'dG',
  });
  const predictions = new Map<string, number>();
  for (const [i, target] of targets.entries()) {
    await onTarget(target, i);
    const heldOut = targets[(i + 1) % targets.length];
    const { epochs, batch, rate, patience } = networkFit;
    const { params } = await fit<unknown, FitCompound, Params>({
      compounds: compounds.filter(each => each.target !== target),
      params: scorer.params as Params,
      ...scoring,
      ...(batchLoss && { batchLoss }),
      optimiser: adam({ rate, clip: { norm: 10 } }),
      ...{ epochs, batch, patience, seed },
      validation: each => each.target === heldOut,
    });
    const leftOut = compounds.filter(each => each.target === target);
    const predicted = await predict<unknown, FitCompound, Params>({ compounds: leftOut, params, ...scoring });
    for (const [j, { name }] of leftOut.entries()) predictions.set(name, predicted[j] as number);
  }
  return predictions;
}
