import fc from 'fast-check';
import { evaluate, jit, Tape } from 'posetape';
import { combinePoses, mean } from 'posetape/combine';
import { describe, expect, test } from 'vitest';
import { type Pose, pairsOf } from '../../../examples/vina/pairs.ts';
import { recordWeights, vinaWeights } from '../../../examples/vina/score.ts';
import { cellsOf } from '../../../program/molecule/cells.ts';
import type { Atom, Molecule } from '../../../program/molecule/molecule.ts';
import { type Compound, compoundOf, matchCompound } from '../../../program/vina/compound.ts';
import { type DockedPose, poseIn, posesOf, receptorOf } from '../../../program/vina/poses.ts';
import { score, scoreGroup, termsOf } from '../../../program/vina/score.ts';
import { property } from '../../support/property.ts';
import {
  molecule,
  moleculeWithTree,
  type Row,
  randomOrder,
  reordered,
  shipped,
  tree,
  turned,
} from './molecules.ts';

const receptor = receptorOf(shipped('pocket.pdbqt')[0] as Molecule);
const imatinib = shipped('poses.pdbqt');

describe('cellsOf', () => {
  property(
    'finds every point within reach, once',
    fc.array(fc.tuple(...[0, 1, 2].map(() => fc.double({ min: -50, max: 50, noNaN: true }))), {
      maxLength: 80,
    }),
    fc.tuple(...[0, 1, 2].map(() => fc.double({ min: -60, max: 60, noNaN: true }))),
    fc.double({ min: 0.5, max: 20, noNaN: true }),
    (points, centre, reach) => {
      const visited = new Set<number>();
      const [x, y, z] = centre as [number, number, number];
      cellsOf(points.flat(), reach).near(x, y, z, point => {
        expect(visited.has(point)).toBe(false);
        visited.add(point);
      });
      for (const [n, point] of points.entries()) {
        const distance = Math.hypot(...point.map((p, axis) => p - (centre[axis] as number)));
        if (distance < reach) expect(visited.has(n)).toBe(true);
      }
    },
  );
});

describe('the pairs of a pose', () => {
  test('are the same whether found by cells or by comparing all atoms', () => {
    for (const n of [0, 31, 63]) {
      const pose = poseIn(
        receptor,
        compoundOf(imatinib[n] as Molecule),
        imatinib[n] as Molecule,
      ) as DockedPose;
      const { types } = pose.compound.typed;
      const all = pairsOf({ types, coordinates: pose.ligand, rotors: pose.rotors }, receptor.atoms);
      expect(sorted(pose)).toEqual(sorted(all));
    }
  });

  function sorted({ ligandAtom, receptorAtom, radii, hydrophobic, hydrogenBond }: Pose): string[] {
    const pairs = Array.from(ligandAtom, (a, pair) =>
      [a, receptorAtom[pair], radii[pair], hydrophobic[pair], hydrogenBond[pair]].join(' '),
    );
    return pairs.sort();
  }
});

