import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Atom, Branch, Molecule, TorsionTree } from '../../../program/molecule/molecule.ts';
import { type AtomType, atomTypes } from '../../../program/read/atom-types.ts';
import { moleculesOf } from '../../../program/read/molecules.ts';

/** Molecules of a file in `examples/vina/data/imatinib-abl`. */
export function shipped(name: string): Molecule[] {
  const url = new URL(`../../../examples/vina/data/imatinib-abl/${name}`, import.meta.url);
  return [...moleculesOf(readFileSync(url, 'utf8'), name)];
}

/** AutoDock type and coordinates in Å of an atom. */
export type Row = readonly [type: string, x: number, y: number, z: number];

/** Molecule of these atoms. Without a tree, it is rigid. */
export function molecule(rows: readonly Row[], tree?: TorsionTree): Molecule {
  const atoms: Atom[] = rows.map(([name, x, y, z], place) => {
    const type = atomTypes.get(name) as AtomType;
    return { serial: place + 1, name, residue: 'LIG A   1', element: type.element, x, y, z, type };
  });
  return { name: '', atoms, ...(tree && { tree }), source: { file: 'molecule.pdbqt', line: 1 } };
}

/**
 * Torsion tree of one ligand. Branch n begins fragment n + 1.
 *
 * @param fragments the fragment of each atom
 */
export function tree(
  fragments: readonly number[],
  branches: readonly (readonly [from: number, to: number, parent: number])[],
): TorsionTree {
  return {
    fragmentOf: Int32Array.from(fragments),
    branches: branches.map(([from, to, parent], n) => ({ from, to, parent, fragment: n + 1 })),
    roots: [{ fragment: 0, isFlexibleResidue: false }],
  };
}

const common = ['C', 'A', 'N', 'NA', 'OA', 'S', 'SA', 'HD', 'H', 'F', 'Cl', 'P', 'CG0', 'G0', 'W', 'Si'];

/**
 * Molecules grown atom by atom. Each new atom is put at about a bond's length from an earlier atom, in any direction.
 * The bond may be stretched or compressed, and parts of the molecule may overlap. Some bonds are rotatable.
 */
export function moleculeWithTree(maxLength = 16): fc.Arbitrary<Molecule> {
  const unit = fc.double({ min: -1, max: 1, noNaN: true });
  const growth = fc.record({
    type: fc.constantFrom(...common),
    on: fc.nat(),
    isRotatable: fc.boolean(),
    stretch: fc.double({ min: 0.85, max: 1.06, noNaN: true }),
    towards: fc.tuple(unit, unit, unit).filter(([x, y, z]) => x * x + y * y + z * z > 0.01),
  });
  return fc.array(growth, { minLength: 2, maxLength }).map(drawn => {
    const rows: Row[] = [];
    const fragments: number[] = [];
    const branches: [number, number, number][] = [];
    for (const [n, { type, on, isRotatable, stretch, towards }] of drawn.entries()) {
      if (n === 0) {
        rows.push([type, 0, 0, 0]);
        fragments.push(0);
        continue;
      }
      const parent = on % n;
      const [parentType, ...from] = rows[parent] as Row;
      const radius = (name: string) => (atomTypes.get(name) as AtomType).covalentRadius;
      // A water, or an atom grown from a water, is about 2.8 Å from the earlier atom, too far for a bond with it.
      const apart = type === 'W' || parentType === 'W' ? 2.8 : radius(type) + radius(parentType);
      const length = (stretch * apart) / Math.hypot(...towards);
      const [x, y, z] = from.map((x, axis) => x + length * (towards[axis] as number)) as [
        number,
        number,
        number,
      ];
      rows.push([type, x, y, z]);
      if (isRotatable) branches.push([parent, n, fragments[parent] as number]);
      fragments.push(isRotatable ? branches.length : (fragments[parent] as number));
    }
    return molecule(rows, tree(fragments, branches));
  });
}

/**
 * The molecule with its branches turned: another conformation.
 *
 * @param angles turn of each branch in radians. If there are fewer angles than branches, the angles repeat.
 * @param step coordinates are rounded to multiples of this length in Å; 0 does not round
 */
export function turned(molecule: Molecule, angles: readonly number[], step = 0): Molecule {
  let atoms = molecule.atoms;
  const { fragmentOf, branches } = molecule.tree as TorsionTree;
  for (const [n, branch] of branches.entries()) {
    const moving = within(branch, branches);
    const [from, to] = [atoms[branch.from], atoms[branch.to]] as [Atom, Atom];
    const turn = rotation(from, to, angles[n % angles.length] as number);
    atoms = atoms.map((atom, place) => (moving.has(fragmentOf[place] as number) ? turn(atom) : atom));
  }
  const rounded = (x: number) => (step > 0 ? Math.round(x / step) * step : x);
  atoms = atoms.map(atom => ({ ...atom, x: rounded(atom.x), y: rounded(atom.y), z: rounded(atom.z) }));
  return { ...molecule, atoms };
}

/** Fragments that a branch turns. */
function within({ fragment }: Branch, branches: readonly Branch[]): Set<number> {
  const fragments = new Set([fragment]);
  for (const branch of branches) if (fragments.has(branch.parent)) fragments.add(branch.fragment);
  return fragments;
}

/** Rotation about the line through two points (Rodrigues). */
function rotation(from: Atom, to: Atom, angle: number): (atom: Atom) => Atom {
  const [kx, ky, kz] = normalized(to.x - from.x, to.y - from.y, to.z - from.z);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return atom => {
    const [x, y, z] = [atom.x - to.x, atom.y - to.y, atom.z - to.z];
    const along = (kx * x + ky * y + kz * z) * (1 - cos);
    return {
      ...atom,
      x: to.x + x * cos + (ky * z - kz * y) * sin + kx * along,
      y: to.y + y * cos + (kz * x - kx * z) * sin + ky * along,
      z: to.z + z * cos + (kx * y - ky * x) * sin + kz * along,
    };
  };
}

function normalized(x: number, y: number, z: number): [number, number, number] {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

/** The molecule with its atoms in another order: atom n of the result is atom `order[n]`. */
export function reordered(molecule: Molecule, order: readonly number[]): Molecule {
  const placeOf = new Map(order.map((old, place) => [old, place]));
  const { tree } = molecule;
  const atoms = order.map(old => molecule.atoms[old] as Atom);
  if (!tree) return { ...molecule, atoms };
  return {
    ...molecule,
    atoms,
    tree: {
      ...tree,
      fragmentOf: Int32Array.from(order, old => tree.fragmentOf[old] as number),
      branches: tree.branches.map(branch => ({
        ...branch,
        from: placeOf.get(branch.from) as number,
        to: placeOf.get(branch.to) as number,
      })),
    },
  };
}

/** Random permutations of 0 … `count` − 1. */
export function randomOrder(count: number): fc.Arbitrary<number[]> {
  const all = Array.from({ length: count }, (_, n) => n);
  return fc.shuffledSubarray(all, { minLength: count, maxLength: count });
}
