import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { Precision } from 'posetape';
import type { GroupScorer, Params, Scorer } from 'posetape/combine';
import { atomsOf, type Pose as SchNetPose, selected } from '../../examples/networks/pose.ts';
import { type Sizes, schnet } from '../../examples/schnet/schnet.ts';
import type { Pose as VinaPose } from '../../examples/vina/pairs.ts';
import { score, scoreGroup, vinaWeights } from '../../examples/vina/score.ts';
import { readEnsemble } from '../../program/vina/files.ts';
import { handPairs } from '../hand/pairs.ts';
import { type HandWeights, handVina } from '../hand/vina.ts';
import {
  type Data,
  type DataName,
  dataNames,
  generate,
  graphsOf,
  paramsOf,
  readData,
  writeData,
} from './data.ts';
import { ladderTask } from './ladder.ts';
import { messagesTask } from './messages.ts';
import { type PairParams, pairLists, scoreList, scoreLists } from './pairs.ts';

/** Workload: poses, parameters and scorers. */
export interface Task<Pose = unknown, P extends Params = Params> {
  readonly poses: readonly Pose[];
  /** Compounds with their poses and targets. Only a workload with a loss has them. */
  readonly compounds?: readonly { readonly poses: readonly Pose[]; readonly target: number }[];
  readonly params: P;
  readonly score: Scorer<Pose, P>;
  readonly scoreGroup?: GroupScorer<Pose, P>;
  readonly precision: Precision;
  /** Hand-written scorer: `run` returns ΔG of a pose, and writes the gradient of ΔG to `gradient`. */
  readonly hand?: { readonly gradient: Float64Array; readonly run: (pose: Pose) => number };
  /** Small pose, with a tape of the same structure as the others. The process warms up on it before memory is measured. */
  readonly warmUpPose?: Pose;
}

/** Environment variable that tells measured processes the folder to which {@link writePoses} has written the poses. */
const folderVariable = 'POSETAPE_BENCH_POSES';

/** Writes the poses of `vina` and of the synthetic workloads to files, so that measured processes need not make them. */
export async function writePoses(folder: string): Promise<void> {
  await writeFile(join(folder, 'vina'), serialize(await vinaPoses()));
  for (const name of dataNames) await writeData(folder, name, generate(name));
  process.env[folderVariable] = folder;
}

/** Reads the poses of imatinib in c-Abl. */
export async function vinaPoses(): Promise<readonly VinaPose[]> {
  const data = 'examples/vina/data/imatinib-abl';
  const { poses } = await readEnsemble(`${data}/pocket.pdbqt`, `${data}/poses.pdbqt`);
  // Keeps only the fields that the scorer reads, and drops others, such as the molecules.
  return poses.map(
    ({ ligand, receptor, ligandAtom, receptorAtom, radii, hydrophobic, hydrogenBond, rotors }) => ({
      ...{ ligand, receptor, rotors },
      ...{ ligandAtom, receptorAtom, radii, hydrophobic, hydrogenBond },
    }),
  );
}

/**
 * Reads a workload with `count` poses.
 *
 * @param name `network`, a SchNet; `small`, a SchNet of few atoms; `list`, a pair potential; `messages`, message passing; `vina`, the
 * scorer of examples/ on imatinib; or a scorer of the ladder, such as `pairs,1000`
 * @throws Error if the name is unknown
 */
export async function readTask(name: string, count: number): Promise<Task> {
  if (name.includes(',')) return ladderTask(name, count);
  const folder = process.env[folderVariable];
  if (name === 'vina') {
    const poses = folder ? deserialize(await readFile(join(folder, name))) : await vinaPoses();
    return vinaTask(poses, count);
  }
  if (!dataNames.includes(name as DataName))
    throw new Error(`unknown workload ${name}: expected vina, ${dataNames.join(', ')}, or one of the ladder`);
  const data = folder ? await readData(folder, name) : generate(name as DataName);
  return taskOf(name as DataName, data, count);
}

function vinaTask(distinct: readonly VinaPose[], count: number): Task {
  const poses = Array.from({ length: count }, (_, n) => distinct[n % distinct.length] as VinaPose);
  const params = vinaWeights();
  const { gradient, score: byHand } = handVina();
  const weights = Object.values(params).map(({ data }) => data[0]) as unknown as HandWeights;
  const hand = { gradient, run: (pose: VinaPose) => byHand(pose, weights) };
  const fields = ['ligandAtom', 'receptorAtom', 'radii', 'hydrophobic', 'hydrogenBond'] as const;
  const [first] = poses as [VinaPose];
  // The pose to warm up with is the first pose with only its first 64 pairs.
  const firstPairs = Object.fromEntries(fields.map(name => [name, first[name].slice(0, 64)]));
  const warmUpPose = { ...first, ...firstPairs };
  return { poses, params, score, scoreGroup, warmUpPose, hand, precision: 'float64' } as unknown as Task;
}

/** Makes a workload of synthetic data, in float32. */
export function taskOf(name: DataName, data: Data, count: number): Task {
  if (name === 'messages') return messagesTask(data, count);
  const common = { params: paramsOf(data), precision: 'float32' };
  const { params } = common;
  if (name === 'list') {
    const scoring = { score: scoreList, scoreGroup: scoreLists, hand: handPairs(params as PairParams) };
    return { ...common, ...scoring, poses: pairLists(data, count) } as unknown as Task;
  }
  const { energy, score, scoreGroup } = schnet(data.settings as unknown as Sizes);
  const graphs = graphsOf(data, count).map(({ types, ...graph }) => ({ ...graph, elements: types }));
  if (name === 'network') {
    const scoreLengths: Scorer<(typeof graphs)[number], Params> = (tape, weights, graph) =>
      energy(tape, weights, { ...graph, distances: tape.constant(graph.lengths) });
    return { ...common, poses: graphs, score: scoreLengths } as unknown as Task;
  }
  // Workload `small` computes its distances on the tape, as examples/schnet does.
  const poses = graphs.map(({ elements, coordinates, ligandAtoms, src, dst }): SchNetPose => {
    const all = atomsOf([...elements], [...coordinates]);
    const ligand = selected(all, atom => atom < ligandAtoms);
    const pocket = selected(all, atom => atom >= ligandAtoms);
    return { ligand, pocket, complex: { elements, src, dst } };
  });
  return { ...common, poses, score, scoreGroup } as unknown as Task;
}
