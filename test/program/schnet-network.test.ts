import fc from 'fast-check';
import { checkGradient, evaluate, interpreter, jit, Tape, type Tensor, tensor, type Value } from 'posetape';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { recordWeights } from '../../examples/networks/layers.ts';
import { nearestNeighbours } from '../../examples/networks/neighbours.ts';
import { type Atoms, atomsOf, type PoseSettings, pocketOf, poseOf } from '../../examples/networks/pose.ts';
import { uniform } from '../../examples/networks/random.ts';
import { schnet, weightShapes } from '../../examples/schnet/schnet.ts';
import { several } from '../combine/arbitraries.ts';
import { expectClose } from '../support/equal.ts';
import { expectGroup } from '../support/groups.ts';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';

const sizes = { hidden: 6, gaussians: 5, interactions: 2, cutoff: 4 };
const settings: PoseSettings = { neighbours: 4, cutoff: 4, delta: false };
const network = schnet(sizes, 7);
const random = uniform(3);
// Adds noise, since initial biases are 0: without noise, a forgotten bias would not change the energy.
const weights = Object.fromEntries(
  Object.entries(network.weights).map(([name, { data, shape }]) => [
    name,
    tensor(
      data.map(weight => weight + 0.1 * (random() - 0.5)),
      shape,
    ),
  ]),
);
const ligand = scattered([6, 7, 8, 6], 0);
const pocket = scattered([6, 6, 16, 7, 8, 6], 1.5);

/** Atoms of these elements at random points of a cube. It extends on each axis from `from` to `from` + 3.5 Å. */
function scattered(elements: readonly number[], from: number): Atoms {
  return atomsOf(
    elements,
    elements.flatMap(() => [0, 0, 0].map(() => from + 3.5 * random())),
  );
}

function numberOf(value: Value): number {
  const [{ data }] = evaluate([value]);
  return data[0] as number;
}

/** Energy of the atoms, scored as a ligand without a pocket. */
function energyOf(atoms: Atoms, poseSettings = settings): number {
  return scoreOf(atoms, atomsOf([], []), poseSettings);
}

function scoreOf(ligand: Atoms, pocket: Atoms, poseSettings = settings): number {
  const tape = new Tape();
  return numberOf(network.score(tape, recordWeights(tape, weights), poseOf(ligand, pocket, poseSettings)));
}

/** The atoms of `a`, followed by the atoms of `b`. */
function both(a: Atoms, b: Atoms): Atoms {
  return atomsOf([...a.elements, ...b.elements], [...a.coordinates.data, ...b.coordinates.data]);
}

/** The atoms, moved to the points that `map` returns. */
function mapped({ elements, coordinates }: Atoms, map: (x: number, y: number, z: number) => number[]): Atoms {
  const { data } = coordinates;
  const at = [...elements.keys()].flatMap(i => map(...([...data.subarray(3 * i, 3 * i + 3)] as Point)));
  return atomsOf([...elements], at);
}

type Point = [number, number, number];

/**
 * Energy by SchNet in plain loops over atoms and edges.
 *
 * @param parameters in the order of `network.weights`
 */
function referenceEnergy(
  atoms: Atoms,
  parameters: readonly Tensor[],
  { neighbours, cutoff }: PoseSettings,
): number {
  const queue = parameters.map(({ data, shape: [rows = 0, columns = 0] }) =>
    Array.from({ length: rows }, (_, r) => Array.from(data.subarray(r * columns, (r + 1) * columns))),
  );
  const next = () => queue.shift() as number[][];
  const times = (x: readonly number[], w: readonly number[][]) =>
    (w[0] as number[]).map((_, column) =>
      x.reduce((sum, entry, row) => sum + entry * (w[row]?.[column] ?? 0), 0),
    );
  const plus = (x: readonly number[], y: readonly number[]) => x.map((entry, i) => entry + (y[i] as number));
  const ssp = (x: readonly number[]) => x.map(entry => Math.log(0.5 + 0.5 * Math.exp(entry)));
  const layer =
    (w: readonly number[][], [b]: readonly number[][]) =>
    (x: readonly number[]) =>
      plus(times(x, w), b as number[]);
  const at = (i: number) => [...atoms.coordinates.data.subarray(3 * i, 3 * i + 3)];
  const distance = (i: number, j: number) =>
    Math.hypot(...at(i).map((x, axis) => x - (at(j)[axis] as number)));

  const embedding = next();
  let features = [...atoms.elements].map(element => embedding[element] as number[]);
  for (let block = 0; block < sizes.interactions; block++) {
    const [filter1, filter2] = [layer(next(), next()), layer(next(), next())];
    const toMessage = next();
    const [atomwise2, atomwise3] = [layer(next(), next()), layer(next(), next())];
    const messages = features.map(x => times(x, toMessage));
    features = features.map((x, i) => {
      const others = [...atoms.elements.keys()]
        .filter(j => j !== i && distance(i, j) < cutoff)
        .sort((a, b) => distance(i, a) - distance(i, b))
        .slice(0, neighbours);
      let received = x.map(() => 0);
      for (const j of others) {
        const d = distance(i, j);
        const spacing = cutoff / (sizes.gaussians - 1);
        const basis = Array.from({ length: sizes.gaussians }, (_, k) =>
          Math.exp(-((d - k * spacing) ** 2) / (2 * spacing ** 2)),
        );
        const fade = (Math.cos((Math.PI * d) / cutoff) + 1) / 2;
        const filter = filter2(ssp(filter1(basis)));
        const message = messages[j] as number[];
        received = received.map((sum, k) => sum + (message[k] as number) * (filter[k] as number) * fade);
      }
      return plus(x, atomwise3(ssp(atomwise2(received))));
    });
  }
  const [readout1, readout2] = [layer(next(), next()), layer(next(), next())];
  return features.reduce((sum, x) => sum + (readout2(ssp(readout1(x)))[0] as number), 0);
}

