import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interpreter, jit, type Tensor, tensor } from 'posetape';
import { boltzmann, combinePoses, lse, mean, type Params, type Scorer } from 'posetape/combine';
import { beforeAll, describe, expect, test } from 'vitest';
import { SmoothMinimum } from '../bench/hand/fold.ts';
import { blockedMultiply, nameOf, plainMultiply, tiles } from '../bench/hand/matmul.ts';
import { handPairs } from '../bench/hand/pairs.ts';
import { type HandWeights, handVina } from '../bench/hand/vina.ts';
import { readied, record, withGradient } from '../bench/pieces.ts';
import { stored } from '../bench/stored.ts';
import { vinaPoses } from '../bench/workloads/ensembles.ts';
import { readNetwork, readPairs, writeNetwork, writePairs } from '../bench/workloads/files.ts';
import { networkOf, networkPoses } from '../bench/workloads/network.ts';
import { generateNetwork } from '../bench/workloads/network-data.ts';
import { densePoses, pairLists, pairParams, scoreDense, scoreList } from '../bench/workloads/pairs.ts';
import { generatePairs } from '../bench/workloads/pairs-data.ts';
import { randomFrom } from '../bench/workloads/random.ts';
import { scorer } from '../bench/workloads/scorers.ts';
import type { Pose as VinaPose } from '../examples/vina/pairs.ts';
import { type VinaWeights, score as vinaScore, vinaWeights } from '../examples/vina/score.ts';
import { expectClose } from './support/equal.ts';

const pairs = generatePairs(2);
const network = generateNetwork(1);

