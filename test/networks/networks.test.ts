import fc from 'fast-check';
import { checkGradient, evaluate, gradient, interpreter, jit, Tape, type Tensor, type Value } from 'posetape';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { gat } from '../../examples/gat/gat.ts';
import { recordWeights } from '../../examples/networks/layers.ts';
import { type Atoms, atomsOf, joined, type Pose, poseOf } from '../../examples/networks/pose.ts';
import { painn } from '../../examples/painn/painn.ts';
import { schnet } from '../../examples/schnet/schnet.ts';
import { several } from '../combine/arbitraries.ts';
import { expectClose, largest } from '../support/equal.ts';
import { expectGroup } from '../support/groups.ts';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';
import { names, sizes, subjects } from './cases.ts';

type Point = readonly [number, number, number];

/** Settings for which every atom within the cutoff is a neighbour, so that rounding cannot change the choice. */
const settings = { neighbours: 100, cutoff: 5, delta: true };
const none = atomsOf([], []);
const two = (distance: number) => atomsOf([6, 8], [0, 0, 0, distance, 0, 0]);

/** Cells of a grid. Each holds at most one atom, so that atoms are at least 0.8 Å apart. */
const cells = Array.from({ length: 27 }, (_, k): Point => [k % 3, Math.floor(k / 3) % 3, Math.floor(k / 9)]);
const atom = fc.tuple(fc.constantFrom(6, 7, 8, 16), evenly(0, 0.8), evenly(0, 0.8), evenly(0, 0.8));
/** Random pose: a ligand of at least one atom, and a pocket. */
const poseArbitrary = fc
  .record({
    cells: fc.shuffledSubarray(cells, { minLength: 1, maxLength: 10 }),
    atoms: fc.array(atom, { minLength: 10, maxLength: 10 }),
    ligandAtoms: fc.integer({ min: 1, max: 10 }),
  })
  .map(({ cells, atoms, ligandAtoms }) => {
    const atomsIn = (from: number, to: number) => {
      const drawn = atoms.slice(from, to).map(([element, ...shift]) => ({ element, shift }));
      const at = drawn.flatMap(({ shift }, i) =>
        shift.map((each, axis) => each + 1.6 * (cells[from + i]?.[axis] as number)),
      );
      return atomsOf(
        drawn.map(({ element }) => element),
        at,
      );
    };
    const split = Math.min(ligandAtoms, cells.length);
    return { ligand: atomsIn(0, split), pocket: atomsIn(split, cells.length) };
  });

