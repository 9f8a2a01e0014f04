import type { GroupScorer, Params } from 'posetape/combine';
import type { Weights } from '../../examples/networks/layers.ts';
import { type Pose, pocketOf, poseOf } from '../../examples/networks/pose.ts';
import { type SchNet, schnet } from '../../examples/schnet/schnet.ts';
import type { GivenPooling } from '../command/poolings.ts';
import { heavyAtoms, readReceptor } from '../read/structure.ts';
import { type Settings, untrained } from '../schnet/model.ts';
import { withOffset } from '../weights/offset.ts';
import { readModel } from '../weights/read.ts';
import { paramsOf } from '../weights/saved-model.ts';
import type { ScoreOptions } from './options.ts';
import { otherCompoundError, type PoseScorer } from './scorer.ts';

/** Makes the scorer of a SchNet, fitted or untrained. Its parameters are the weights of the network. */
export async function schnetScorer(options: ScoreOptions): Promise<PoseScorer<Pose>> {
  const { network, weights, settings, pooling } = await modelOf(options);
  const receptor = await readReceptor(options.receptor);
  return {
    params: weights,
    // `params` has the weights that the network needs, so the type of the network's scorer may be widened.
    score: withOffset(network.scoreGroup as unknown as GroupScorer<Pose, Params>),
    ...(pooling && { pooling }),
    posesPerTape: 1,
    reach: settings.pocket,
    compound() {
      let first: string | undefined;
      const distinct: Float64Array[] = [];
      return {
        poseOf(molecule) {
          const ligand = heavyAtoms(molecule);
          const elements = [...ligand.elements].sort((a, b) => a - b).join(' ');
          first ??= elements;
          if (elements !== first) throw otherCompoundError(molecule);
          return poseOf(ligand, pocketOf(receptor, ligand, settings.pocket), settings);
        },
        isRepeated({ ligand: { coordinates } }, distance) {
          const isClose = distinct.some(other => rmsdOf(coordinates.data, other) < distance);
          if (!isClose) distinct.push(coordinates.data);
          return isClose;
        },
      };
    },
    isNear: ({ pocket }) => pocket.elements.length > 0,
  };
}

/** Network with its weights, and the pooling that they were fitted with, if any. */
interface LoadedModel {
  readonly network: SchNet;
  readonly weights: Weights;
  readonly settings: Settings;
  readonly pooling?: GivenPooling;
}

async function modelOf({ weights: file, settings, seed }: ScoreOptions): Promise<LoadedModel> {
  if (file === undefined) return untrained(settings, seed);
  const { pooling, ...saved } = await readModel(file, 'schnet');
  const savedSettings = saved.settings as Settings;
  const model = { network: schnet(savedSettings), weights: paramsOf(saved), settings: savedSettings };
  return pooling ? { ...model, pooling } : model;
}

/** Returns the RMSD of two poses with atoms in the same order, in Å. */
function rmsdOf(a: Float64Array, b: Float64Array): number {
  const squares = a.reduce((sum, x, i) => sum + (x - (b[i] as number)) ** 2, 0);
  // Each atom has three coordinates.
  return Math.sqrt((3 * squares) / a.length);
}