describe('the data of the workloads', () => {
  test('are the same each time', () => {
    expect(generatePairs(2)).toEqual(pairs);
    expect(generateNetwork(1)).toEqual(network);
  });

  test('have the sizes that the peers count on', () => {
    expect([pairs.ligandTypes.length, pairs.receptorTypes.length, pairs.params.length]).toEqual([
      40, 1000, 20,
    ]);
    expect(pairs.distances.length).toBe(2 * 40 * 1000);
    const near = pairs.distances.filter(d => d < pairs.cutoff).length / 2;
    expect(near).toBeGreaterThan(2000);
    expect(near).toBeLessThan(4000);

    expect([network.atoms, network.edges, network.params.length]).toEqual([300, 9600, 68_033]);
    const edgesOfAtom = new Int32Array(300);
    for (const atom of network.dst) edgesOfAtom[atom] = (edgesOfAtom[atom] ?? 0) + 1;
    expect(edgesOfAtom.every(count => count === 32)).toBe(true);
    expect(network.src.some((atom, edge) => atom === network.dst[edge])).toBe(false);
  });

  test('are read as they were written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'posetape-test-'));
    try {
      await writePairs(folder, pairs);
      await writeNetwork(folder, network);
      expect(await readPairs(folder)).toEqual(pairs);
      expect(await readNetwork(folder)).toEqual(network);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('make a network whose energy is finite', () => {
    const { params, score } = networkOf(network);
    const [pose] = networkPoses(network, 1);
    const [energy] = jit({ precision: 'float32' }).run([record(score, params, pose as never).y]);
    expect(Number.isFinite(energy?.data[0])).toBe(true);
  });
});

describe('Vina by hand', () => {
  let poses: readonly VinaPose[];
  beforeAll(async () => {
    ({ poses } = await vinaPoses());
  });

  test.each([
    ['of the program', 1],
    ['that make atoms repel, so that their energies are squashed', 40],
  ])('equals the tape with weights %s', (_, factor) => {
    const { repulsion, ...others } = vinaWeights();
    // In the order of the scorer, which is that of the hand-written weights.
    const { gauss1, gauss2, hydrophobic, hydrogenBond, rotors } = others;
    const stronger = tensor(factor * (repulsion.data[0] as number));
    const weights: VinaWeights = { gauss1, gauss2, repulsion: stronger, hydrophobic, hydrogenBond, rotors };
    const numbers = Object.values(weights).map(({ data }) => data[0]) as unknown as HandWeights;
    const { score, gradient } = handVina();
    for (const pose of poses.slice(0, 8)) {
      const energy = score(pose, numbers);
      // Each weight is a tensor of its own.
      for (const [i, expected] of onTape(vinaScore, weights, pose).entries()) {
        expectClose([energy, ...gradient][i] as number, expected, 1e-10);
      }
    }
  });
});

describe('workload B by hand', () => {
  const params = pairParams(pairs);
  const { list, dense, gradient } = handPairs(params);

  test('equals the tape on a pair list', () => {
    for (const pose of pairLists(pairs, 2)) {
      const energy = list(pose);
      expectClose([energy, ...gradient], onTape(scoreList, params, pose), 1e-6);
    }
  });

  test('equals the tape over all pairs', () => {
    for (const pose of densePoses(pairs, 2)) {
      const energy = dense(pose);
      expectClose([energy, ...gradient], onTape(scoreDense, params, pose), 1e-6);
    }
  });

  test('combines like lse', async () => {
    const poses = pairLists(pairs, 2);
    const minimum = new SmoothMinimum(gradient.length);
    for (const pose of poses) minimum.add(list(pose), gradient);
    const value = minimum.finish();
    const expected = await combinePoses({ poses, params, score: scoreList, combination: lse() });
    expectClose(
      [value, ...minimum.gradient],
      [expected.value, ...expected.gradient.weights.data, ...expected.gradient.radii.data],
      1e-6,
    );
  });
});

describe('a matrix product by hand', () => {
  const [m, k, n] = [13, 9, 11];
  const random = randomFrom(5);
  const numbers = (length: number) => Float64Array.from({ length }, () => random.about(1));
  const [A, B] = [numbers(m * k), numbers(k * n)];
  const expected = new Float64Array(m * n);
  plainMultiply(expected, A, B, m, k, n);

  test.each(tiles.map(tile => [nameOf(tile), tile] as const))('of tile %s equals three loops', (_, tile) => {
    for (const a of [false, true]) {
      for (const b of [false, true]) {
        const C = new Float64Array(m * n);
        const multiply = blockedMultiply(tile, { a, b });
        multiply(C, a ? transposed(A, m, k) : A, b ? transposed(B, k, n) : B, m, k, n);
        expectClose(C, expected, 1e-12);
      }
    }
  });
});

describe('stored', () => {
  let poses: readonly VinaPose[];
  beforeAll(async () => {
    poses = (await vinaPoses()).poses.slice(0, 6);
  });

  test.each([
    ['mean', mean()],
    ['lse', lse()],
    ['boltzmann', boltzmann({ kT: 0.593 })],
  ])('equals stream under %s', async (_, combination) => {
    const task = { poses, params: vinaWeights(), score: vinaScore, combination, executor: jit() };
    const [actual, expected] = [await stored(task), await combinePoses(task)];
    expect(actual.value).toBeCloseTo(expected.value, 12);
    expectClose(numbersOf(actual.gradient), numbersOf(expected.gradient), 1e-12);
  });

  test('keeps the gradient of every pose, which stream does not', async () => {
    const task = { ...scorer('vina'), combination: lse() };
    const few = { ...task, poses: poses.slice(0, 1) };
    const many = { ...task, poses: Array.from({ length: 40 }, () => poses[0]) };
    const grown = (await stored({ ...many, executor: jit() })).stats.peakBytes;
    const alone = (await stored({ ...few, executor: jit() })).stats.peakBytes;
    expect(grown - alone).toBe(39 * 6 * 8);
    const { stats } = await combinePoses({ ...many, executor: jit() });
    expect(stats.peakBytes).toBeLessThan(grown);
  });
});

test('the loops that are timed alone give what the executor gives', () => {
  const params = pairParams(pairs);
  const tapes = pairLists(pairs, 2).map(pose => withGradient(record(scoreList, params, pose)));
  const ready = readied(tapes, 'float32');
  expect(new Set(ready.map(({ loops }) => loops)).size).toBe(1);
  for (const [i, { loops, bound }] of ready.entries()) {
    loops.run(bound);
    const expected = jit({ precision: 'float32' }).run(tapes[i] ?? []);
    expect(loops.results(bound)).toEqual(expected.map(({ data }) => data));
  }
});

/** ΔG and its gradient in float64, one number after the other. */
function onTape<Pose, P extends Params>(score: Scorer<Pose, P>, params: P, pose: Pose): number[] {
  return interpreter()
    .run(withGradient(record(score, params, pose)))
    .flatMap(({ data }) => [...data]);
}

function numbersOf(tensors: Readonly<Record<string, Tensor>>): number[] {
  return Object.values(tensors).flatMap(({ data }) => [...data]);
}

function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  return matrix.map((_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)] as number);
}
