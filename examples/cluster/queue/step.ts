// One step of a fit of Vina's six weights, in pieces: what a job does, and in which order their results are merged. Nothing
// here knows of the queue.
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

/** The fit: a folder as `npm start -- fit` takes it, and the numbers of the fit. */
export interface Fit {
  readonly folder: string;
  readonly steps: number;
  readonly rate: number;
  /** Poses of a job. */
  readonly chunk: number;
}

/** Values of the parameters, or slopes in them. JSON keeps every bit of a finite number but the sign of −0. */
export type Theta = Readonly<Record<string, number>>;

/** Poses `from` to just before `to` of a compound. */
export interface Chunk {
  readonly compound: string;
  readonly from: number;
  readonly to: number;
}

/** A state and what it is made of: one chunk, or the states of others, merged in order. */
export type Node = { readonly key: string } & (
  | { readonly chunk: Chunk }
  | { readonly parts: readonly Node[] }
);

/** A compound of a step. */
export interface Compound {
  readonly name: string;
  readonly pKi: number;
  readonly root: Node;
}

/** Loss of a compound, and its gradient. */
export interface Closed {
  readonly loss: number;
  readonly gradient: Theta;
}

const kT = 0.593;
const combination = boltzmann({ kT });
/** The most states that one job merges. */
const arity = 8;

const scorers = new Map<string, ReturnType<typeof vinaScorer>>();
const scorerOf = (folder: string) => {
  const scorer = scorers.get(folder) ?? vinaScorer(join(folder, 'pocket.pdbqt'));
  scorers.set(folder, scorer);
  return scorer;
};
const fileOf = (folder: string, compound: string) => join(folder, `${compound}.pdbqt`);

export async function startOf({ folder }: Fit): Promise<Theta> {
  return numbersOf((await scorerOf(folder)).params);
}

/** Compounds of the folder, cut into chunks. */
export async function compoundsOf({ folder, chunk }: Fit, key: string): Promise<Compound[]> {
  const table = join(folder, 'affinities.csv');
  const compounds: Compound[] = [];
  for (const { ligand: name, pKi } of readAffinities(await readText(table), table)) {
    let poses = 0;
    const takes = () => ++poses === 0;
    for await (const _ of readMolecules(fileOf(folder, name), { takes }));
    const chunks = Array.from({ length: Math.ceil(poses / chunk) }, (_, i) => ({
      compound: name,
      from: i * chunk,
      to: Math.min(poses, (i + 1) * chunk),
    }));
    compounds.push({ name, pKi, root: treeOf(`${key}.${name}`, chunks) });
  }
  return compounds;
}

/** Tree of fixed arity over the chunks: it says the order of all merges, and so every bit of their result. */
function treeOf(key: string, chunks: readonly Chunk[]): Node {
  let row: Node[] = chunks.map((chunk, i) => ({ key: `${key}.0.${i}`, chunk }));
  for (let level = 1; row.length > 1; level++) {
    const below = row;
    row = Array.from({ length: Math.ceil(below.length / arity) }, (_, i) => ({
      key: `${key}.${level}.${i}`,
      parts: below.slice(i * arity, (i + 1) * arity),
    }));
  }
  return row[0] as Node;
}

/** State of a chunk's poses. */
export async function scored(folder: string, chunk: Chunk, theta: Theta): Promise<AccumulatorJSON> {
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
    // Timers get a turn, by which the queue's lock on the job is renewed.
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

/** One state of several, in their order. */
export function merged(states: readonly AccumulatorJSON[]): AccumulatorJSON {
  return states
    .map(state => combination.accumulator(state))
    .reduce((a, b) => a.merge(b))
    .toJSON();
}

export function closed(state: AccumulatorJSON, measured: number, theta: Theta): Closed {
  const { loss, gradient } = finish(combination.accumulator(state), {
    ...{ combination, params: tensorsOf(theta), readout: pKi({ kT }), loss: squaredError(measured) },
  });
  return { loss: loss as number, gradient: numbersOf(gradient) };
}

/** A step down the mean gradient of all compounds, in their order. */
export function stepped(
  theta: Theta,
  rate: number,
  compounds: readonly Closed[],
): { readonly theta: Theta; readonly loss: number } {
  const meanOf = (of: (compound: Closed) => number) =>
    compounds.reduce((sum, compound) => sum + of(compound), 0) / compounds.length;
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
