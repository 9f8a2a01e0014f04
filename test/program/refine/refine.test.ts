import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { checkGradient, jit, Tape, type Tensor, tensor, type Value } from 'posetape';
import { describe, expect, test } from 'vitest';
import { vinaWeights } from '../../../examples/vina/score.ts';
import type { Molecule, TorsionTree } from '../../../program/molecule/molecule.ts';
import { Linkage, type Motion } from '../../../program/molecule/motion.ts';
import { moleculeOf, moleculesOf } from '../../../program/read/molecules.ts';
import { readReceptor } from '../../../program/read/structure.ts';
import type { Field } from '../../../program/refine/field.ts';
import { type Refined, Refiner, schnetFieldIn, vinaFieldIn } from '../../../program/refine/refiner.ts';
import { VinaField } from '../../../program/refine/vina-field.ts';
import { untrained } from '../../../program/schnet/model.ts';
import { coordinatesOf } from '../../../program/vina/bonds.ts';
import { compoundOf } from '../../../program/vina/compound.ts';
import { receptorOf } from '../../../program/vina/poses.ts';
import { property } from '../../support/property.ts';
import localOnly from './vina-local-only.json' with { type: 'json' };

const data = new URL('../../../examples/vina/data/imatinib-abl/', import.meta.url);
const textOf = (name: string) => readFileSync(new URL(name, data), 'utf8');
const receptor = receptorOf(moleculeOf(textOf('pocket.pdbqt'), 'pocket.pdbqt'));
const poses = [...moleculesOf(textOf('poses.pdbqt'), 'poses.pdbqt')];
const [first] = poses as [Molecule];
const tree = first.tree as TorsionTree;
const scoreOnly: { poses: { total: number; inter: number; intra: number }[] } = JSON.parse(
  textOf('vina_score_only.json'),
);

const executor = jit();
const fieldOf = (molecule: Molecule) =>
  new VinaField(compoundOf(molecule), receptor, vinaWeights(), executor);

/** Energy that refinement minimises, summed over the neighbours that the field listed last. */
function minimisedBy(field: Field, coordinates: Float64Array): number {
  const tape = new Tape();
  const [energy] = executor.run([
    field.record(tape, tape.constant(tensor(coordinates, [coordinates.length / 3, 3]))),
  ]);
  return energy?.data[0] as number;
}

const distance = (x: ArrayLike<number>, a: number, b: number): number =>
  Math.hypot(...[0, 1, 2].map(axis => (x[3 * a + axis] as number) - (x[3 * b + axis] as number)));

describe('VinaField', () => {
  test('gives the energies that vina --score_only prints, the internal one included', () => {
    const field = fieldOf(first);
    for (const [k, pose] of poses.entries()) {
      const { score, parts } = field.energies(coordinatesOf(pose));
      const vina = scoreOnly.poses[k] as (typeof scoreOnly.poses)[number];
      expect(Math.abs(score - vina.total)).toBeLessThan(0.02);
      expect(Math.abs((parts.intermolecular as number) - vina.inter)).toBeLessThan(0.03);
      expect(Math.abs((parts.intramolecular as number) - vina.intra)).toBeLessThan(0.02);
    }
  });

  property(
    'gives the same energy whether neighbours were listed before or after a move within the margin',
    fc.integer({ min: 0, max: poses.length - 1 }),
    fc.array(fc.double({ min: -0.23, max: 0.23, noNaN: true }), { minLength: 30, maxLength: 30 }),
    (k, moves) => {
      const field = fieldOf(first);
      const start = coordinatesOf(poses[k] as Molecule);
      const moved = start.map((x, i) => x + (moves[i % moves.length] as number));
      field.renew(start);
      expect(field.covers(moved)).toBe(true);
      const before = minimisedBy(field, moved);
      field.renew(moved);
      expect(minimisedBy(field, moved)).toBeCloseTo(before, 9);
    },
  );

  test('no longer covers atoms that have moved beyond the margin', () => {
    const field = fieldOf(first);
    const start = coordinatesOf(first);
    expect(field.covers(start)).toBe(false);
    field.renew(start);
    expect(field.covers(start)).toBe(true);
    expect(field.covers(start.map(x => x + 0.3))).toBe(false);
    expect(field.covers(start.map(() => Number.NaN))).toBe(false);
  });

  test('has a gradient by degrees of freedom that agrees with finite differences', async () => {
    const linkage = new Linkage(tree);
    const field = fieldOf(first);
    const start = coordinatesOf(poses[30] as Molecule);
    linkage.setReference(start);
    field.renew(start);
    const { translation, rotation, torsions } = linkage.rest();
    // Coordinates with three decimals may lie exactly on a kink of the energy, so the atoms are moved a little.
    const motion = { translation, rotation, torsions };
    for (const { data } of Object.values<Tensor<Float64Array>>(motion)) data.fill(1e-4);
    const check = await checkGradient(
      (tape, named) => field.record(tape, linkage.record(tape, named as Motion<Value>)),
      motion,
      { tolerance: 1e-5, step: 1e-4, entries: 3 },
    );
    expect(check.report).toContain('agrees');
  });
});

