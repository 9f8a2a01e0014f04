import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { evaluate, gradient, jit, Tape, type Tensor, tensor, type Value } from 'posetape';
import { mul, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import type { TorsionTree } from '../../../program/molecule/molecule.ts';
import { Linkage, type Motion } from '../../../program/molecule/motion.ts';
import { moleculesOf } from '../../../program/read/molecules.ts';
import { property } from '../../support/property.ts';

const posesText = readFileSync(
  new URL('../../../examples/vina/data/imatinib-abl/poses.pdbqt', import.meta.url),
  'utf8',
);

const executor = jit();

/** Coordinates after a motion, three per atom, as the linkage computes them. */
function moved(linkage: Linkage, motion: Motion): Float64Array {
  const tape = new Tape();
  const [coordinates] = evaluate([linkage.record(tape, onTape(tape, motion))], { executor });
  return coordinates.data as Float64Array;
}

function onTape(tape: Tape, motion: Motion): Motion<Value> {
  const entries = Object.entries(motion).map(([name, values]) => [name, tape.constant(values)]);
  return Object.fromEntries(entries) as Motion<Value>;
}

const number = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true });

/** Trees of up to 6 roots and 12 branches, with coordinates at which no two atoms coincide. */
const trees: fc.Arbitrary<{ tree: TorsionTree; coordinates: number[] }> = fc
  .record({
    roots: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
    parents: fc.array(fc.nat(), { maxLength: 12 }),
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 18, maxLength: 18 }),
    picks: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
    offsets: fc.array(number(1), { minLength: 216, maxLength: 216 }),
  })
  .map(({ roots, parents, sizes, picks, offsets }) => {
    const fragments = roots.length + parents.length;
    const fragmentOf = Array.from({ length: fragments }, (_, f) =>
      new Array<number>(sizes[f] as number).fill(f),
    ).flat();
    const atomsOf = (fragment: number) =>
      [...fragmentOf.keys()].filter(atom => fragmentOf[atom] === fragment);
    const branches = parents.map((pick, k) => {
      const parent = pick % (roots.length + k);
      const atoms = atomsOf(parent);
      const from = atoms[(picks[k] as number) % atoms.length] as number;
      return { from, to: atomsOf(roots.length + k)[0] as number, parent, fragment: roots.length + k };
    });
    return {
      tree: {
        fragmentOf: Int32Array.from(fragmentOf),
        branches,
        roots: roots.map((isFlexibleResidue, fragment) => ({ fragment, isFlexibleResidue })),
      },
      // Points that are 3 Å apart on a line. Then each is displaced by up to 1 Å on each axis.
      coordinates: fragmentOf.flatMap((_, atom) =>
        [3 * atom, 90, -40].map((x, axis) => x + (offsets[(3 * atom + axis) % offsets.length] as number)),
      ),
    };
  });

/** Values for the degrees of freedom, enough for any of the trees. */
const numbers = fc.array(number(3), { minLength: 48, maxLength: 48 });

/** Motion with these values. If there are more degrees of freedom than values, the values repeat. */
function motionOf(linkage: Linkage, values: readonly number[]): Motion {
  const motion = linkage.rest();
  let next = 0;
  for (const { data } of Object.values<Tensor<Float64Array>>({ ...motion })) {
    for (const k of data.keys()) data[k] = values[next++ % values.length] as number;
  }
  return motion;
}

const distance = (x: ArrayLike<number>, a: number, b: number): number =>
  Math.hypot(...[0, 1, 2].map(axis => (x[3 * a + axis] as number) - (x[3 * b + axis] as number)));

/** Groups of atoms whose distances are fixed: each fragment, and the atoms at the other end of its rotatable bonds. */
function rigidGroups({ fragmentOf, branches }: TorsionTree): number[][] {
  const groups: number[][] = Array.from({ length: 1 + Math.max(...fragmentOf) }, () => []);
  for (const [atom, fragment] of fragmentOf.entries()) groups[fragment]?.push(atom);
  for (const { from, to, parent, fragment } of branches) {
    groups[parent]?.push(to);
    groups[fragment]?.push(from);
  }
  return groups;
}

/** Coordinates after a motion: turns the atoms beyond each rotatable bond, the last bond first, then moves each ligand. */
function turned({ fragmentOf, branches, roots }: TorsionTree, start: number[], motion: Motion): number[][] {
  const moving = roots.filter(({ isFlexibleResidue }) => !isFlexibleResidue).map(({ fragment }) => fragment);
  const parents = new Map(branches.map(({ parent, fragment }) => [fragment, parent]));
  const hangsOn = (fragment: number | undefined, top: number): boolean =>
    fragment === top || (fragment !== undefined && hangsOn(parents.get(fragment), top));
  const atomsOn = (top: number) => [...fragmentOf.keys()].filter(atom => hangsOn(fragmentOf[atom], top));
  const x = [...fragmentOf.keys()].map(atom => start.slice(3 * atom, 3 * atom + 3));
  for (const [k, { from, to, fragment }] of [...branches.entries()].reverse()) {
    const [begin, end] = [start.slice(3 * from, 3 * from + 3), start.slice(3 * to, 3 * to + 3)];
    const axis = end.map((x, i) => x - (begin[i] as number));
    for (const atom of atomsOn(fragment)) {
      x[atom] = about(x[atom] as number[], end, axis, motion.torsions.data[k] as number);
    }
  }
  for (const [k, root] of moving.entries()) {
    const rows = ({ data }: Tensor) => [...data.subarray(3 * k, 3 * k + 3)];
    const atoms = atomsOn(root);
    const middle = [0, 1, 2].map(axis => {
      return atoms.reduce((total, atom) => total + (start[3 * atom + axis] as number), 0) / atoms.length;
    });
    const [b, shift] = [rows(motion.rotation), rows(motion.translation)];
    const angle = 2 * Math.atan(Math.hypot(...b) / 2);
    for (const atom of atoms) {
      x[atom] = about(x[atom] as number[], middle, b, angle).map((value, i) => value + (shift[i] as number));
    }
  }
  return x;
}

