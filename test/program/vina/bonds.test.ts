import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { findBonds } from '../../../program/vina/bonds.ts';
import { heavyAtoms, typed } from '../../../program/vina/xs-types.ts';
import { property } from '../../support/property.ts';
import { molecule, moleculeWithTree, type Row, shipped, tree, turned } from './molecules.ts';

const imatinib = shipped('poses.pdbqt');
const angles = fc.array(fc.double({ min: -Math.PI, max: Math.PI, noNaN: true }), {
  minLength: 1,
  maxLength: 12,
});

describe('types and rotors are those of the compound', () => {
  property(
    'of imatinib, whatever its torsions, rounded as a file rounds them',
    angles,
    fc.nat(63),
    (turns, n) => {
      const pose = turned(imatinib[n] as Molecule, turns, 0.001);
      const expected = typed(imatinib[0] as Molecule);
      expect(typed(pose)).toEqual(expected);
    },
  );

  property(
    'of any molecule, though its parts may lie on one another',
    moleculeWithTree(),
    angles,
    (drawn, turns) => {
      expect(typed(turned(drawn, turns))).toEqual(typed(drawn));
    },
  );

  test('imatinib has 37 heavy atoms and 7 rotors', () => {
    for (const pose of imatinib) {
      const { types, rotors } = typed(pose);
      expect({ heavy: types.length, rotors }).toEqual({ heavy: 37, rotors: 7 });
    }
  });
});

describe('bonds', () => {
  test('atoms that a torsion moves apart are never bonded, however close', () => {
    // C0–C1–C2–O3, turned so that O3 is beside C0
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

  test('the far atom of a rotatable bond is bonded only to atoms at a fixed distance', () => {
    // A ring of three, of which 0–1 is the longest side; 1–2 is rotatable, and does not move 2.
    const rows: Row[] = [
      ['C', 0, 0, 0],
      ['C', 1.6, 0, 0],
      ['C', 0.8, 1.2, 0],
    ];
    expect(findBonds(molecule(rows, tree([0, 0, 1], [[1, 2, 0]])))).toEqual([[2], [2], [0, 1]]);
  });

  test('two atoms are not bonded across a third that is closer to both', () => {
    const rows: Row[] = [
      ['S', 0, 0, 0],
      ['S', 2.1, 0, 0],
      ['H', 1.05, 0, 0],
    ];
    expect(findBonds(molecule(rows))).toEqual([[2], [2], [0, 1]]);
    expect(findBonds(molecule(rows.slice(0, 2)))).toEqual([[1], [0]]);
  });

  test('a third atom counts only if it is at a fixed distance from both', () => {
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
    'of a receptor, found by cells, are those of all pairs',
    fc.integer({ min: 1, max: 60 }),
    atoms => {
      const pocket = (shipped('pocket.pdbqt')[0] as Molecule).atoms.slice(0, 20 * atoms);
      const { types } = { types: pocket.map(({ type }) => type?.covalentRadius as number) };
      const d = (a: number, b: number) => {
        const [p, q] = [pocket[a], pocket[b]] as [Molecule['atoms'][number], Molecule['atoms'][number]];
        return Math.hypot(p.x - q.x, p.y - q.y, p.z - q.z);
      };
      const found = findBonds({ name: '', atoms: pocket, source: { file: 'pocket', line: 1 } });
      // One atom of each case against all others.
      const a = atoms % pocket.length;
      const expected = [...pocket.keys()].filter(b => {
        if (a === b || d(a, b) >= 1.1 * ((types[a] as number) + (types[b] as number))) return false;
        return ![...pocket.keys()].some(c => c !== a && c !== b && d(a, c) < d(a, b) && d(b, c) < d(a, b));
      });
      expect(found[a]).toEqual(expected);
    },
  );
});

describe('rotors', () => {
  const chain: Row[] = [
    ['C', 0, 0, 0],
    ['C', 1.5, 0, 0],
    ['C', 1.5, 1.5, 0],
    ['C', 3, 1.5, 0],
    ['HD', 3.8, 1.5, 0],
  ];
  const rotors = (rows: Row[], ...[fragments, branches]: Parameters<typeof tree>) =>
    heavyAtoms(molecule(rows, tree(fragments, branches))).rotors;

  test('count half for each end that holds another heavy atom', () => {
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

  test('a branch of one atom belongs to its parent', () => {
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

  test('a torsion of two atoms that are not bonded counts for nothing', () => {
    const torn = chain.map(([type, x, y, z], n): Row => [type, n < 2 ? x : x + 1, y, z]);
    expect(rotors(torn, [0, 0, 1, 1, 1], [[1, 2, 0]])).toBe(0);
  });

  test('of several ligands are added up; those of flexible residues do not count', () => {
    const apart = [...chain, ...chain.map(([type, x, y, z]): Row => [type, x, y, z + 6])];
    const two = (isFlexibleResidue: boolean) =>
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
    expect(two(false).rotors).toBe(2);
    expect(two(true).rotors).toBe(1);
    // The root of the residue, and the atom at the end of its first bond, stand still.
    expect([two(false), two(true)].map(({ types }) => types.length)).toEqual([8, 5]);
  });
});

describe('types', () => {
  const typesOf = (...rows: Row[]) => heavyAtoms(molecule(rows)).types;

  test('metals of every kind are donors of one radius', () => {
    for (const metal of ['Mg', 'Ca', 'Mn', 'Fe', 'Zn', 'Na', 'K', 'Co', 'Ni', 'Cu', 'Cd', 'Hg', 'U']) {
      expect(typesOf([metal, 0, 0, 0]), metal).toEqual([
        { radius: 1.2, hydrophobic: false, donor: true, acceptor: false },
      ]);
    }
  });

  test('selenium is taken as sulfur; silicon and astatine are not hydrophobic', () => {
    const plain = { hydrophobic: false, donor: false, acceptor: false };
    expect(typesOf(['Se', 0, 0, 0], ['S', 9, 0, 0], ['Si', 18, 0, 0], ['At', 27, 0, 0])).toEqual(
      [2, 2, 2.2, 2.3].map(radius => ({ radius, ...plain })),
    );
  });

  test('dummies have no term; the carbon of a cut ring is no longer hydrophobic beside its dummy', () => {
    expect(typesOf(['W', 0, 0, 0], ['G0', 9, 0, 0])).toEqual([]);
    expect(typesOf(['CG0', 0, 0, 0], ['G0', 1.5, 0, 0]).map(type => type.hydrophobic)).toEqual([false]);
  });

  test('an atom without an AutoDock type is an error', () => {
    const { type: _, ...boron } = {
      ...(molecule([['C', 0, 0, 0]]).atoms[0] as Molecule['atoms'][number]),
      name: 'B1',
    };
    expect(() => typed({ ...molecule([]), atoms: [boron] })).toThrow(
      'molecule.pdbqt, line 1: expected AutoDock atom types, found none for B1 of LIG A   1; convert the file to PDBQT',
    );
  });
});
