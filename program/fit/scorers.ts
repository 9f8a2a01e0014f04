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
import { rigidNotes } from '../score/rigid-notes.ts';
import { posesOf, type Receptor, receptorOf } from '../vina/poses.ts';
import { scoreGroup } from '../vina/score.ts';
import { withOffset } from '../weights/offset.ts';
import { readModel } from '../weights/read.ts';
import type { ScorerName } from '../weights/saved-model.ts';
import type { Source } from './dataset.ts';
import { slimmed } from './slim-pose.ts';

/** Scoring function whose parameters are to be fitted. */
export interface FitScorer<Pose = unknown> {
  readonly name: ScorerName;
  /** Settings of a network; absent for Vina. */
  readonly settings?: Settings;
  /** Initial parameters. */
  readonly params: Readonly<Record<string, Tensor<Float64Array>>>;
  /** Pooling that the initial weights were fitted with; absent if unknown. */
  readonly pooling?: GivenPooling;
  /** Initial offset in kcal/mol, if the file of initial weights has one. */
  readonly offset?: Tensor;
  readonly score: GroupScorer<Pose, Params>;
  /** Maximum number of poses that share a tape. */
  readonly posesPerTape: number;
  /** Reads the poses of a compound, at most `limit`. Throws an Error that names the file and what is wrong with it. */
  readonly posesOf: (source: Source, limit: number) => Promise<Pose[]>;
  /** Converts parameters to the weights that are saved. */
  readonly weightsOf: (params: Weights) => Weights;
}

/** Makes the chosen scorer with its initial weights. */
export function fitScorerOf(options: {
  /** Called with each line for the user about a pose that is read. By default, these lines are dropped. */
  readonly warn?: (line: string) => void;
  readonly scorer: ScorerName;
  readonly weights?: string;
  readonly settings: Settings;
  readonly seed: number;
}): Promise<FitScorer> {
  return (
    options.scorer === 'vina' ? vinaFitScorer(options) : schnetFitScorer(options)
  ) as Promise<FitScorer>;
}

/**
 * Makes the scorer of Vina's scoring function. The weights differ in size, so each parameter is a weight divided by AutoDock
 * Vina's value of it. All parameters are thus near 1.
 */
async function vinaFitScorer({
  weights: file,
  warn = () => {},
}: {
  readonly weights?: string;
  readonly warn?: (line: string) => void;
}): Promise<FitScorer<VinaPose>> {
  const noteRigid = rigidNotes('vina', warn);
  const units = vinaWeights();
  const names = Object.keys(units) as (keyof typeof units)[];
  const saved = file === undefined ? undefined : await readModel(file, 'vina');
  const initial = saved?.weights ?? units;
  const unitOf = (name: keyof typeof units) => units[name].data[0] as number;
  const params = names.map(name => [name, tensor((initial[name]?.data[0] as number) / unitOf(name))]);
  const score: GroupScorer<VinaPose, Params> = (tape, values, poses) => {
    // A fit passes parameters and poses with types that are wider than Vina's. Here, they are always Vina's.
    const weights = names.map(name => [name, mul(unitOf(name), values[name] as never)]);
    return scoreGroup(tape, { ...values, ...Object.fromEntries(weights) }, poses as never);
  };
  const receptors = cachingLast(async (path): Promise<Receptor> => receptorOf(await readMolecule(path)));
  return {
    name: 'vina',
    params: Object.fromEntries(params),
    ...(saved?.pooling && { pooling: saved.pooling }),
    ...(saved?.offset && { offset: saved.offset }),
    score: withOffset(score),
    posesPerTape: 4,
    async posesOf(source, limit) {
      const receptor = await receptors(source.receptor);
      const poses: VinaPose[] = [];
      for await (const pose of posesOf(receptor, readMolecules(source.poses))) {
        noteRigid(pose.molecule);
        poses.push(pose);
        if (poses.length >= limit) break;
      }
      // posesOf checks this, too, but only at the end of the file. `ligandAtom` has an entry for each pair within the cutoff.
      const isNear = poses.some(({ ligandAtom }) => ligandAtom.length > 0);
      if (!isNear)
        throw new Error(`${source.poses}: no pose comes within 8 Å of an atom of ${source.receptor}`);
      return slimmed(poses);
    },
    weightsOf: params => {
      const entries = names.map(name => [name, tensor((params[name]?.data[0] as number) * unitOf(name))]);
      return Object.fromEntries(entries);
    },
  };
}

/** Makes the scorer of a SchNet, with weights of a file or random ones. */
async function schnetFitScorer({
  weights: file,
  settings: given,
  seed,
}: {
  readonly weights?: string;
  readonly settings: Settings;
  readonly seed: number;
}): Promise<FitScorer<NetworkPose>> {
  const saved = file === undefined ? undefined : await readModel(file, 'schnet');
  const settings = saved?.settings ?? given;
  const model = saved ? { network: schnet(settings), weights: saved.weights } : untrained(settings, seed);
  const receptors = cachingLast(readReceptor);
  return {
    name: 'schnet',
    settings,
    params: model.weights as Readonly<Record<string, Tensor<Float64Array>>>,
    ...(saved?.pooling && { pooling: saved.pooling }),
    ...(saved?.offset && { offset: saved.offset }),
    // `params` has the weights that the network needs, so the type of the network's scorer may be widened.
    score: withOffset(model.network.scoreGroup as unknown as GroupScorer<NetworkPose, Params>),
    posesPerTape: 1,
    async posesOf({ receptor, poses }, limit) {
      const ligands = (await readPoses(poses)).slice(0, limit);
      return posesIn(await receptors(receptor), ligands, settings, { receptor, poses });
    },
    weightsOf: params =>
      Object.fromEntries(Object.keys(model.weights).map(name => [name, params[name] as Tensor])),
  };
}

/** Returns a reader of files that caches its last result, because compounds of one receptor follow one another. */
function cachingLast<T>(read: (path: string) => Promise<T>): (path: string) => Promise<T> {
  let last: { readonly path: string; readonly content: Promise<T> } | undefined;
  return path => {
    if (last?.path !== path) last = { path, content: read(path) };
    return last.content;
  };
}