describe('poses of one compound', () => {
  property(
    'are matched whatever the order of their atoms',
    randomOrder(imatinib[0]?.atoms.length ?? 0),
    fc.nat(63),
    (order, n) => {
      const compound = compoundOf(imatinib[0] as Molecule);
      const pose = imatinib[n] as Molecule;
      const other = poseIn(receptor, compound, reordered(pose, order)) as DockedPose;
      expect(energyOf(other)).toBeCloseTo(energyOf(poseIn(receptor, compound, pose) as DockedPose), 9);
      expectSameTypes(compound, other);
    },
  );

  property(
    'of any molecule are recognised after torsions are turned and atoms reordered',
    moleculeWithTree(12).chain(drawn => fc.tuple(fc.constant(drawn), randomOrder(drawn.atoms.length))),
    fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 8 }),
    ([drawn, order], angles) => {
      const match = matchCompound(compoundOf(drawn), reordered(turned(drawn, angles), order));
      expect(match?.rotors).toBe(compoundOf(drawn).typed.rotors);
    },
  );

  test('are distinguished from isomers, such as ortho from meta', async () => {
    const ring = (second: number) => {
      const at = (n: number, r: number): [number, number, number] => [
        r * Math.cos((n * Math.PI) / 3),
        r * Math.sin((n * Math.PI) / 3),
        0,
      ];
      const carbons = [0, 1, 2, 3, 4, 5].map((n): Row => ['A', ...at(n, 1.4)]);
      return molecule([...carbons, ['Cl', ...at(0, 3.1)], ['Cl', ...at(second, 3.1)]]);
    };
    const near = receptorOf(molecule([['C', 0, 0, 4]]));
    const all = await read(posesOf(near, [ring(1), ring(5)]));
    expect(all.length).toBe(2);
    await expect(read(posesOf(near, [ring(1), ring(5), ring(2)]))).rejects.toThrow(
      'molecule.pdbqt: expected poses of one compound, found other atoms in pose 3 than in pose 1',
    );
  });

  test('are read and prepared one at a time', async () => {
    const read: number[] = [];
    const molecules = function* () {
      for (const [n, pose] of imatinib.entries()) {
        read.push(n);
        yield pose;
      }
    };
    let n = 0;
    for await (const pose of posesOf(receptor, molecules())) {
      expect(pose.molecule).toBe(imatinib[n]);
      expect(read.length).toBe(++n);
    }
    expect(n).toBe(64);
  });

  test('stream through combinePoses', async () => {
    const options = { params: vinaWeights(), combination: mean(), gradient: false };
    const alone = await combinePoses({ ...options, poses: posesOf(receptor, imatinib), score });
    const grouped = await combinePoses({
      ...options,
      poses: posesOf(receptor, imatinib),
      score: scoreGroup,
      posesPerTape: 8,
    });
    expect(alone.predictions.length).toBe(64);
    expect(grouped.value).toBeCloseTo(alone.value, 10);
  });

  test('are rejected if none is near the receptor', async () => {
    const far = { ...(imatinib[0] as Molecule), atoms: moved((imatinib[0] as Molecule).atoms, 500) };
    await expect(read(posesOf(receptor, [far]))).rejects.toThrow(
      'poses.pdbqt: no pose comes within 8 Å of an atom of pocket.pdbqt',
    );
  });

  function expectSameTypes(compound: Compound, { molecule, atomOfRow }: DockedPose): void {
    const names = (atoms: readonly Atom[], at: Int32Array) =>
      Array.from(at, place => atoms[place]?.type?.name);
    expect(names(molecule.atoms, atomOfRow)).toEqual(
      names(compound.molecule.atoms, compound.typed.atomOfRow),
    );
  }
});

