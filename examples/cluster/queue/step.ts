// One step of a fit of Vina's six weights: the work of each kind of job, and the order in which results are merged.
// This file does not depend on the queue.
import { join } from 'node:path';
import { tensor } from 'posetape';
import {
  type AccumulatorJSON,
  accumulatePoses,
  boltzmann,
  finish,
  pKi,
  squaredError,
} from 'posetape/combine';
import { readAffinities } from '../../../program/read/affinities.ts';
import { readMolecules } from '../../../program/read/files.ts';
import { readText } from '../../../program/read/text.ts';
import { vinaScorer } from '../../../program/score/vina-scorer.ts';

/** Settings of the fit. */
export interface Fit {
  /** Folder with the receptor, the poses and the affinities, as for `npm start -- fit`. */
  readonly folder: string;
  readonly steps: number;
  /** Learning rate. */
  readonly rate: number;
  /** Number of poses that one job scores. */
  readonly posesPerChunk: number;
}

/** Parameters by name, or a gradient by the name of its parameter. JSON keeps every finite number exactly, but turns −0 to 0. */
export type Theta = Readonly<Record<string, number>>;

/** Poses `from` (inclusive) to `to` (exclusive) of a compound. */
export interface Chunk {
  readonly compound: string;
  readonly from: number;
  readonly to: number;
}

/** Node of the merge tree. It stands for the state of one chunk, or for the states of its parts, merged in order. */
export type Node = { readonly key: string } & (
  | { readonly chunk: Chunk }
  | { readonly parts: readonly Node[] }
);

/** Compound with its measured pKi and its merge tree. */
export interface Compound {
  readonly name: string;
  readonly pKi: number;
  readonly root: Node;
}

/** Loss of a compound, and its gradient. */
export interface CompoundLoss {
  readonly loss: number;
  readonly gradient: Theta;
}

/** kT at room temperature, in kcal/mol. */
const kT = 0.593;
const combination = boltzmann({ kT });
/** Maximum number of states that one job merges. */
const arity = 8;

const scorers = new Map<string, ReturnType<typeof vinaScorer>>();
const scorerOf = (folder: string) => {
  const scorer = scorers.get(folder) ?? vinaScorer(join(folder, 'pocket.pdbqt'));
  scorers.set(folder, scorer);
  return scorer;
};
const fileOf = (folder: string, compound: string) => join(folder, `${compound}.pdbqt`);

/** Returns the initial parameters. */
export async function startOf({ folder }: Fit): Promise<Theta> {
  return numbersOf((await scorerOf(folder)).params);
}

/** Reads the compounds of the folder and divides their poses into chunks. The keys of all nodes begin with `prefix`. */
export async function compoundsOf({ folder, posesPerChunk }: Fit, prefix: string): Promise<Compound[]> {
  const table = join(folder, 'affinities.csv');
  const compounds: Compound[] = [];
  for (const { ligand: name, pKi } of readAffinities(await readText(table), table)) {
    const poses = await countPoses(fileOf(folder, name));
    const chunks = Array.from({ length: Math.ceil(poses / posesPerChunk) }, (_, i) => ({
      compound: name,
      from: i * posesPerChunk,
      to: Math.min(poses, (i + 1) * posesPerChunk),
    }));
    compounds.push({ name, pKi, root: treeOf(`${prefix}.${name}`, chunks) });
  }
  return compounds;
}

/** Counts the poses of a file. `takes` counts each pose, and returns false so that the pose is not parsed. */
async function countPoses(file: string): Promise<number> {
  let poses = 0;
  const takes = () => {
    poses++;
    return false;
  };
  for await (const _ of readMolecules(file, { takes }));
  return poses;
}

/** Returns a tree of fixed arity over the chunks. It fixes the order of all merges, so rounding is the same in every run. */
function treeOf(prefix: string, chunks: readonly Chunk[]): Node {
  let row: Node[] = chunks.map((chunk, i) => ({ key: `${prefix}.0.${i}`, chunk }));
  for (let level = 1; row.length > 1; level++) {
    const below = row;
    row = Array.from({ length: Math.ceil(below.length / arity) }, (_, i) => ({
      key: `${prefix}.${level}.${i}`,
      parts: below.slice(i * arity, (i + 1) * arity),
    }));
  }
  return row[0] as Node;
}

/** Scores the poses of a chunk and returns their state. */
export async function scoreChunk(folder: string, chunk: Chunk, theta: Theta): Promise<AccumulatorJSON> {
  const { score, posesPerTape, compound } = await scorerOf(folder);
  const { poseOf } = compound();
  const poses = async function* () {
    let record = -1;
    const takes = () => ++record >= chunk.from && record < chunk.to;
    for await (const molecule of readMolecules(fileOf(folder, chunk.compound), { takes }))
      yield poseOf(molecule);
  };
  let last = performance.now();
  const { state } = await accumulatePoses({
    ...{ combination, score, posesPerTape, poses: poses(), params: tensorsOf(theta) },
    // Lets timers run every 50 ms, because BullMQ uses a timer to renew its lock on the job.
    onPose() {
      if (performance.now() - last < 50) return undefined;
      return new Promise<void>(resolve => {
        setImmediate(() => {
          last = performance.now();
          resolve();
        });
      });
    },
  });
  return state.toJSON();
}

/** Merges states in order. */
export function mergeStates(states: readonly AccumulatorJSON[]): AccumulatorJSON {
  return states
    .map(state => combination.accumulator(state))
    .reduce((a, b) => a.merge(b))
    .toJSON();
}

/** Returns the loss of a compound and its gradient, from the merged state of its poses. */
export function lossOf(state: AccumulatorJSON, measured: number, theta: Theta): CompoundLoss {
  const { loss, gradient } = finish(combination.accumulator(state), {
    ...{ combination, params: tensorsOf(theta), readout: pKi({ kT }), loss: squaredError(measured) },
  });
  return { loss: loss as number, gradient: numbersOf(gradient) };
}

/** Makes a step against the mean gradient of all compounds. Returns the next parameters and the mean loss. */
export function takeStep(
  theta: Theta,
  rate: number,
  compounds: readonly CompoundLoss[],
): { readonly theta: Theta; readonly loss: number } {
  const meanOf = (numberOf: (compound: CompoundLoss) => number) =>
    compounds.reduce((sum, compound) => sum + numberOf(compound), 0) / compounds.length;
  const next = Object.entries(theta).map(([name, value]) => [
    name,
    value - rate * meanOf(({ gradient }) => gradient[name] as number),
  ]);
  return { theta: Object.fromEntries(next) as Theta, loss: meanOf(({ loss }) => loss) };
}

function tensorsOf(theta: Theta) {
  return Object.fromEntries(Object.entries(theta).map(([name, value]) => [name, tensor(value)]));
}

function numbersOf(tensors: Readonly<Record<string, { readonly data: ArrayLike<number> }>>): Theta {
  return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data[0] as number]));
}