describe('SchNet', () => {
  test('gives the energy of a reference in plain loops', () => {
    const atoms = both(ligand, pocket);
    for (const neighbours of [1, 4, 20]) {
      const poseSettings = { ...settings, neighbours };
      const expected = referenceEnergy(atoms, Object.values(weights), poseSettings);
      expect(Math.abs(expected)).toBeGreaterThan(0.1);
      expectClose(scoreOf(ligand, pocket, poseSettings), expected, 1e-12);
      expectClose(energyOf(atoms, poseSettings), expected, 1e-12);
    }
  });

  test('lists its parameters block by block: embedding, filters, atom-wise layers, readout', () => {
    const shapes = [...weightShapes({ hidden: 64, gaussians: 50, interactions: 3, cutoff: 10 }).values()];
    const block = [
      ...[
        [50, 64],
        [1, 64],
        [64, 64],
        [1, 64],
      ], // filter
      [64, 64],
      ...[
        [64, 64],
        [1, 64],
        [64, 64],
        [1, 64],
      ], // update
    ];
    expect(shapes).toEqual([[100, 64], ...block, ...block, ...block, [64, 32], [1, 32], [32, 1], [1, 1]]);
    expect(shapes.reduce((total, [rows, columns]) => total + rows * columns, 0)).toBe(68_033);
    const listed = Object.entries(network.weights).map(([name, { shape }]) => [name, shape]);
    expect(listed).toEqual([...weightShapes(sizes)]);
  });

  test('starts with weights determined by the seed, within Glorot’s bounds, and biases of 0', () => {
    expect(schnet(sizes, 7).weights).toEqual(network.weights);
    expect(schnet(sizes, 8).weights).not.toEqual(network.weights);
    const wide = schnet({ ...sizes, hidden: 40 }).weights;
    const data = Array.from((wide['interaction1.filter2.weight'] as Tensor).data);
    const bound = Math.sqrt(6 / 80);
    const largest = Math.max(...data.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(bound);
    expect(largest).toBeGreaterThan(0.99 * bound);
    expect(Math.abs(data.reduce((sum, weight) => sum + weight, 0) / data.length)).toBeLessThan(0.1 * bound);
    expect(wide['readout1.bias']?.data.every(bias => bias === 0)).toBe(true);
  });

  test('is invariant to translation, rotation and the order of atoms', () => {
    const atoms = both(ligand, pocket);
    const expected = energyOf(atoms);
    const [cos, sin] = [Math.cos(0.7), Math.sin(0.7)];
    const turned = mapped(atoms, (x, y, z) => [cos * x - sin * z + 5, y - 11, sin * x + cos * z + 2]);
    expectClose(energyOf(turned), expected, 1e-12);
    const order = [3, 9, 0, 5, 7, 1, 8, 2, 6, 4];
    const reordered = atomsOf(
      order.map(i => atoms.elements[i] as number),
      order.flatMap(i => [...atoms.coordinates.data.subarray(3 * i, 3 * i + 3)]),
    );
    expectClose(energyOf(reordered), expected, 1e-12);
    const stretched = mapped(atoms, (x, y, z) => [1.01 * x, y, z]);
    expect(Math.abs(energyOf(stretched) - expected)).toBeGreaterThan(1e-4);
  });

  test('depends on the elements, and rejects one without an embedding', () => {
    const atoms = both(ligand, pocket);
    const { data } = atoms.coordinates;
    const others = [...atoms.elements].map((element, i) => (i === 2 ? 9 : element));
    expect(Math.abs(energyOf(atomsOf(others, [...data])) - energyOf(atoms))).toBeGreaterThan(1e-3);
    expect(() => energyOf(atomsOf([100], [0, 0, 0]))).toThrow(/index 100/);
  });

  test('has gradients by weights and by coordinates that agree with finite differences', async () => {
    const pose = poseOf(ligand, pocket, { ...settings, delta: true });
    const byWeights = await checkGradient((tape, values) => network.score(tape, values, pose), weights, {
      entries: 2,
    });
    expect(byWeights.ok, byWeights.report).toBe(true);
    const score = (tape: Tape, { x }: { readonly x: Value }) =>
      network.score(tape, recordWeights(tape, weights), pose, x);
    // The first step is so small that no neighbour leaves the cutoff.
    const byCoordinates = await checkGradient(score, { x: ligand.coordinates }, { step: 1e-3 });
    expect(byCoordinates.entries.length).toBe(12);
    expect(byCoordinates.ok, byCoordinates.report).toBe(true);
  });

  test('gives a single atom, which has no neighbours, the energy of the reference', () => {
    const alone = atomsOf([6], [1, 2, 3]);
    expectClose(energyOf(alone), referenceEnergy(alone, Object.values(weights), settings), 1e-12);
  });
});

describe('SchNet’s delta strategy', () => {
  const delta = { ...settings, delta: true };

  test('scores the energy of the complex minus those of pocket and ligand', () => {
    const expected = energyOf(both(ligand, pocket)) - energyOf(pocket) - energyOf(ligand);
    expectClose(scoreOf(ligand, pocket, delta), expected, 1e-12, 10);
    expect(Math.abs(expected)).toBeGreaterThan(1e-3);
  });

  test('scores 0 if ligand and pocket are out of reach', () => {
    const away = mapped(ligand, (x, y, z) => [x + 50, y, z]);
    expectClose(scoreOf(away, pocket, delta), 0, 1e-12, 10);
    expectClose(scoreOf(ligand, atomsOf([], []), delta), 0, 1e-12, 10);
  });
});

describe('SchNet’s scoreGroup', () => {
  const scorer = { params: weights, score: network.score, scoreGroup: network.scoreGroup };
  const point = fc.tuple(evenly(0, 4), evenly(0, 4), evenly(0, 4));
  const atoms = (min: number, max: number) =>
    several(fc.tuple(fc.constantFrom(6, 7, 8, 16), point), max, min).map(drawn =>
      atomsOf(
        drawn.map(([element]) => element),
        drawn.flatMap(([, coordinates]) => coordinates),
      ),
    );
  const pose = fc
    .record({
      ligand: atoms(1, 5),
      pocket: atoms(0, 6),
      neighbours: fc.integer({ min: 1, max: 5 }),
      // The cutoff of 1e-9 Å leaves a pose without edges.
      cutoff: fc.constantFrom(4, 4, 4, 1e-9),
      delta: fc.boolean(),
    })
    .map(({ ligand, pocket, ...poseSettings }) => poseOf(ligand, pocket, poseSettings));
  const executors = [
    { executor: interpreter(), tolerance: 1e-12 },
    { executor: jit(), tolerance: 1e-12 },
    { executor: jit({ precision: 'float32' }), tolerance: 1e-5 },
    { executor: wasm(), tolerance: 1e-5 },
  ];
  property(
    'gives the scores and gradients of its poses scored one by one, on every executor',
    fc.constantFrom(...executors),
    several(fc.tuple(pose, evenly(-2, 2)), 8),
    ({ executor, tolerance }, drawn) => {
      const group = { poses: drawn.map(([pose]) => pose), coefficients: drawn.map(([, c]) => c) };
      expectGroup(executor, scorer, group, tolerance);
    },
  );
});

/** Coordinates of points on the x axis. */
const line = (...xs: number[]) => xs.flatMap(x => [x, 0, 0]);

describe('nearestNeighbours', () => {
  const edges = (coordinates: number[], neighbours: number, cutoff: number) => {
    const { src, dst } = nearestNeighbours(coordinates, { neighbours, cutoff });
    return [...src].map((from, e) => `${from}>${dst[e]}`).join(' ');
  };

  test('lists the nearest neighbours of each atom in turn, nearest first', () => {
    expect(edges(line(0, 1, 3, 7), 2, 100)).toBe('1>0 2>0 0>1 2>1 1>2 0>2 2>3 1>3');
  });

  test('leaves out atoms at or beyond the cutoff, and the atom itself', () => {
    expect(edges(line(0, 1, 3, 7), 5, 3)).toBe('1>0 0>1 2>1 1>2');
    expect(edges(line(4), 5, 3)).toBe('');
    expect(edges([], 5, 3)).toBe('');
  });

  test('breaks ties in favour of the atom listed first', () => {
    expect(edges(line(1, 0, 2), 1, 3)).toBe('1>0 0>1 0>2');
  });
});

test('pocketOf keeps the receptor atoms within reach of the ligand', () => {
  const receptor = atomsOf([6, 7, 8, 9], line(-3, 0, 9, 11.9));
  const { elements, coordinates } = pocketOf(receptor, atomsOf([6, 6], line(2, 7)), 5);
  expect([...elements]).toEqual([7, 8, 9]);
  expect([...coordinates.data]).toEqual(line(0, 9, 11.9));
});
