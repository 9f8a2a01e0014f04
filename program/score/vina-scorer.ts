import { jit } from 'posetape';
import type { GroupScorer, Params } from 'posetape/combine';
import { cutoff } from '../../examples/vina/pairs.ts';
import { vinaWeights } from '../../examples/vina/score.ts';
import { readMolecule } from '../read/files.ts';
import { type Compound, compoundOf } from '../vina/compound.ts';
import { duplicateFinder } from '../vina/duplicates.ts';
import { type DockedPose, poseIn, receptorOf } from '../vina/poses.ts';
import { scoreGroup, termsOf } from '../vina/score.ts';
import { withOffset } from '../weights/offset.ts';
import { readModel } from '../weights/read.ts';
import { paramsOf } from '../weights/saved-model.ts';
import { otherCompoundError, type PoseScorer } from './scorer.ts';

/**
 * Makes the scorer of AutoDock Vina's scoring function. Its parameters are the six weights, and the offset of the file of
 * weights if it has one.
 *
 * @param weightsFile file of fitted weights; by default the weights are those of AutoDock Vina
 */
export async function vinaScorer(
  receptorFile: string,
  weightsFile?: string,
): Promise<PoseScorer<DockedPose>> {
  const model = weightsFile === undefined ? undefined : await readModel(weightsFile, 'vina');
  const receptor = receptorOf(await readMolecule(receptorFile));
  const executor = jit();
  return {
    params: model ? paramsOf(model) : vinaWeights(),
    ...(model?.pooling && { pooling: model.pooling }),
    // scoreGroup needs the six weights by name, and both sources of `params` have them. Its type is widened to any parameters.
    score: withOffset(scoreGroup as unknown as GroupScorer<DockedPose, Params>),
    posesPerTape: 4,
    reach: cutoff,
    compound() {
      let compound: Compound | undefined;
      let findDuplicate: ReturnType<typeof duplicateFinder> | undefined;
      return {
        poseOf(molecule) {
          compound ??= compoundOf(molecule);
          const pose = poseIn(receptor, compound, molecule);
          if (!pose) throw otherCompoundError(molecule);
          return pose;
        },
        isRepeated(pose, distance) {
          findDuplicate ??= duplicateFinder(distance);
          return findDuplicate(pose) !== undefined;
        },
      };
    },
    // `ligandAtom` has an entry for each pair within the cutoff.
    isNear: ({ ligandAtom }) => ligandAtom.length > 0,
    termsOf: pose => ({ ...termsOf(pose, executor) }),
  };
}
