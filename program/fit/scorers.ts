import { type Tensor, tensor } from 'posetape';
import type { GroupScorer, Params } from 'posetape/combine';
import { mul } from 'posetape/ops';
import type { Weights } from '../../examples/networks/layers.ts';
import type { Pose as NetworkPose } from '../../examples/networks/pose.ts';
import { schnet } from '../../examples/schnet/schnet.ts';
import type { Pose as VinaPose } from '../../examples/vina/pairs.ts';
import { vinaWeights } from '../../examples/vina/score.ts';
import type { GivenPooling } from '../command/poolings.ts';
import { readMolecule, readMolecules } from '../read/files.ts';
import { readPoses, readReceptor } from '../read/structure.ts';
import { posesIn, type Settings, untrained } from '../schnet/model.ts';
import { posesOf, type Receptor, receptorOf } from '../vina/poses.ts';
import { scoreGroup } from '../vina/score.ts';
import { withOffset } from '../weights/offset.ts';
import { readModel } from '../weights/read.ts';
import type { ScorerName } from '../weights/saved-model.ts';
import type { Source } from './dataset.ts';
import { slimmed } from './slim-pose.ts';

/** Scoring function with parameters to be fitted. */
export interface FitScorer<Pose = unknown> {
  readonly name: ScorerName;
  /** Settings of a network. */
  readonly settings?: Settings;
  /** Parameters to begin with. */
  readonly params: Readonly<Record<string, Tensor<Float64Array>>>;
  /** Pooling that the initial weights were fitted with, if they were fitted. */
  readonly pooling?: GivenPooling;
  /** Offset to begin with, if there is one. */
  readonly offset?: Tensor;
  readonly score: GroupScorer<Pose, Params>;
  readonly posesPerTape: number;
  /** Makes the poses of a compound. Throws Error naming the file and what is wrong. */
  readonly posesOf: (source: Source, most: number) => Promise<Pose[]>;
  /** Converts parameters to weights as they are saved. */
  readonly weightsOf: (params: Weights) => Weights;
}

/** The scorer that was chosen, with its first weights. */
export function fitScorerOf(options: {
  readonly scorer: ScorerName;
  readonly weights?: string;
  readonly settings: Settings;
  readonly seed: number;
}): Promise<FitScorer> {
  return (options.scorer === 'vina' ? vina(options) : network(options)) as Promise<FitScorer>;
}

/**
 * Vina's scoring function. Its weights differ in size, so each parameter is a weight divided by that of
 * AutoDock Vina: all are about 1.
 */
async function vina({ weights: file }: { readonly weights?: string }): Promise<FitScorer<VinaPose>> {
  const units = vinaWeights();
  const names = Object.keys(units) as (keyof typeof units)[];
  const saved = file === undefined ? undefined : await readModel(file, 'vina');
  const first = saved?.weights ?? units;
  const unitOf = (name: keyof typeof units) => units[name].data[0] as number;
  const params = names.map(name => [name, tensor((first[name]?.data[0] as number) / unitOf(name))]);
  const score: GroupScorer<VinaPose, Params> = (tape, values, poses) => {
    const weights = names.map(name => [name, mul(unitOf(name), values[name] as never)]);
    return scoreGroup(tape, { ...values, ...Object.fromEntries(weights) }, poses as never);
  };
  const receptors = lastOnly(async (path): Promise<Receptor> => receptorOf(await readMolecule(path)));
  return {
    name: 'vina',
    params: Object.fromEntries(params),
    ...(saved?.pooling && { pooling: saved.pooling }),
    ...(saved?.offset && { offset: saved.offset }),
    score: withOffset(score),
    posesPerTape: 4,
    async posesOf(source, most) {
      const receptor = await receptors(source.receptor);
      const poses: VinaPose[] = [];
      for await (const pose of posesOf(receptor, readMolecules(source.poses))) {
        poses.push(pose);
        if (poses.length >= most) break;
      }
      // posesOf checks this only when it reaches the end.
      const isNear = poses.some(({ ligandAtom }) => ligandAtom.length > 0);
      if (!isNear)
        throw new Error(`${source.poses}: no pose comes within 8 Å of an atom of ${source.receptor}`);
      return slimmed(poses);
    },
    weightsOf: found => {
      const entries = names.map(name => [name, tensor((found[name]?.data[0] as number) * unitOf(name))]);
      return Object.fromEntries(entries);
    },
  };
}

async function network({
  weights: file,
  settings: asked,
  seed,
}: {
  readonly weights?: string;
  readonly settings: Settings;
  readonly seed: number;
}): Promise<FitScorer<NetworkPose>> {
  const saved = file === undefined ? undefined : await readModel(file, 'schnet');
  const settings = saved?.settings ?? asked;
  const model = saved ? { network: schnet(settings), weights: saved.weights } : untrained(settings, seed);
  const receptors = lastOnly(readReceptor);
  return {
    name: 'schnet',
    settings,
    params: model.weights as Readonly<Record<string, Tensor<Float64Array>>>,
    ...(saved?.pooling && { pooling: saved.pooling }),
    ...(saved?.offset && { offset: saved.offset }),
    score: withOffset(model.network.scoreGroup as unknown as GroupScorer<NetworkPose, Params>),
    posesPerTape: 1,
    async posesOf({ receptor, poses }, most) {
      const ligands = (await readPoses(poses)).slice(0, most);
      return posesIn(await receptors(receptor), ligands, settings, { receptor, poses });
    },
    weightsOf: found =>
      Object.fromEntries(Object.keys(model.weights).map(name => [name, found[name] as Tensor])),
  };
}

/** A reader that remembers the last file: compounds of one receptor follow each other. */
function lastOnly<T>(read: (path: string) => Promise<T>): (path: string) => Promise<T> {
  let last: { readonly path: string; readonly found: Promise<T> } | undefined;
  return path => {
    if (last?.path !== path) last = { path, found: read(path) };
    return last.found;
  };
}
