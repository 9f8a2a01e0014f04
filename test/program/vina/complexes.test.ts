import { readFileSync } from 'node:fs';
import { evaluate, Tape } from 'posetape';
import { describe, expect, test } from 'vitest';
import { recordWeights, vinaWeights } from '../../../examples/vina/score.ts';
import { moleculeOf, moleculesOf } from '../../../program/read/molecules.ts';
import { compoundOf } from '../../../program/vina/compound.ts';
import { type DockedPose, poseIn, receptorOf } from '../../../program/vina/poses.ts';
import { score } from '../../../program/vina/score.ts';
import { receptorBy, recipes } from './complexes/recipes.ts';
import { modelsOf, type Printed, scoredByVina, vinaVersion } from './complexes/vina.ts';
import { type PlainWeights, referenceScore } from './reference.ts';

/** Complex that `complexes/make.ts` made, with scores by Debian's autodock-vina. */
interface Complex {
  readonly name: string;
  /** Number of docked poses, which come first. The others are strained: their torsions are turned so that parts touch. */
  readonly docked: number;
  readonly poses: readonly Printed[];
}

const table: { vina: string; complexes: readonly Complex[] } = JSON.parse(text('table.json'));
const weights = Object.fromEntries(
  Object.entries(vinaWeights()).map(([name, { data }]) => [name, data[0]]),
) as PlainWeights;

describe.each(table.complexes)(
  'the Vina scorer, on the complex $name,',
  ({ name, docked, poses: printed }) => {
    const recipe = recipes.find(recipe => recipe.name === name) as (typeof recipes)[0];
    const parts = receptorBy(recipe);
    const receptor = receptorOf(moleculeOf(parts.rigid, 'rigid.pdbqt'));
    const models = text(`${name}.pdbqt`);
    const molecules = [...moleculesOf(models, `${name}.pdbqt`)];
    // Each pose is a compound of its own, since Vina derives bonds and rotors from each pose separately.
    const poses = molecules.map(molecule => poseIn(receptor, compoundOf(molecule), molecule) as DockedPose);
    const expected = printed.map((pose, n) => energyOf(pose, poses[n] as DockedPose));

    test('agrees with AutoDock Vina within 0.012 kcal/mol on docked poses', () => {
      expect(docked).toBeGreaterThan(1);
      expect(
        largest(poses.slice(0, docked), (pose, n) => exact(pose) - (expected[n] as number)),
      ).toBeLessThan(0.012);
    });

    test('agrees within 0.001 kcal/mol on all poses if terms are read from Vina’s table', () => {
      expect(poses.length).toBeGreaterThan(docked + 1);
      expect(largest(poses, (pose, n) => byTable(pose) - (expected[n] as number))).toBeLessThan(0.001);
    });

    test.skipIf(vinaVersion() === undefined)(
      'is compared with scores that the installed AutoDock Vina reproduces for one docked and one strained pose',
      () => {
        const [first, strained] = [0, docked].map(n => scoredByVina(parts, modelsOf(models)[n] as string));
        expect([first, strained]).toEqual([printed[0], printed[docked]]);
      },
    );

    /**
     * Binding free energy by Vina. With flexible residues, it is derived from the printed intermolecular energy, since the
     * printed total is off by up to 0.1 kcal/mol: Vina adds the energy between residue and receptor by one table, and
     * subtracts it again by another table.
     */
    function energyOf({ total, intermolecular }: Printed, { rotors }: DockedPose): number {
      return recipe.flexible ? intermolecular / (1 + weights.rotors * rotors) : total;
    }
  },
);

test('the complexes are six of one ligand, one of two ligands and one with a flexible residue', () => {
  expect(table.vina).toContain('AutoDock Vina');
  expect(table.complexes.map(({ name }) => name)).toEqual(recipes.map(({ name }) => name));
  const single = recipes.filter(({ smiles, flexible }) => smiles.length === 1 && !flexible);
  expect([single.length, recipes.length]).toEqual([6, 8]);
});

/** The score in kcal/mol, by the scorer of the program. */
function exact(pose: DockedPose): number {
  const tape = new Tape();
  return evaluate([score(tape, recordWeights(tape), pose)])[0].data[0] as number;
}

/** The score in plain arithmetic, with terms read from a table in r² with a step of 1/32 Å², as in Vina. */
function byTable(pose: DockedPose): number {
  const between = pose.between ? referenceScore(pose.between.pose, weights, 'table') : 0;
  return referenceScore(pose, weights, 'table') + between;
}

function largest<T>(list: readonly T[], deviation: (item: T, index: number) => number): number {
  return Math.max(...list.map((item, index) => Math.abs(deviation(item, index))));
}

function text(name: string): string {
  return readFileSync(new URL(`./complexes/${name}`, import.meta.url), 'utf8');
}