/**
 * A point turned about an axis through `center`. With the unit axis a and v = point − center, v becomes
 * v cos θ + (a × v) sin θ + a (a · v) (1 − cos θ).
 */
function about(point: number[], center: number[], axis: number[], angle: number): number[] {
  const length = Math.hypot(...axis) || 1;
  const [a, b, c] = axis.map(component => component / length) as [number, number, number];
  const [x, y, z] = point.map((value, i) => value - (center[i] as number)) as [number, number, number];
  const along = (a * x + b * y + c * z) * (1 - Math.cos(angle));
  const crossed = [b * z - c * y, c * x - a * z, a * y - b * x];
  return [x, y, z].map(
    (value, i) =>
      (center[i] as number) +
      value * Math.cos(angle) +
      (crossed[i] as number) * Math.sin(angle) +
      ([a, b, c][i] as number) * along,
  );
}

describe('coordinates from a Linkage', () => {
  property('keep every distance that no torsion changes', trees, numbers, ({ tree, coordinates }, drawn) => {
    const linkage = new Linkage(tree);
    linkage.setReference(coordinates);
    const after = moved(linkage, motionOf(linkage, drawn));
    for (const group of rigidGroups(tree)) {
      for (const a of group) {
        for (const b of group) expect(distance(after, a, b)).toBeCloseTo(distance(coordinates, a, b), 9);
      }
    }
  });

  property('equal those of turning bond by bond', trees, numbers, ({ tree, coordinates }, drawn) => {
    const linkage = new Linkage(tree);
    linkage.setReference(coordinates);
    const motion = motionOf(linkage, drawn);
    const after = moved(linkage, motion);
    for (const [k, expected] of turned(tree, coordinates, motion).flat().entries()) {
      expect(after[k]).toBeCloseTo(expected, 9);
    }
  });

  property('have derivatives at rest that equal `slopes`', trees, numbers, ({ tree, coordinates }, drawn) => {
    const linkage = new Linkage(tree);
    linkage.setReference(coordinates);
    const width = 3 * linkage.atoms;
    const pull = Float64Array.from({ length: width }, (_, i) => drawn[i % drawn.length] as number);
    const tape = new Tape();
    const entries = Object.entries<Tensor>({ ...linkage.rest() });
    const values = entries.map(([name, rest]) => tape.parameter(rest, name));
    const motion = Object.fromEntries(
      entries.map(([name], k) => [name, values[k]]),
    ) as unknown as Motion<Value>;
    const energy = sum(mul(linkage.record(tape, motion), tape.constant(tensor(pull, [linkage.atoms, 3]))));
    const nonEmpty = values.filter(({ shape }) => shape[0] !== 0);
    const derivatives = executor.run(gradient(energy, nonEmpty)).flatMap(({ data }) => [...data]);
    const slopes = linkage.slopes(coordinates);
    expect(derivatives.length).toBe(slopes.length / width);
    for (const [degree, slope] of derivatives.entries()) {
      const row = slopes.subarray(degree * width, (degree + 1) * width);
      expect(slope).toBeCloseTo(
        row.reduce((total, entry, i) => total + entry * (pull[i] as number), 0),
        8,
      );
    }
  });

  test('keep rigid distances of real poses within 1e-6 Å, by one plan for all poses', () => {
    const molecules = [...moleculesOf(posesText, 'poses.pdbqt')];
    const { tree } = molecules[0] as { tree: TorsionTree };
    const linkage = new Linkage(tree);
    const counted = jit();
    const motion = motionOf(linkage, [0.3, -1.2, 2.9, 0.7, -0.4]);
    const tape = new Tape();
    const wanted = [linkage.record(tape, onTape(tape, motion))];
    for (const { atoms } of molecules) {
      const start = atoms.flatMap(({ x, y, z }) => [x, y, z]);
      linkage.setReference(start);
      const [after] = counted.run(wanted) as [Tensor];
      for (const group of rigidGroups(tree)) {
        for (const a of group) {
          for (const b of group) {
            expect(Math.abs(distance(after.data, a, b) - distance(start, a, b))).toBeLessThan(1e-6);
          }
        }
      }
    }
    expect(counted.planned).toBe(1);
  });
});