/** Random motion: a rotation by a quaternion, with or without a reflection, and a translation. */
const randomMotion = fc
  .record({
    quaternion: fc
      .tuple(evenly(-1, 1), evenly(-1, 1), evenly(-1, 1), evenly(-1, 1))
      .filter(q => Math.hypot(...q) > 0.1),
    sign: fc.constantFrom(1, -1),
    shift: fc.tuple(evenly(-20, 20), evenly(-20, 20), evenly(-20, 20)),
  })
  .map(({ quaternion, sign, shift }) => {
    const length = Math.hypot(...quaternion);
    const [w, x, y, z] = quaternion.map(each => each / length) as [number, number, number, number];
    const rows = [
      [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
      [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
      [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ];
    return { rows: rows.map(row => row.map(each => sign * each)), shift };
  });

/** Rotates vectors of shape [atoms, 3, features] or [atoms, 3]. */
function rotated({ data, shape }: Tensor, rows: readonly number[][]): Float64Array {
  const [, , features = 1] = shape;
  return Float64Array.from(data, (_, i) => {
    const [k, axis, at] = [i % features, Math.floor(i / features) % 3, i - (i % (3 * features))];
    const row = rows[axis] as number[];
    return row.reduce((sum, each, from) => sum + each * (data[at + from * features + k] as number), 0);
  });
}

function moved(
  { elements, coordinates }: Atoms,
  { rows, shift }: { rows: number[][]; shift: number[] },
): Atoms {
  const at = rotated(coordinates, rows).map((x, i) => x + (shift[i % 3] as number));
  return atomsOf([...elements], [...at]);
}

function relabelled({ elements, coordinates }: Atoms, order: readonly number[]): Atoms {
  return atomsOf(
    order.map(i => elements[i] as number),
    reordered([...coordinates.data], order),
  );
}

/** Reorders rows of three numbers. Row k of the result is row `order[k]`. */
function reordered(rows: readonly number[], order: readonly number[]): number[] {
  return order.flatMap(i => rows.slice(3 * i, 3 * i + 3));
}

/** Sorts the indices from 0 to `count` − 1 by their keys. */
function orderBy(keys: readonly number[], count: number): number[] {
  return [...Array(count).keys()].sort((a, b) => (keys[a] as number) - (keys[b] as number));
}

describe.each(names)('%s', name => {
  const network = subjects[name];
  const { weights, score, scoreGroup } = network;

  function energyOf(ligand: Atoms, pocket = none, poseSettings = { ...settings, delta: false }): number {
    const tape = new Tape();
    const [{ data }] = evaluate([
      score(tape, recordWeights(tape, weights), poseOf(ligand, pocket, poseSettings)),
    ]);
    return data[0] as number;
  }

  function slopeOf(ligand: Atoms, pocket: Atoms): { energy: number; slope: Tensor } {
    const tape = new Tape();
    const x = tape.parameter(ligand.coordinates);
    const energy = score(tape, recordWeights(tape, weights), poseOf(ligand, pocket, settings), x);
    const [value, slope] = evaluate([energy, ...gradient(energy, [x])]);
    return { energy: value.data[0] as number, slope: slope as Tensor };
  }

  property(
    'has an energy that is invariant under rotations, mirrors and translations, and forces that rotate',
    poseArbitrary,
    randomMotion,
    ({ ligand, pocket }, motion) => {
      const here = slopeOf(ligand, pocket);
      const there = slopeOf(moved(ligand, motion), moved(pocket, motion));
      expectClose(there.energy, here.energy, 1e-10, 1 + Math.abs(here.energy));
      expectClose(there.slope.data, rotated(here.slope, motion.rows), 1e-10, 1 + largest(here.slope));
    },
  );

  property(
    'has an energy that does not depend on the order of atoms, and forces in the order of the atoms',
    poseArbitrary,
    fc.array(evenly(0, 1), { minLength: 20, maxLength: 20 }),
    ({ ligand, pocket }, keys) => {
      const order = orderBy(keys, ligand.elements.length);
      const pocketOrder = orderBy(keys.slice(10), pocket.elements.length);
      const here = slopeOf(ligand, pocket);
      const there = slopeOf(relabelled(ligand, order), relabelled(pocket, pocketOrder));
      expectClose(there.energy, here.energy, 1e-10, 1 + Math.abs(here.energy));
      expectClose(there.slope.data, reordered([...here.slope.data], order), 1e-10, 1 + largest(here.slope));
    },
  );

  test('has an energy that depends on elements and distances', () => {
    expect(Math.abs(energyOf(two(1.4)) - energyOf(two(1.5)))).toBeGreaterThan(1e-4);
    expect(Math.abs(energyOf(two(1.4)) - energyOf(atomsOf([7, 8], [0, 0, 0, 1.4, 0, 0])))).toBeGreaterThan(
      1e-3,
    );
  });

  test('has an energy that is continuous at the cutoff', () => {
    const apart = energyOf(two(5));
    expectClose(apart, energyOf(atomsOf([6], [0, 0, 0])) + energyOf(atomsOf([8], [0, 0, 0])), 1e-12);
    expectClose(energyOf(two(5 - 1e-5)), apart, 1e-9);
    expect(Math.abs(energyOf(two(4)) - apart)).toBeGreaterThan(1e-4);
  });

  test('has a binding energy of 0 for a distant pocket and without a pocket', () => {
    const away = atomsOf([6, 7], [50, 0, 0, 51.4, 0, 0]);
    expectClose(energyOf(two(1.4), away, settings), 0, 1e-12, 10);
    expectClose(energyOf(two(1.4), none, settings), 0, 1e-12, 10);
  });

  test('has gradients equal to finite differences, by weights and by coordinates', async () => {
    const ligand = atomsOf([6, 8, 7], [0, 0, 0, 1.3, 0.2, 0.1, -0.6, 1.2, 0.3]);
    const pocket = atomsOf([6, 16], [0.4, -1.1, 2.2, 3.1, 1.9, -1.4]);
    const pose = poseOf(ligand, pocket, settings);
    const byWeights = await checkGradient((tape, values) => score(tape, values, pose), weights, {
      entries: 2,
    });
    expect(byWeights.ok, byWeights.report).toBe(true);
    const byCoordinates = await checkGradient(
      (tape: Tape, { x }: { readonly x: Value }) => score(tape, recordWeights(tape, weights), pose, x),
      { x: ligand.coordinates },
      { step: 1e-3 },
    );
    expect(byCoordinates.entries.length).toBe(9);
    expect(byCoordinates.ok, byCoordinates.report).toBe(true);
  });

  const executors = [
    { executor: interpreter(), tolerance: 1e-12 },
    { executor: jit(), tolerance: 1e-12 },
    { executor: wasm(), tolerance: 1e-5 },
  ];
  const anyPose = fc
    .record({
      atoms: poseArbitrary,
      neighbours: fc.integer({ min: 1, max: 5 }),
      // With a cutoff of 1e-9, poses have no edges.
      cutoff: fc.constantFrom(5, 5, 5, 1e-9),
      delta: fc.boolean(),
    })
    .map(({ atoms: { ligand, pocket }, ...poseSettings }): Pose => poseOf(ligand, pocket, poseSettings));
  property(
    'gives a group of poses the scores and the gradient of the single poses, on every executor',
    fc.constantFrom(...executors),
    several(fc.tuple(anyPose, evenly(-2, 2)), 4),
    ({ executor, tolerance }, drawn) => {
      const group = { poses: drawn.map(([each]) => each), coefficients: drawn.map(([, c]) => c) };
      expectGroup(executor, { params: weights, score, scoreGroup }, group, tolerance);
    },
  );
});

describe('painn', () => {
  const { weights, features } = subjects.painn;

  function featuresOf(atoms: Atoms): { scalars: Tensor; vectors: Tensor } {
    const tape = new Tape();
    const { complex } = poseOf(atoms, none, settings);
    const recorded = features(recordWeights(tape, weights), complex, tape.constant(atoms.coordinates));
    const [scalars, vectors] = evaluate([recorded.scalars, recorded.vectors]);
    return { scalars: scalars as Tensor, vectors: vectors as Tensor };
  }

  property(
    'has vectors that rotate with the atoms, and invariant scalars',
    poseArbitrary,
    randomMotion,
    (pose, motion) => {
      const atoms = joined(pose.ligand, pose.pocket);
      const [here, there] = [featuresOf(atoms), featuresOf(moved(atoms, motion))];
      expectClose(there.scalars, here.scalars, 1e-10, 1 + largest(here.scalars));
      expectClose(there.vectors.data, rotated(here.vectors, motion.rows), 1e-10, 1 + largest(here.vectors));
    },
  );

  test('depends on the angle between neighbours beyond each other’s cutoff, unlike SchNet', () => {
    const bent = (angle: number) =>
      atomsOf([6, 8, 8], [0, 0, 0, 3, 0, 0, 3 * Math.cos(angle), 3 * Math.sin(angle), 0]);
    const blind = schnet({ hidden: 6, gaussians: 5, interactions: 2, cutoff: 4 });
    const seeing = painn({ ...sizes.painn, cutoff: 4 });
    const difference = ({ weights, score }: typeof blind | typeof seeing) => {
      const [a, b] = [2, 3].map(angle => {
        const tape = new Tape();
        const pose = poseOf(bent(angle), none, { ...settings, cutoff: 4, delta: false });
        return evaluate([score(tape, recordWeights(tape, weights), pose)])[0]?.data[0] as number;
      }) as [number, number];
      return Math.abs(a - b);
    };
    expect(difference(blind)).toBeLessThan(1e-12);
    expect(difference(seeing)).toBeGreaterThan(1e-5);
  });

  test('has an energy of NaN for two atoms at one point', () => {
    const tape = new Tape();
    const energy = subjects.painn.score(tape, recordWeights(tape, weights), poseOf(two(0), none, settings));
    expect(evaluate([energy])[0]?.data[0]).toBeNaN();
  });
});

test('gat: the energy is finite if the weights of the distances are a thousand times as large', () => {
  const { score, weights } = gat(sizes.gat);
  const steep = Object.fromEntries(
    Object.entries(weights).map(([name, { data, shape }]) => [
      name,
      { data: name.endsWith('.edge') ? data.map(each => 1000 * each) : data, shape },
    ]),
  );
  const tape = new Tape();
  const energy = score(tape, recordWeights(tape, steep), poseOf(two(1.4), none, settings));
  expect(Number.isFinite(evaluate([energy])[0]?.data[0])).toBe(true);
});