describe('refining by Vina', () => {
  const counted = jit();
  const refined: Promise<Refined[]> = (async () => {
    const refiner = new Refiner(vinaFieldIn(receptor), counted);
    const results: Refined[] = [];
    for (const pose of poses) results.push(await refiner.refine(pose));
    return results;
  })();

  test('ends at most 0.05 kcal/mol above vina --local_only for at least 61 of 64 poses', async () => {
    const results = await refined;
    const differencesOf = (energy: (result: Refined) => number, vinaEnergy: (k: number) => number) =>
      results.map((result, k) => energy(result) - vinaEnergy(k)).sort((a, b) => a - b);
    const vina = (k: number) => localOnly.poses[k] as (typeof localOnly.poses)[number];
    for (const differences of [
      differencesOf(
        ({ after }) => after.score,
        k => vina(k).score,
      ),
      differencesOf(
        ({ after }) => after.minimised,
        k => vina(k).inter + vina(k).intra,
      ),
    ]) {
      expect(differences.length).toBe(64);
      expect(differences[31]).toBeLessThan(-0.1);
      expect(differences.filter(difference => difference > 0.05).length).toBeLessThanOrEqual(3);
    }
  }, 120_000);

  test('never raises the energy that it minimises', async () => {
    for (const { before, after } of await refined)
      expect(after.minimised).toBeLessThanOrEqual(before.minimised);
  });

  test('keeps bond lengths and angles: rigid distances change by less than 1e-6 Å', async () => {
    for (const [k, { coordinates }] of (await refined).entries()) {
      const start = coordinatesOf(poses[k] as Molecule);
      for (let a = 0; a < start.length / 3; a++) {
        for (let b = 0; b < a; b++) {
          if (tree.fragmentOf[a] !== tree.fragmentOf[b]) continue;
          expect(Math.abs(distance(coordinates, a, b) - distance(start, a, b))).toBeLessThan(1e-6);
        }
      }
      for (const { from, to } of tree.branches) {
        expect(Math.abs(distance(coordinates, from, to) - distance(start, from, to))).toBeLessThan(1e-6);
      }
    }
  });

  test('compiles one plan for all poses of a compound, and one for reported energies', async () => {
    await refined;
    expect(counted.planned).toBe(2);
  });

  test('gives a pose the same bits whichever poses came before', async () => {
    const alone = await new Refiner(vinaFieldIn(receptor)).refine(poses[5] as Molecule);
    expect(alone.coordinates).toEqual((await refined)[5]?.coordinates);
  });

  test('stops at the limit of steps, and reports that it did not converge', async () => {
    const refiner = new Refiner(vinaFieldIn(receptor), executor);
    const { steps, converged } = await refiner.refine(poses[56] as Molecule, { steps: 5 });
    expect({ steps, converged }).toEqual({ steps: 5, converged: false });
  });

  test('finds the minimum again from a displaced pose', async () => {
    const refiner = new Refiner(vinaFieldIn(receptor), executor);
    const linkage = new Linkage(tree);
    linkage.setReference(coordinatesOf(first));
    const motion = linkage.rest();
    motion.translation.data.set([0.3, -0.2, 0.25]);
    motion.rotation.data.set([0.05, 0.05, -0.05]);
    motion.torsions.data.set([0.2, -0.1, 0.1, 0.1, -0.2, 0.1, 0.2]);
    const tape = new Tape();
    const named = Object.entries<Tensor>({ ...motion }).map(([name, values]) => [
      name,
      tape.constant(values),
    ]);
    const [moved] = executor.run([linkage.record(tape, Object.fromEntries(named) as Motion<Value>)]) as [
      Tensor,
    ];
    const atoms = first.atoms.map((atom, i) => {
      const [x, y, z] = moved.data.subarray(3 * i, 3 * i + 3) as Float64Array;
      return { ...atom, x: x as number, y: y as number, z: z as number };
    });
    const { before, after } = await refiner.refine({ ...first, atoms });
    expect(before.score).toBeGreaterThan(-10);
    expect(after.score).toBeCloseTo((await refined)[0]?.after.score as number, 2);
  });

  test('moves a molecule without torsions as a whole', async () => {
    const { tree: _, ...rigid } = poses[1] as Molecule;
    const { before, after, coordinates, rmsd } = await new Refiner(vinaFieldIn(receptor), executor).refine(
      rigid,
    );
    expect(after.minimised).toBeLessThan(before.minimised);
    expect(rmsd).toBeGreaterThan(0);
    const start = coordinatesOf(rigid);
    expect(distance(coordinates, 0, 36)).toBeCloseTo(distance(start, 0, 36), 9);
  });
});

describe('refining by SchNet', () => {
  test('lowers its energy and keeps bond lengths', async () => {
    const sizes = {
      hidden: 8,
      gaussians: 10,
      interactions: 1,
      cutoff: 5,
      neighbours: 16,
      pocket: 6,
      delta: true,
    };
    const atoms = await readReceptor(new URL('pocket.pdbqt', data).pathname);
    const refiner = new Refiner(schnetFieldIn(atoms, untrained(sizes, 1)), executor);
    for (const pose of poses.slice(0, 2)) {
      const { before, after, coordinates } = await refiner.refine(pose, { steps: 10 });
      expect(after.score).toBeLessThan(before.score);
      const start = coordinatesOf(pose);
      for (const { from, to } of tree.branches) {
        expect(Math.abs(distance(coordinates, from, to) - distance(start, from, to))).toBeLessThan(1e-6);
      }
    }
  }, 60_000);
});
