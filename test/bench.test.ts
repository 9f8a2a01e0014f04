import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interpreter, jit, type Tensor, tensor } from 'posetape';
import { combinePoses, lse, type Params, type Scorer } from 'posetape/combine';
import { beforeAll, describe, expect, test } from 'vitest';
import { SmoothMinimum } from '../bench/hand/fold.ts';
import { handPairs } from '../bench/hand/pairs.ts';
import { type HandWeights, handVina } from '../bench/hand/vina.ts';
import { executorKeepingRuns, record, withGradient } from '../bench/loops.ts';
import { dataNames, generate, paramsOf, readData, writeData } from '../bench/workloads/data.ts';
import { ladderTask } from '../bench/workloads/ladder.ts';
import { type PairParams, pairLists, scoreList } from '../bench/workloads/pairs.ts';
import { taskOf, vinaPoses } from '../bench/workloads/tasks.ts';
import type { Pose as VinaPose } from '../examples/vina/pairs.ts';
import { type VinaWeights, score as vinaScore, vinaWeights } from '../examples/vina/score.ts';
import { expectClose } from './support/equal.ts';

const data = {
  list: generate('list', 2),
  network: generate('network', 1),
  small: generate('small', 3),
  messages: generate('messages', 32),
};
const { list: pairs, network, small, messages } = data;

