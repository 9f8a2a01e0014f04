import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { findBonds } from '../../../program/vina/bonds.ts';
import { heavyAtoms, typedOf } from '../../../program/vina/xs-types.ts';
import { property } from '../../support/property.ts';
import { molecule, moleculeWithTree, type Row, shipped, tree, turned } from './molecules.ts';

const imatinib = shipped('poses.pdbqt');
const angles = fc.array(fc.double({ min: -Math.PI, max: Math.PI, noNaN: true }), {
  minLength: 1,
  maxLength: 12,
});

describe('types and rotors', () => {
  property(
    'are the same in every conformation of imatinib, rounded to 0.001 Å',
    angles,
    fc.nat(63),
    (turns, n) => {
      const pose = turned(imatinib[n] as Molecule, turns, 0.001);
      const expected = typedOf(imatinib[0] as Molecule);
      expect(typedOf(pose)).toEqual(expected);
    },
  );

  property(
    'are the same in every conformation of any molecule, even if its parts overlap',
    moleculeWithTree(),
    angles,
    (drawn, turns) => {
      expect(typedOf(turned(drawn, turns))).toEqual(typedOf(drawn));
    },
  );

  test('are 37 and 7 in each of the 64 poses of imatinib', () => {
    for (const pose of imatinib) {
      const { types, rotors } = typedOf(pose);
      expect({ heavy: types.length, rotors }).toEqual({ heavy: 37, rotors: 7 });
    }
  });
});

describe('findBonds', () => {
  test('never bonds atoms whose distance a torsion changes, however close', () => {
    // The chain C0–C1–C2–O3, turned so that O3 is within bond length of C0.
    const rows: Row[] = [
      ['C', 0, 0, 0],
      ['C', 1.5, 0, 0],
      ['C', 1.5, 1.5, 0],
      ['OA', 0.2, 1.3, 0],
    ];
    expect(findBonds(molecule(rows))).toEqual([
      [1, 3],
      [0, 2],
      [1, 3],
      [0, 2],
    ]);
    expect(findBonds(molecule(rows, tree([0, 0, 1, 1], [[1, 2, 0]])))).toEqual([[1], [0, 2], [1, 3], [2]]);
  });

  test('bonds the far atom of a rotatable bond to atoms whose distance from it is fixed', () => {
    // A ring of atoms 0, 1 and 2, whose longest side is 0–1. The bond 1–2 is rotatable, and atom 2 lies on its axis.
    const rows: Row[] = [
      ['C', 0, 0, 0],
      ['C', 1.6, 0, 0],
      ['C', 0.8, 1.2, 0],
    ];
    expect(findBonds(molecule(rows, tree([0, 0, 1], [[1, 2, 0]])))).toEqual([[2], [2], [0, 1]]);
  });

  test('does not bond two atoms across a third that is closer to both', () => {
    const rows: Row[] = [
      ['S', 0, 0, 0],
      ['S', 2.1, 0, 0],
      ['H', 1.05, 0, 0],
    ];
    expect(findBonds(molecule(rows))).toEqual([[2], [2], [0, 1]]);
    expect(findBonds(molecule(rows.slice(0, 2)))).toEqual([[1], [0]]);
  });

  test('ignores a third atom whose distance to one of the two a torsion changes', () => {
    const rows: Row[] = [
      ['S', 0, 0, 0],
      ['S', 2.1, 0, 0],
      ['C', -1.8, 0, 0],
      ['H', 1.05, 0, 0],
    ];
    const branches = [[0, 2, 0]] as const;
    expect(findBonds(molecule(rows, tree([0, 0, 1, 1], branches)))).toEqual([[1, 2, 3], [0], [0], [0]]);
  });

  property(
    'finds the same bonds of a receptor by cells as by comparing all pairs',
    fc.integer({ min: 1, max: 60 }),
    n => {
      const pocket = (shipped('pocket.pdbqt')[0] as Molecule).atoms.slice(0, 20 * n);
      const radii = pocket.map(({ type }) => type?.covalentRadius as number);
      const distance = (a: number, b: number) => {
        const [p, q] = [pocket[a], pocket[b]] as [Molecule['atoms'][number], Molecule['atoms'][number]];
        return Math.hypot(p.x - q.x, p.y - q.y, p.z - q.z);
      };
      const bonds = findBonds({ name: '', atoms: pocket, source: { file: 'pocket', line: 1 } });
      // For each n, checks the bonds of one atom.
      const a = n % pocket.length;
      const expected = [...pocket.keys()].filter(b => {
        if (a === b || distance(a, b) >= 1.1 * ((radii[a] as number) + (radii[b] as number))) return false;
        return ![...pocket.keys()].some(
          c => c !== a && c !== b && distance(a, c) < distance(a, b) && distance(b, c) < distance(a, b),
        );
      });
      expect(bonds[a]).toEqual(expected);
    },
  );
});

