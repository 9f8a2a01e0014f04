import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { evaluate, gradient, interpreter, jit, Tape, type Tensor, tensor } from 'posetape';
import { sum } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { type HeavyAtoms, type Pose, pairsOf } from '../../../examples/vina/pairs.ts';
import { recordWeights, score, scoreGroup, terms, vinaWeights } from '../../../examples/vina/score.ts';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { moleculeOf, moleculesOf } from '../../../program/read/molecules.ts';
import { heavyAtoms } from '../../../program/vina/xs-types.ts';
import { several } from '../../combine/arbitraries.ts';
import { expectGroup } from '../../support/groups.ts';
import { evenly } from '../../support/numbers.ts';
import { property } from '../../support/property.ts';
import { type PlainWeights, referenceScore, referenceTerms } from './reference.ts';

/**
 * Energies in kcal/mol that AutoDock Vina prints for a pose. The first eight poses also have the unweighted sum of each
 * term.
 */
interface Printed {
  readonly total: number;
  readonly terms?: Readonly<Record<'gauss1' | 'gauss2' | 'repulsion' | 'hydrophobic' | 'hydrogen', number>>;
}

const printed: readonly Printed[] = JSON.parse(dataText('vina_score_only.json')).poses;
const receptor = heavyAtoms(moleculeOf(dataText('pocket.pdbqt'), 'pocket.pdbqt'));
const ligands = Array.from(moleculesOf(dataText('poses.pdbqt'), 'poses.pdbqt'), heavyAtoms);
const poses = ligands.map(ligand => pairsOf(ligand, receptor));
const weights = Object.fromEntries(
  Object.entries(vinaWeights()).map(([name, { data }]) => [name, data[0]]),
) as PlainWeights;

describe('the Vina scorer, compared with AutoDock Vina,', () => {
  test('gives all 64 totals within 0.02 kcal/mol', () => {
    expect(printed.length).toBe(64);
    expect(largest(printed, (pose, n) => energy(poseAt(n)) - pose.total)).toBeLessThan(0.02);
  });

  test('gives each weighted term of poses 1 to 8 within 0.02 kcal/mol', () => {
    const withTerms = printed.filter(pose => pose.terms);
    expect(withTerms.length).toBe(8);
    for (const name of ['gauss1', 'gauss2', 'repulsion', 'hydrophobic', 'hydrogenBond'] as const) {
      const theirs = name === 'hydrogenBond' ? 'hydrogen' : name;
      const deviation = largest(withTerms, (pose, n) => {
        const [ours] = evaluate([sum(terms(new Tape(), poseAt(n))[name])]);
        return weights[name] * (number(ours) - (pose.terms?.[theirs] ?? Number.NaN));
      });
      expect(deviation, name).toBeLessThan(0.02);
    }
  });

  test('gives all totals within 0.001 kcal/mol if terms are read from AutoDock Vina’s table', () => {
    expect(
      largest(printed, (pose, n) => referenceScore(poseAt(n), weights, 'table') - pose.total),
    ).toBeLessThan(1e-3);
  });

  test('finds 37 heavy atoms and 7 rotors in every pose of imatinib', () => {
    for (const pose of poses) {
      expect(pose.ligand.shape).toEqual([37, 3]);
      expect(pose.rotors).toBe(7);
    }
  });
});