describe('the data of workloads', () => {
  test.each(dataNames)('are the same each time: %s', name => {
    expect(generate(name, data[name].settings.poses)).toEqual(data[name]);
  });

  test('have the sizes that the reports state', () => {
    expect([pairs.settings.poses, pairs.params.length, ...pairs.atoms]).toEqual([2, 20, 1040, 1040]);
    for (const count of pairs.edges) {
      expect(count).toBeGreaterThan(2000);
      expect(count).toBeLessThan(4000);
    }

    expect([...network.atoms, ...network.edges, network.params.length]).toEqual([300, 9600, 68_033]);
    const edgesOfAtom = new Int32Array(300);
    for (const atom of network.dst) edgesOfAtom[atom] = (edgesOfAtom[atom] ?? 0) + 1;
    expect(edgesOfAtom.every(count => count === 32)).toBe(true);
    expect(network.src.some((atom, edge) => atom === network.dst[edge])).toBe(false);

    expect([...small.atoms, ...small.edges]).toEqual([10, 10, 10, 82, 82, 82]);
    expect(small.params.length).toBe(455_809);

    const meanOf = (counts: Int32Array) => counts.reduce((total, count) => total + count) / counts.length;
    const { atoms, edges } = generate('messages');
    expect([atoms.length, Math.round(meanOf(atoms)), Math.round(meanOf(edges))]).toEqual([320, 21, 77]);
  });

  test('are read back as they were written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'posetape-test-'));
    try {
      for (const name of dataNames) {
        await writeData(folder, name, data[name]);
        expect(await readData(folder, name)).toEqual(data[name]);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('give a network with a finite energy', () => {
    const { params, score, poses } = taskOf('network', network, 1);
    const [energy] = jit({ precision: 'float32' }).run([record(score, params, poses[0]).y]);
    expect(Number.isFinite(energy?.data[0])).toBe(true);
  });
});

describe('hand-written Vina', () => {
  let poses: readonly VinaPose[];
  beforeAll(async () => {
    poses = await vinaPoses();
  });

  test.each([
    ['of the program', 1],
    ['under which clashing atoms reach the limit on energies', 40],
  ])('gives the ΔG and gradient of the tape, with weights %s', (_, factor) => {
    const { repulsion, ...others } = vinaWeights();
    // Lists the weights in the order that both the scorer and the hand-written code use.
    const { gauss1, gauss2, hydrophobic, hydrogenBond, rotors } = others;
    const stronger = tensor(factor * (repulsion.data[0] as number));
    const weights: VinaWeights = { gauss1, gauss2, repulsion: stronger, hydrophobic, hydrogenBond, rotors };
    const numbers = Object.values(weights).map(({ data }) => data[0]) as unknown as HandWeights;
    const { score, gradient } = handVina();
    for (const pose of poses.slice(0, 8)) {
      const energy = score(pose, numbers);
      // Each weight is a tensor of its own, so each is compared separately.
      for (const [i, expected] of onTape(vinaScore, weights, pose).entries()) {
        expectClose([energy, ...gradient][i] as number, expected, 1e-10);
      }
    }
  });
});

describe('hand-written workload B', () => {
  const params = paramsOf(pairs) as PairParams;
  const { run, gradient } = handPairs(params);

  test('gives the ΔG and gradient of the tape', () => {
    for (const pose of pairLists(pairs, 2)) {
      const energy = run(pose);
      expectClose([energy, ...gradient], onTape(scoreList, params, pose), 1e-6);
    }
  });

  test('pooled by SmoothMinimum, gives the ΔG and gradient of lse()', async () => {
    const poses = pairLists(pairs, 2);
    const minimum = new SmoothMinimum(gradient.length);
    for (const pose of poses) minimum.add(run(pose), gradient);
    const value = minimum.finish();
    const expected = await combinePoses({ poses, params, score: scoreList, combination: lse() });
    expectClose(
      [value, ...minimum.gradient],
      [expected.value, ...expected.gradient.weights.data, ...expected.gradient.radii.data],
      1e-6,
    );
  });
});

test.each([
  ['workload B', taskOf('list', pairs, 2)],
  ['the small SchNet', taskOf('small', small, 3)],
  ['workload C', taskOf('messages', messages, 32)],
  ['pairs of the ladder', ladderTask('pairs,30', 3)],
  ['layers of the ladder', ladderTask('dense,4,3,5', 3)],
  ['message passing of the ladder', ladderTask('graph,5,10,4', 3)],
])(
  'several poses on a tape give the scores and gradient of one pose per tape: %s',
  async (_, { params, poses, score, scoreGroup }) => {
    const task = { poses, params, combination: lse(), executor: interpreter() };
    const oneByOne = await combinePoses({ ...task, score });
    const together = await combinePoses({ ...task, score: scoreGroup as never, posesPerTape: poses.length });
    expectClose(together.predictions, oneByOne.predictions, 1e-10);
    expectClose(numbersOf(together.gradient), numbersOf(oneByOne.gradient), 1e-10);
  },
);

test('the hand-written pair potential of the ladder gives the ΔG and gradient of the tape', () => {
  const { poses, params, score, hand } = ladderTask('pairs,30', 1);
  const energy = hand?.run(poses[0]) ?? 0;
  expectClose([energy, ...(hand?.gradient ?? [])], onTape(score, params, poses[0]), 1e-6);
});

test.each(['jit', 'wasm'])(
  'executorKeepingRuns keeps one run of %s per pose, and repeating the runs does not change later results',
  async name => {
    const { poses, params, score } = taskOf('list', pairs, 2);
    const { executor, runs } = executorKeepingRuns(name, 'float32');
    const run = () => combinePoses({ poses, params, score, combination: lse(), executor });
    const { value } = await run();
    expect(runs.length).toBe(2);
    expect(new Set(runs.map(({ machine }) => machine)).size).toBe(1);
    for (const recorded of [...runs]) recorded.run();
    expect((await run()).value).toBe(value);
  },
);

/** ΔG and the entries of its gradient, in float64. */
function onTape<Pose, P extends Params>(score: Scorer<Pose, P>, params: P, pose: Pose): number[] {
  return interpreter()
    .run(withGradient(record(score, params, pose)))
    .flatMap(({ data }) => [...data]);
}

function numbersOf(tensors: Readonly<Record<string, Tensor>>): number[] {
  return Object.values(tensors).flatMap(({ data }) => [...data]);
}
