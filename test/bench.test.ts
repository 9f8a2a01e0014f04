import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interpreter, jit, type Tensor, tensor } from 'posetape';
import { boltzmann, combinePoses, lse, mean, type Params, type Scorer } from 'posetape/combine';
import { beforeAll, describe, expect, test } from 'vitest';
import { phases } from '../bench/gpu/names.ts';
import { gpuReport, type Measurement } from '../bench/gpu/report.ts';
import { taskOf } from '../bench/gpu/task.ts';
import { Trial } from '../bench/gpu/trial.ts';
import { Watch, watchWebGpu } from '../bench/gpu/watch.ts';
import { SmoothMinimum } from '../bench/hand/fold.ts';
import { blockedMultiply, nameOf, plainMultiply, tiles } from '../bench/hand/matmul.ts';
import { handPairs } from '../bench/hand/pairs.ts';
import { type HandWeights, handVina } from '../bench/hand/vina.ts';
import { record, recorder, withGradient } from '../bench/loops.ts';
import { stored } from '../bench/stored.ts';
import { vinaPoses } from '../bench/workloads/ensembles.ts';
import { readData, writeData } from '../bench/workloads/files.ts';
import { ladderTask } from '../bench/workloads/ladder.ts';
import { messagesOf } from '../bench/workloads/messages.ts';
import { generateMessages } from '../bench/workloads/messages-data.ts';
import { networkOf, networkPoses, smallOf, smallPoses } from '../bench/workloads/network.ts';
import { generateNetwork, generateSmall } from '../bench/workloads/network-data.ts';
import {
  densePoses,
  pairLists,
  pairParams,
  scoreDense,
  scoreList,
  scoreLists,
} from '../bench/workloads/pairs.ts';
import { generatePairs } from '../bench/workloads/pairs-data.ts';
import { randomFrom } from '../bench/workloads/random.ts';
import { scorer } from '../bench/workloads/scorers.ts';
import type { Pose as VinaPose } from '../examples/vina/pairs.ts';
import { type VinaWeights, score as vinaScore, vinaWeights } from '../examples/vina/score.ts';
import { expectClose } from './support/equal.ts';

const pairs = generatePairs(2);
const network = generateNetwork(1);
const small = generateSmall(3);
const messages = generateMessages(2);

describe('the data of the workloads', () => {
  test('are the same each time', () => {
    expect(generatePairs(2)).toEqual(pairs);
    expect(generateNetwork(1)).toEqual(network);
    expect(generateSmall(3)).toEqual(small);
    expect(generateMessages(2)).toEqual(messages);
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

    expect([small.atoms, small.edges, small.params.length]).toEqual([10, 82, 455_809]);
    const { edges, lengths, poses, atoms } = generateMessages();
    expect(poses).toBe(320);
    expect([Math.min(...atoms), Math.max(...atoms)]).toEqual([28, 34]);
    expect(lengths.length / edges.length).toBeGreaterThan(70);
    expect(lengths.length / edges.length).toBeLessThan(90);
  });

  test('are read as they were written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'posetape-test-'));
    try {
      const all = { pairs, network, small, messages };
      for (const name of ['pairs', 'network', 'small', 'messages'] as const) {
        await writeData(folder, name, all[name] as never);
        expect(await readData(name, undefined, folder)).toEqual(all[name]);
      }
      expect(await readData('pairs', 1, folder)).toEqual({
        ...pairs,
        poses: 1,
        distances: pairs.distances.slice(0, 40_000),
      });
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
    const { score, params } = scorer('vina');
    const task = { score, params, combination: lse() };
    const few = { ...task, poses: poses.slice(0, 1) };
    const many = { ...task, poses: Array.from({ length: 40 }, () => poses[0]) };
    const grown = (await stored({ ...many, executor: jit() })).stats.peakBytes;
    const alone = (await stored({ ...few, executor: jit() })).stats.peakBytes;
    expect(grown - alone).toBe(39 * 6 * 8);
    const { stats } = await combinePoses({ ...many, executor: jit() });
    expect(stats.peakBytes).toBeLessThan(grown);
  });
});

describe('several poses on a tape', () => {
  const scoring = messagesOf(messages);
  const list = { params: pairParams(pairs), score: scoreList, scoreGroup: scoreLists };
  test.each([
    ['workload B', { ...list, poses: pairLists(pairs, 2) }],
    ['workload C', { ...scoring, poses: scoring.compounds[0]?.poses ?? [] }],
    ['the small SchNet', { ...smallOf(small), poses: smallPoses(small, 3) }],
    ['pairs of the ladder', ladderTask('pairs,30', 3)],
    ['layers of the ladder', ladderTask('dense,4,3,5', 3)],
  ])('score as each alone: %s', async (_, given) => {
    const { params, poses, score, scoreGroup } = given as ReturnType<typeof ladderTask>;
    const executor = interpreter();
    const task = { poses, params, combination: lse(), executor };
    const alone = await combinePoses({ ...task, score });
    const together = await combinePoses({ ...task, score: scoreGroup as never, posesPerTape: poses.length });
    expectClose(together.predictions, alone.predictions, 1e-10);
    expectClose(numbersOf(together.gradient), numbersOf(alone.gradient), 1e-10);
  });
});