describe('the Vina scorer', () => {
  property(
    'equals the reference in plain arithmetic, clashes included',
    poseIndex(),
    vectorWithin(4),
    (n, shift) => {
      const pose = pairsOf(moved(ligands[n] as HeavyAtoms, shift), receptor);
      const expected = referenceScore(pose, weights, 'exact');
      expect(Math.abs(energy(pose) - expected)).toBeLessThan(1e-10 * (1 + Math.abs(expected)));
    },
  );

  property('is invariant to translation of the whole complex', poseIndex(), vectorWithin(50), (n, shift) => {
    const pose = poseAt(n);
    const translated = pairsOf(moved(ligands[n] as HeavyAtoms, shift), moved(receptor, shift));
    // Skips the case if rounding adds or drops a pair that is exactly at the cutoff.
    fc.pre(translated.radii.length === pose.radii.length);
    expect(Math.abs(energy(translated) - energy(pose))).toBeLessThan(1e-9);
  });

  test('gives 0 if there are no pairs', () => {
    const far = pairsOf(moved(ligands[0] as HeavyAtoms, [1000, 0, 0]), receptor);
    expect(far.ligandAtom.length).toBe(0);
    expect(energy(far)).toBeCloseTo(0, 15);
  });

  test('has derivatives by coordinates that agree with central differences', () => {
    const h = 1e-5;
    for (const pose of [poseAt(0), poseAt(40)]) {
      const tape = new Tape();
      const x = tape.parameter(pose.ligand, 'x');
      const [slope] = evaluate(gradient(score(tape, recordWeights(tape), pose, x), [x]));
      const largestSlope = Math.max(...slope.data.map(Math.abs));
      for (let entry = 0; entry < pose.ligand.data.length; entry++) {
        const [above, below] = [h, -h].map(step =>
          energy({ ...pose, ligand: stepped(pose.ligand, entry, step) }),
        );
        const difference = ((above as number) - (below as number)) / (2 * h);
        expect(Math.abs(difference - (slope.data[entry] as number)), `entry ${entry}`).toBeLessThan(
          1e-6 * largestSlope,
        );
      }
    }
  });

  test('gives the weighted sum of its terms if nothing clashes', () => {
    const pose = poseAt(0);
    const sums = referenceTerms(pose, 'exact');
    const weighted = Object.entries(sums).reduce(
      (total, [name, value]) => total + weights[name as keyof typeof sums] * value,
      0,
    );
    expect(energy(pose)).toBeCloseTo(weighted / (1 + weights.rotors * pose.rotors), 10);
  });
});

describe('Vina’s scoreGroup', () => {
  const scorer = { params: vinaWeights(), score, scoreGroup };
  // Float32 is tested only on poses without clashes: an atom of hundreds of kcal/mol would swamp the others.
  const executors = [
    { executor: interpreter(), tolerance: 1e-12, reach: 4 },
    { executor: jit(), tolerance: 1e-12, reach: 4 },
    { executor: jit({ precision: 'float32' }), tolerance: 1e-5, reach: 0.2 },
    { executor: wasm(), tolerance: 1e-5, reach: 0.2 },
  ];
  property(
    'gives the scores and gradients of its poses scored one by one, on every executor',
    fc
      .constantFrom(...executors)
      .chain(setting =>
        fc.tuple(fc.constant(setting), several(fc.tuple(groupedPose(setting.reach), evenly(-2, 2)), 8)),
      ),
    ([{ executor, tolerance }, drawn]) => {
      const group = { poses: drawn.map(([pose]) => pose), coefficients: drawn.map(([, c]) => c) };
      expectGroup(executor, scorer, group, tolerance);
    },
  );

  test('records as many values as for one pose, and a shared receptor only once', () => {
    const tape = new Tape();
    scoreGroup(tape, recordWeights(tape), poses);
    const rows = tape.values.filter(({ form }) => form.kind === 'constant').map(({ shape }) => shape[0] ?? 1);
    expect(rows.filter(count => count === receptor.types.length).length).toBe(1);
    const single = new Tape();
    score(single, recordWeights(single), poseAt(0));
    expect(tape.values.length).toBe(single.values.length);
  });
});