describe('a pose of several parts:', () => {
  const pose = imatinib[0] as Molecule;
  const { atoms } = pose;

  test('two ligands interact, and their rotors add up', () => {
    const both = joined(pose, { ...pose, atoms: moved(atoms, 4) }, false);
    const compound = compoundOf(both);
    const docked = poseIn(receptor, compound, both) as DockedPose;
    const [first, second] = [pose, { ...pose, atoms: moved(atoms, 4) }].map(one => {
      return poseIn(receptor, compoundOf(one), one) as DockedPose;
    }) as [DockedPose, DockedPose];
    expect(docked.rotors).toBe(14);
    const withoutRotors = (pose: DockedPose) => energyOf(pose) * (1 + 0.05846 * pose.rotors);
    // Pairs between ligands are scored like pairs of ligand and receptor, but the limit of 1000 kcal/mol applies to each pair.
    const between = docked.between as NonNullable<DockedPose['between']>;
    const betweenEnergy = energyOf({ ...docked, ...between.pose, rotors: 0, between: undefined as never });
    expect(withoutRotors(docked)).toBeCloseTo(
      withoutRotors(first) + withoutRotors(second) + betweenEnergy,
      8,
    );
    const distances = Array.from(between.first, (a, n) => distance(docked, a, between.second[n] as number));
    expect(Math.max(...distances)).toBeLessThan(8);
    expect(between.first.length).toBeGreaterThan(300);
  });

  test('a flexible residue has pairs with the ligand, but none with the rest of the receptor', () => {
    const docked = dockedPose(joined(pose, { ...pose, atoms: moved(atoms, 4) }, true));
    const alone = dockedPose(pose);
    expect(docked.rotors).toBe(alone.rotors);
    expect(docked.ligandAtom).toEqual(alone.ligandAtom);
    const rows = alone.atomOfRow.length;
    expect(docked.atomOfRow.length).toBeGreaterThan(rows);
    expect(docked.between?.first.every(row => row < rows)).toBe(true);
    expect(docked.between?.second.every(row => row >= rows)).toBe(true);
    expect(energyOf(docked)).not.toBeCloseTo(energyOf(alone), 2);
  });

  test('the forces between two ligands are equal and opposite', () => {
    const near = receptorOf(molecule([['C', 0, 0, 0]]));
    const two = molecule(
      [
        ['C', 3, 0, 0],
        ['OA', 6, 0, 0],
      ],
      {
        ...tree([0, 1], []),
        roots: [
          { fragment: 0, isFlexibleResidue: false },
          { fragment: 1, isFlexibleResidue: false },
        ],
      },
    );
    const docked = poseIn(near, compoundOf(two), two) as DockedPose;
    expect(docked.between?.first).toEqual(Int32Array.of(0));
    const h = 1e-6;
    const scoreSlope = (row: number) => {
      const [above, below] = [h, -h].map(step => {
        const data = docked.ligand.data.slice();
        data[3 * row] = (data[3 * row] as number) + step;
        const tape = new Tape();
        const x = tape.constant({ ...docked.ligand, data });
        return evaluate([score(tape, recordWeights(tape), docked, x)])[0].data[0] as number;
      }) as [number, number];
      return (above - below) / (2 * h);
    };
    const alone: DockedPose = { ...docked, between: undefined as never };
    const receptorSlopes = [0, 1].map(receptorSlope);
    expect(scoreSlope(0) - (receptorSlopes[0] as number)).toBeCloseTo(
      -(scoreSlope(1) - (receptorSlopes[1] as number)),
      7,
    );

    function receptorSlope(row: number): number {
      const at = (step: number) => {
        const data = alone.ligand.data.slice();
        data[3 * row] = (data[3 * row] as number) + step;
        return energyOf({ ...alone, ligand: { ...alone.ligand, data } });
      };
      return (at(h) - at(-h)) / (2 * h);
    }
  });

  function dockedPose(molecule: Molecule): DockedPose {
    return poseIn(receptor, compoundOf(molecule), molecule) as DockedPose;
  }

  /** One molecule with the atoms and torsion trees of two molecules. */
  function joined(a: Molecule, b: Molecule, isFlexibleResidue: boolean): Molecule {
    const [one, other] = [a.tree, b.tree] as [NonNullable<Molecule['tree']>, NonNullable<Molecule['tree']>];
    const fragments = 1 + Math.max(...one.fragmentOf);
    const count = a.atoms.length;
    return {
      ...a,
      atoms: [...a.atoms, ...b.atoms],
      tree: {
        fragmentOf: Int32Array.from([...one.fragmentOf, ...other.fragmentOf.map(f => f + fragments)]),
        branches: [
          ...one.branches,
          ...other.branches.map(({ from, to, parent, fragment }) => ({
            from: from + count,
            to: to + count,
            parent: parent + fragments,
            fragment: fragment + fragments,
          })),
        ],
        roots: [
          ...one.roots,
          ...other.roots.map(root => ({ fragment: root.fragment + fragments, isFlexibleResidue })),
        ],
      },
    };
  }
});

describe('the terms of a pose', () => {
  test('add up to its score if no atoms clash badly', async () => {
    const executor = jit();
    const weights = vinaWeights();
    for await (const pose of posesOf(receptor, imatinib.slice(0, 3))) {
      const { rotors, ...terms } = termsOf(pose, executor);
      const total = Object.entries(terms).reduce(
        (sum, [name, value]) => sum + (weights[name as keyof typeof weights].data[0] as number) * value,
        0,
      );
      expect(total / (1 + 0.05846 * rotors)).toBeCloseTo(energyOf(pose), 5);
    }
  });
});

function energyOf(pose: DockedPose): number {
  const tape = new Tape();
  return evaluate([score(tape, recordWeights(tape), pose)])[0].data[0] as number;
}

async function read(poses: AsyncIterable<DockedPose>): Promise<DockedPose[]> {
  const all: DockedPose[] = [];
  for await (const pose of poses) all.push(pose);
  return all;
}

function moved(atoms: readonly Atom[], by: number): Atom[] {
  return atoms.map(atom => ({ ...atom, x: atom.x + by }));
}

function distance({ ligand: { data } }: DockedPose, a: number, b: number): number {
  return Math.hypot(
    ...[0, 1, 2].map(axis => (data[3 * a + axis] as number) - (data[3 * b + axis] as number)),
  );
}
