import { describe, expect, test } from 'vitest';
import type { Bond, Molecule } from '../../../program/molecule/molecule.ts';
import { treeOfBonds } from '../../../program/molecule/rotatable.ts';

const elements: Readonly<Record<string, number>> = { H: 1, C: 6, N: 7, O: 8 };

/** A molecule of atoms such as `C C O` and bonds such as `0-1 1=2 2:3`: one single, one double, one aromatic. */
function molecule(atoms: string, bonds: string): Molecule {
  return {
    name: '',
    atoms: atoms.split(' ').map((name, i) => {
      return { serial: i + 1, name, residue: '', element: elements[name] as number, x: i, y: 0, z: 0 };
    }),
    bonds: bonds.split(' ').map((text): Bond => {
      const [from, to] = text.split(/[-=:]/).map(Number) as [number, number];
      return { from, to, order: text.includes('=') ? 2 : text.includes(':') ? 1.5 : 1 };
    }),
    source: { file: 'a.sdf', line: 1 },
  };
}

const rotatable = (molecule: Molecule) =>
  treeOfBonds(molecule)?.branches.map(({ from, to }) => [from, to].sort((a, b) => a - b).join('-'));

describe('treeOfBonds', () => {
  test.each([
    ['turns butane about its middle bond', 'C C C C', '0-1 1-2 2-3', ['1-2']],
    ['does not turn propane', 'C C C', '0-1 1-2', []],
    ['does not turn double bonds', 'C C C C', '0-1 1=2 2-3', []],
    ['does not turn a bond that moves only hydrogens', 'C C O H', '0-1 1-2 2-3', []],
    ['does not turn rings', 'C C C C C C', '0-1 1-2 2-3 3-4 4-5 5-0', []],
    ['turns a chain on a ring', 'C C C C C', '0-1 1-2 2-0 2-3 3-4', ['2-3']],
    ['does not turn amides', 'C C O N C', '0-1 1=2 1-3 3-4', []],
    ['turns esters', 'C C O O C', '0-1 1=2 1-3 3-4', ['1-3']],
  ])('%s', (_what, atoms, bonds, expected) => {
    expect(rotatable(molecule(atoms, bonds))).toEqual(expected);
  });

  test('lists each branch before those within it, and takes the largest fragment of a connected part as its root', () => {
    // A ring of three atoms with a chain of four, and a water.
    const tree = treeOfBonds(molecule('C C C C C C C O', '0-1 1-2 2-3 3-4 4-5 5-6 4-6'));
    expect(tree?.roots.length).toBe(2);
    expect(tree?.roots[0]?.fragment).toBe(tree?.fragmentOf[4]);
    expect(tree?.branches.map(({ from, to }) => [from, to])).toEqual([
      [4, 3],
      [3, 2],
      [2, 1],
    ]);
    for (const [k, { parent }] of (tree?.branches ?? []).entries()) {
      const earlier = [
        ...(tree?.roots ?? []).map(({ fragment }) => fragment),
        ...(tree?.branches ?? []).slice(0, k).map(({ fragment }) => fragment),
      ];
      expect(earlier).toContain(parent);
    }
  });

  test('gives undefined if the file has no bonds', () => {
    const { bonds: _, ...without } = molecule('C C C C', '0-1 1-2 2-3');
    expect(treeOfBonds(without)).toBeUndefined();
  });
});