describe('atom types from bonds:', () => {
  test('a carbon is hydrophobic unless bonded to a heteroatom', () => {
    // Ethanol, H3C–CH2–OH, without the hydrogens on carbon
    const { types } = heavyAtoms(
      molecule(['C', 0, 0, 0], ['C', 1.5, 0, 0], ['OA', 2.9, 0, 0], ['HD', 3.85, 0, 0]),
    );
    expect(types).toEqual([
      { radius: 1.9, hydrophobic: true, donor: false, acceptor: false },
      { radius: 1.9, hydrophobic: false, donor: false, acceptor: false },
      { radius: 1.7, hydrophobic: false, donor: true, acceptor: true },
    ]);
  });

  test('halogens are hydrophobic, metals are donors, and a thiol is neither donor nor acceptor', () => {
    const { types } = heavyAtoms(
      molecule(['Cl', 0, 0, 0], ['Zn', 10, 0, 0], ['SA', 20, 0, 0], ['HD', 21.3, 0, 0]),
    );
    expect(types).toEqual([
      { radius: 1.8, hydrophobic: true, donor: false, acceptor: false },
      { radius: 1.2, hydrophobic: false, donor: true, acceptor: false },
      { radius: 2.0, hydrophobic: false, donor: false, acceptor: false },
    ]);
  });
});

function dataText(name: string): string {
  return readFileSync(new URL(`../../../examples/vina/data/imatinib-abl/${name}`, import.meta.url), 'utf8');
}

function poseAt(n: number): Pose {
  return poses[n] as Pose;
}

function poseIndex(): fc.Arbitrary<number> {
  return fc.nat(poses.length - 1);
}

/**
 * The first atoms of a docked pose, shifted by up to `reach` Å on each axis, or so far away that there are no pairs. One
 * pose in twenty has a receptor of its own; all others share one receptor.
 */
function groupedPose(reach: number): fc.Arbitrary<Pose> {
  return fc
    .record({
      n: poseIndex(),
      atoms: fc.integer({ min: 1, max: 37 }),
      shift: fc.oneof(
        { weight: 4, arbitrary: vectorWithin(reach) },
        { weight: 1, arbitrary: fc.constant([1000, 0, 0]) },
      ),
      rotors: fc.integer({ min: 0, max: 14 }).map(twice => twice / 2),
      receptorIndex: fc.nat(19),
    })
    .map(({ n, atoms, shift, rotors, receptorIndex }) => {
      const { types, coordinates } = moved(ligands[n] as HeavyAtoms, shift);
      const first = tensor(coordinates.data.slice(0, 3 * atoms), [atoms, 3]);
      const near = receptorIndex === 0 ? moved(receptor, [0.01, 0, 0]) : receptor;
      return pairsOf({ types: types.slice(0, atoms), coordinates: first, rotors }, near);
    });
}

/** A vector whose components are up to `size` Å. */
function vectorWithin(size: number): fc.Arbitrary<[number, number, number]> {
  const component = fc.double({ min: -size, max: size, noNaN: true });
  return fc.tuple(component, component, component);
}

function moved(atoms: HeavyAtoms, by: readonly number[]): HeavyAtoms {
  const { data, shape } = atoms.coordinates;
  return {
    ...atoms,
    coordinates: tensor(
      data.map((x, i) => x + (by[i % 3] as number)),
      shape,
    ),
  };
}

function stepped({ data, shape }: Pose['ligand'], entry: number, by: number): Pose['ligand'] {
  return tensor(
    data.map((x, i) => (i === entry ? x + by : x)),
    shape,
  );
}

/** ΔG of a pose in kcal/mol, from a tape. */
function energy(pose: Pose): number {
  const tape = new Tape();
  const [result] = evaluate([score(tape, recordWeights(tape), pose)]);
  return number(result);
}

function number({ data }: Tensor): number {
  return data[0] as number;
}

function largest<T>(list: readonly T[], deviation: (item: T, index: number) => number): number {
  return Math.max(...list.map((item, index) => Math.abs(deviation(item, index))));
}

/** A rigid molecule of AutoDock types and coordinates. */
function molecule(...atoms: [type: string, x: number, y: number, z: number][]): Molecule {
  const lines = atoms.map(([type, x, y, z], i) => {
    const coordinates = [x, y, z].map(c => c.toFixed(3).padStart(8)).join('');
    return `${`ATOM  ${String(i + 1).padStart(5)}  X   LIG A   1`.padEnd(30)}${coordinates}  1.00  0.00     0.000 ${type}`;
  });
  return moleculeOf(lines.join('\n'), 'molecule.pdbqt');
}
