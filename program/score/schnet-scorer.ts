import type { GroupScorer, Params } from 'posetape/combine';
import { type Pose, pocketOf, poseOf } from '../../examples/networks/pose.ts';
import { heavyAtoms, readReceptor } from '../read/structure.ts';
import { readText } from '../read/text.ts';
import { type Model, untrained } from '../schnet/model.ts';
import { modelFromJson } from '../schnet/weights.ts';
import type { ScoreOptions } from './options.ts';
import { otherCompound, type PoseScorer } from './scorer.ts';

/** A SchNet, fitted or untrained, its weights the parameters. */
export async function schnetScorer(options: ScoreOptions): Promise<PoseScorer<Pose>> {
  const { network, weights, settings } = await modelOf(options);
  const receptor = await readReceptor(options.receptor);
  return {
    params: weights,
    score: network.scoreGroup as unknown as GroupScorer<Pose, Params>,
    posesPerTape: 1,
    reach: settings.pocket,
    compound() {
      let first: string | undefined;
      const kept: Float64Array[] = [];
      return {
        poseOf(molecule) {
          const ligand = heavyAtoms(molecule);
          const elements = [...ligand.elements].sort((a, b) => a - b).join(' ');
          first ??= elements;
          if (elements !== first) throw otherCompound(molecule);
          return poseOf(ligand, pocketOf(receptor, ligand, settings.pocket), settings);
        },
        isRepeated({ ligand: { coordinates } }, distance) {
          const isClose = kept.some(other => rmsdOf(coordinates.data, other) < distance);
          if (!isClose) kept.push(coordinates.data);
          return isClose;
        },
      };
    },
    isNear: ({ pocket }) => pocket.elements.length > 0,
  };
}

async function modelOf({ weights, settings, seed }: ScoreOptions): Promise<Model> {
  return weights === undefined ? untrained(settings, seed) : modelFromJson(await readText(weights), weights);
}

/** Å, atom by atom in the order of the file. */
function rmsdOf(a: Float64Array, b: Float64Array): number {
  const squares = a.reduce((sum, x, i) => sum + (x - (b[i] as number)) ** 2, 0);
  return Math.sqrt((3 * squares) / a.length);
}
