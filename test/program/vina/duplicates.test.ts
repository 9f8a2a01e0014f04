import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { compoundOf } from '../../../program/vina/compound.ts';
import { duplicateFinder, duplicatesOf, rmsdOf } from '../../../program/vina/duplicates.ts';
import { type DockedPose, poseIn, receptorOf } from '../../../program/vina/poses.ts';
import { property } from '../../support/property.ts';
import {
  molecule,
  moleculeWithTree,
  type Row,
  randomOrder,
  reordered,
  shipped,
  turned,
} from './molecules.ts';

const receptor = receptorOf(molecule([['C', 0, 0, 0]]));
const imatinib = docked(shipped('poses.pdbqt'));

describe('rmsdOf', () => {
  test('is 0 for a symmetric ring turned by one atom, but not if one atom differs in type', () => {
    expect(rmsdOf(...dockedPair(ring('A'), ring('A', Math.PI / 3)))).toBeCloseTo(0, 12);
    // The N leaves the ring only two symmetries: the identity and the reflection that keeps the N in place.
    const [a, b] = dockedPair(ring('N'), ring('N', Math.PI / 3));
    expect(rmsdOf(a, b)).toBeCloseTo(1.4, 12);
    expect(rmsdOf(a, a)).toBe(0);
  });

  test('does not superimpose the poses', () => {
    const atoms = (ring('A').atoms ?? []).map(atom => ({ ...atom, z: atom.z + 2 }));
    expect(rmsdOf(...dockedPair(ring('A'), { ...ring('A'), atoms }))).toBeCloseTo(2, 12);
  });

  property('is the minimum over all symmetries', moleculeWithTree(8), angles(), (drawn, turns) => {
    const [a, b] = dockedPair(drawn, turned(drawn, turns));
    fc.pre(a.atomOfRow.length > 0);
    const { labels, bonds } = a.compound.rowGraph;
    let smallest = Number.POSITIVE_INFINITY;
    for (const order of orders(labels.length)) {
      const isSymmetry = order.every(
        (to, from) =>
          labels[to] === labels[from] &&
          bonds[from]?.length === bonds[to]?.length &&
          bonds[from]?.every(other => bonds[to]?.includes(order[other] as number)),
      );
      if (isSymmetry) smallest = Math.min(smallest, rmsdBy(a, b, order));
    }
    expect(rmsdOf(a, b)).toBeCloseTo(smallest, 9);
  });

  property(
    'does not depend on the order of atoms',
    randomOrder(40),
    fc.nat(63),
    fc.nat(63),
    (order, m, n) => {
      const a = imatinib[m] as DockedPose;
      const b = imatinib[n] as DockedPose;
      const shuffled = order.filter(atom => atom < b.molecule.atoms.length);
      const other = poseIn(receptor, a.compound, reordered(b.molecule, shuffled)) as DockedPose;
      expect(rmsdOf(a, other)).toBeCloseTo(rmsdOf(a, b), 9);
      expect(rmsdOf(b, a)).toBeCloseTo(rmsdOf(a, b), 9);
    },
  );

  test('terminates for a molecule with 60! symmetries', () => {
    // Sixty atoms of one type without bonds can be matched in 60! ways.
    const rows = (shift: number) =>
      Array.from(
        { length: 60 },
        (_, n): Row => ['Zn', 10 * (n % 8) + shift * Math.sin(n), 10 * Math.floor(n / 8), 0],
      );
    const [a, b] = dockedPair(molecule(rows(0)), molecule(rows(3)));
    expect(rmsdOf(a, b)).toBeLessThanOrEqual(rmsdBy(a, b, [...Array(60).keys()]) + 1e-9);
  });
});

describe('duplicatesOf', () => {
  test('gives for each duplicate the first pose that it repeats', () => {
    const [x, y, z] = imatinib.slice(0, 3) as [DockedPose, DockedPose, DockedPose];
    expect(duplicatesOf([x, y, x, z, y, y], 0.1)).toEqual([undefined, undefined, 0, undefined, 1, 1]);
  });

  property(
    'finds the poses whose RMSD from an earlier, kept pose is below the threshold',
    fc.double({ min: 0, max: 12, noNaN: true }),
    threshold => {
      const kept: number[] = [];
      const expected = imatinib.map((pose, n) => {
        const first = kept.find(k => rmsdOf(pose, imatinib[k] as DockedPose) < threshold);
        if (first === undefined) kept.push(n);
        return first;
      });
      expect(duplicatesOf(imatinib, threshold)).toEqual(expected);
    },
  );

  test('rejects a threshold that is negative or NaN, and poses of two compounds', () => {
    expect(() => duplicateFinder(-1)).toThrow('expected a distance in Å, found -1');
    expect(() => duplicateFinder(Number.NaN)).toThrow('expected a distance in Å, found NaN');
    const other = docked([ring('A')])[0] as DockedPose;
    expect(() => duplicatesOf([imatinib[0] as DockedPose, other], 1)).toThrow(
      'expected poses of one compound',
    );
  });
});

/** Ring of six atoms of type A, radius 1.4 Å, turned by `angle`; its first atom is of type `first`. */
function ring(first: string, angle = 0): Molecule {
  return molecule(
    [0, 1, 2, 3, 4, 5].map((n): Row => {
      const at = angle + (n * Math.PI) / 3;
      return [n === 0 ? first : 'A', 1.4 * Math.cos(at), 1.4 * Math.sin(at), 0];
    }),
  );
}

function docked(molecules: readonly Molecule[]): DockedPose[] {
  const compound = compoundOf(molecules[0] as Molecule);
  return molecules.map(molecule => poseIn(receptor, compound, molecule) as DockedPose);
}

function dockedPair(a: Molecule, b: Molecule): [DockedPose, DockedPose] {
  return docked([a, b]) as [DockedPose, DockedPose];
}

function angles(): fc.Arbitrary<number[]> {
  return fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 6 });
}

/** RMSD of two poses if atom n of `a` is matched with atom `order[n]` of `b`. */
function rmsdBy(a: DockedPose, b: DockedPose, order: readonly number[]): number {
  const squares = order.map((to, from) =>
    [0, 1, 2].reduce(
      (sum, axis) =>
        sum + ((a.ligand.data[3 * from + axis] as number) - (b.ligand.data[3 * to + axis] as number)) ** 2,
      0,
    ),
  );
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / order.length);
}

/** All permutations of 0 … `count` − 1. */
function* orders(count: number): Generator<number[]> {
  if (count === 0) yield [];
  else
    for (const rest of orders(count - 1))
      for (let at = 0; at < count; at++) yield rest.toSpliced(at, 0, count - 1);
}