test('a pair potential of the ladder by hand equals the tape', () => {
  const { poses, params, score, hand } = ladderTask('pairs,30', 1);
  const energy = hand?.run(poses[0]) ?? 0;
  expectClose([energy, ...(hand?.gradient ?? [])], onTape(score, params, poses[0]), 1e-6);
});

test.each(['jit', 'wasm'])('the loops of %s that are timed alone are all that it runs', async name => {
  const params = pairParams(pairs);
  const { executor, runs } = recorder(name, 'float32');
  const poses = pairLists(pairs, 2);
  const run = () => combinePoses({ poses, params, score: scoreList, combination: lse(), executor });
  const { value } = await run();
  expect(runs.length).toBe(2);
  expect(new Set(runs.map(({ machine }) => machine)).size).toBe(1);
  for (const each of [...runs]) each.run();
  expect((await run()).value).toBe(value);
});

describe('the benchmark of the GPU', () => {
  /** Counts how often it is read, so that time is the same on every machine. */
  const counting = () => {
    let ticks = 0;
    return () => ticks++;
  };
  const onePose = { workload: 'list', data: generatePairs(1) } as const;

  test.each(['webasm', 'cpu', 'jit'] as const)(
    'computes on %s what the interpreter computes',
    async engine => {
      const { params, score, poses } = taskOf(onePose, 1);
      const executor = interpreter({ precision: 'float32' });
      const expected = await combinePoses({ poses, params, score, combination: lse(), executor });
      const trial = await Trial.open(onePose, engine);
      const { value, norm, kernels, pipelines } = await trial.facts();
      expectClose(value, expected.value, 2e-5);
      expectClose(norm, Math.hypot(...numbersOf(expected.gradient)), 2e-5);
      expect([kernels, pipelines]).toEqual(engine === 'jit' ? [null, null] : [expect.any(Number), 1]);
    },
  );

  test('tells the kernels of webasm from what is before and after them', async () => {
    const trial = await Trial.open(onePose, 'webasm', counting());
    await trial.first();
    const { phases: parts, poses } = await trial.round();
    expect(poses).toBeGreaterThan(0);
    for (const phase of ['upload', 'kernels', 'readback', 'rest'] as const)
      expect(parts[phase]).toBeGreaterThan(0);
    expect(parts.launch).toBe(0);
  });

  test('has a workload of many kernels', async () => {
    const trial = await Trial.open({ workload: 'tiny' }, 'cpu');
    const { kernels } = await trial.facts();
    expect(kernels).toBeGreaterThanOrEqual(60);
    expect(kernels).toBeLessThan(70);
  });

  test('splits the time of a launch on WebGPU', async () => {
    let now = 0;
    const watch = new Watch(() => now);
    const wait = (time: number) => {
      now += time;
    };
    const buffer = { mapAsync: async () => wait(16) };
    const device = {
      queue: { submit: () => wait(4), writeBuffer: () => wait(1) },
      createCommandEncoder: () => wait(2),
      createBuffer: (_: object) => buffer,
    };
    watchWebGpu(device, watch);
    const { mapAsync } = device.createBuffer({});
    watch.reset();
    watch.enter('upload');
    device.queue.writeBuffer();
    device.createCommandEncoder();
    device.queue.submit();
    wait(8);
    await mapAsync();
    wait(32);
    watch.enter('rest');
    expect(watch.totals).toEqual({ upload: 1, launch: 6, kernels: 0, readback: 24, rest: 32 });
    expect(phases.reduce((sum, phase) => sum + watch.totals[phase], 0)).toBe(now);
  });

  test('names what was not measured, and says which is faster', () => {
    const facts = {
      value: 1,
      norm: 2,
      launches: 1,
      readbacks: 1,
      bytes: 0,
      peakBytes: 0,
      fallbackReason: null,
    };
    const time = (wall: number) => ({
      wall,
      cpu: wall,
      poses: 1,
      phases: { upload: 1, launch: 1, kernels: 1, readback: 1, rest: 1 },
    });
    const measured = { workload: 'list', compile: 1, poses: 1, rounds: 5 } as const;
    const found: Measurement[] = [
      { workload: 'list', row: { engine: 'webgpu', place: 'Node' }, reason: 'no Vulkan driver' },
      {
        ...measured,
        row: { engine: 'webasm', place: 'Node' },
        facts: { ...facts, kernels: 34, pipelines: 1, adapter: null },
        time: time(8),
        bestWall: 8,
      },
      {
        ...measured,
        row: { engine: 'jit', place: 'Node' },
        facts: { ...facts, kernels: null, pipelines: null, adapter: null },
        time: time(2),
        bestWall: 2,
      },
    ];
    const text = gpuReport({
      found,
      peers: [],
      renderer: 'software',
      rounds: 5,
      by: 'By npm run bench:gpu on a CPU',
    });
    expect(text).toContain('take `jit()`');
    expect(text).toContain('- webgpu, Node was not measured: no Vulkan driver');
    expect(text).toContain('webasm takes 4.00 times that');
    expect(text).toContain('A real GPU: not measured');
    expect(text).toMatch(/\| webasm +\| +8\.00 \|/);
  });
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