describe('the number of rotors', () => {
  const chain: Row[] = [
    ['C', 0, 0, 0],
    ['C', 1.5, 0, 0],
    ['C', 1.5, 1.5, 0],
    ['C', 3, 1.5, 0],
    ['HD', 3.8, 1.5, 0],
  ];
  const rotors = (rows: Row[], ...[fragments, branches]: Parameters<typeof tree>) =>
    heavyAtoms(molecule(rows, tree(fragments, branches))).rotors;

  test('counts 1/2 for each end of a torsion if the atom there has another heavy neighbour', () => {
    expect(heavyAtoms(molecule(chain)).rotors).toBe(0);
    expect(rotors(chain, [0, 0, 1, 1, 1], [[1, 2, 0]])).toBe(1);
    expect(rotors(chain, [0, 0, 0, 1, 1], [[2, 3, 0]])).toBe(0.5);
    expect(
      rotors(
        chain,
        [0, 0, 1, 2, 2],
        [
          [1, 2, 0],
          [2, 3, 1],
        ],
      ),
    ).toBe(1.5);
  });

  test('does not count a branch of a single atom', () => {
    const four = chain.slice(0, 4);
    expect(rotors(four, [0, 0, 0, 1], [[2, 3, 0]])).toBe(0);
    expect(
      rotors(
        four,
        [0, 0, 1, 2],
        [
          [1, 2, 0],
          [2, 3, 1],
        ],
      ),
    ).toBe(1);
  });

  test('does not count a torsion between atoms that are not bonded', () => {
    const torn = chain.map(([type, x, y, z], n): Row => [type, n < 2 ? x : x + 1, y, z]);
    expect(rotors(torn, [0, 0, 1, 1, 1], [[1, 2, 0]])).toBe(0);
  });

  test('is the sum over ligands, without flexible residues', () => {
    const apart = [...chain, ...chain.map(([type, x, y, z]): Row => [type, x, y, z + 6])];
    const twoParts = (isFlexibleResidue: boolean) =>
      heavyAtoms(
        molecule(apart, {
          fragmentOf: Int32Array.of(0, 0, 1, 1, 1, 2, 2, 3, 3, 3),
          branches: [
            { from: 1, to: 2, parent: 0, fragment: 1 },
            { from: 6, to: 7, parent: 2, fragment: 3 },
          ],
          roots: [
            { fragment: 0, isFlexibleResidue: false },
            { fragment: 2, isFlexibleResidue },
          ],
        }),
      );
    expect(twoParts(false).rotors).toBe(2);
    expect(twoParts(true).rotors).toBe(1);
    // The root of the residue and the atom at the end of its first bond do not move, so they are not part of the pose.
    expect([twoParts(false), twoParts(true)].map(({ types }) => types.length)).toEqual([8, 5]);
  });
});

describe('atom types', () => {
  const typesOf = (...rows: Row[]) => heavyAtoms(molecule(rows)).types;

  test('make every metal a donor of radius 1.2 Å', () => {
    for (const metal of ['Mg', 'Ca', 'Mn', 'Fe', 'Zn', 'Na', 'K', 'Co', 'Ni', 'Cu', 'Cd', 'Hg', 'U']) {
      expect(typesOf([metal, 0, 0, 0]), metal).toEqual([
        { radius: 1.2, hydrophobic: false, donor: true, acceptor: false },
      ]);
    }
  });

  test('treat selenium as sulfur, and silicon and astatine as not hydrophobic', () => {
    const plain = { hydrophobic: false, donor: false, acceptor: false };
    expect(typesOf(['Se', 0, 0, 0], ['S', 9, 0, 0], ['Si', 18, 0, 0], ['At', 27, 0, 0])).toEqual(
      [2, 2, 2.2, 2.3].map(radius => ({ radius, ...plain })),
    );
  });

  test('leave out dummies, and treat a carbon bonded to a dummy of a cut ring as not hydrophobic', () => {
    expect(typesOf(['W', 0, 0, 0], ['G0', 9, 0, 0])).toEqual([]);
    expect(typesOf(['CG0', 0, 0, 0], ['G0', 1.5, 0, 0]).map(type => type.hydrophobic)).toEqual([false]);
  });

  test('reject an atom without an AutoDock type', () => {
    const { type: _, ...boron } = {
      ...(molecule([['C', 0, 0, 0]]).atoms[0] as Molecule['atoms'][number]),
      name: 'B1',
    };
    expect(() => typedOf({ ...molecule([]), atoms: [boron] })).toThrow(
      'molecule.pdbqt, line 1: expected AutoDock atom types, found none for B1 of LIG A   1; prepare the file as PDBQT, for example by Meeko or Open Babel: only --scorer schnet reads other formats',
    );
  });
});
