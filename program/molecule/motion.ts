import { type Tape, type Tensor, tensor, type Value } from 'posetape';
import {
  add,
  concat,
  cos,
  div,
  einsum,
  expandDims,
  gather,
  matmul,
  mul,
  reshape,
  sin,
  slice,
  square,
  sub,
  sum,
} from 'posetape/ops';
import type { TorsionTree } from './molecule.ts';

/** Degrees of freedom of a torsion tree: its displacement from the reference coordinates. */
export interface Motion<T = Tensor<Float64Array>> {
  /** Shift of each ligand in Å, shape [ligands, 3]. */
  readonly translation: T;
  /** Rotation of each ligand about its middle, as a vector: the unit axis times 2 tan(angle / 2), shape [ligands, 3]. */
  readonly rotation: T;
  /** Angle by which each branch is turned, in radians, shape [branches]. */
  readonly torsions: T;
}

/**
 * Torsion tree whose coordinates are computed on a tape from its degrees of freedom. Bond lengths and angles do not change.
 *
 * Each rigid fragment moves by an affine map, a 4 × 4 matrix. The map of a branch is the product of its parent's map and a
 * turn about its bond. Motion is measured from the reference coordinates that {@link setReference} was last called with. Set
 * new ones from time to time, because the vector that describes a rotation becomes infinite at half a turn.
 */
export class Linkage {
  readonly atoms: number;
  /** Number of ligands, which also move as a whole. Flexible residues do not: their roots are fixed. */
  readonly ligands: number;
  readonly branches: number;

  /** Reference coordinates, each followed by 1, shape [atoms, 4]. */
  readonly #reference: Tensor<Float64Array>;
  /** Derivatives of each ligand's map by a rotation about each axis, for a rotation of 0, shape [ligands, 3, 4, 4]. */
  readonly #turns: Tensor<Float64Array>;
  /** Matrices that are multiplied by the sines of the torsions, shape [branches, 4, 4]. */
  readonly #sines: Tensor<Float64Array>;
  /** Matrices that are multiplied by 1 − cos θ of each torsion θ, shape [branches, 4, 4]. */
  readonly #versines: Tensor<Float64Array>;

  readonly #tree: TorsionTree;
  /** Index of the map of each atom. The maps of ligands come first, then those of branches, then the identity for fixed atoms. */
  readonly #mapOf: Int32Array;
  /** Lists of the ancestors 1, 2, 4, … levels above each map, up to the depth of the tree. */
  readonly #ancestors: readonly Int32Array[];
  /** Ligand of each atom; −1 for atoms of flexible residues. */
  readonly #ligandOf: Int32Array;
  /** Branches that move each atom. */
  readonly #branchesOf: readonly (readonly number[])[];

  constructor(tree: TorsionTree) {
    const { fragmentOf, branches, roots } = tree;
    const moving = roots.filter(({ isFlexibleResidue }) => !isFlexibleResidue);
    this.#tree = tree;
    this.atoms = fragmentOf.length;
    this.ligands = moving.length;
    this.branches = branches.length;
    // The identity is the last map.
    const identityIndex = this.ligands + this.branches;

    const mapOfFragment = new Map<number, number>();
    for (const { fragment } of roots) mapOfFragment.set(fragment, identityIndex);
    for (const [k, { fragment }] of moving.entries()) mapOfFragment.set(fragment, k);
    for (const [k, { fragment }] of branches.entries()) mapOfFragment.set(fragment, this.ligands + k);
    const mapOf = (fragment: number): number => {
      const map = mapOfFragment.get(fragment);
      if (map === undefined)
        throw new RangeError(
          `torsion tree: fragment ${fragment} is neither a root nor the fragment of a branch`,
        );
      return map;
    };
    this.#mapOf = fragmentOf.map(mapOf);

    const parents = new Int32Array(identityIndex + 1).fill(identityIndex);
    for (const [k, { parent }] of branches.entries()) parents[this.ligands + k] = mapOf(parent);
    this.#ancestors = ancestorsOf(parents, identityIndex);

    const lineages = [...parents.keys()].map(map => lineageOf(map, parents, identityIndex));
    this.#branchesOf = [...this.#mapOf].map(map =>
      (lineages[map] as number[]).filter(each => each >= this.ligands).map(each => each - this.ligands),
    );
    // The last map of a lineage is that of a ligand, or of a branch of a flexible residue. The lineage of the identity is empty.
    this.#ligandOf = this.#mapOf.map(map => {
      const [root = identityIndex] = (lineages[map] as number[]).slice(-1);
      return root < this.ligands ? root : -1;
    });

    this.#reference = zeros(this.atoms, 4);
    this.#turns = zeros(this.ligands, 3, 4, 4);
    this.#sines = zeros(this.branches, 4, 4);
    this.#versines = zeros(this.branches, 4, 4);
  }

  /** Returns the motion that leaves all atoms at the reference coordinates. */
  rest(): Motion {
    return {
      translation: zeros(this.ligands, 3),
      rotation: zeros(this.ligands, 3),
      torsions: zeros(this.branches),
    };
  }

  /**
   * Sets the coordinates from which motion is measured. Tapes recorded earlier use them in their next run.
   *
   * @param coordinates Å, three for each atom
   */
  setReference(coordinates: ArrayLike<number>): void {
    const at = (atom: number): Vector => vectorAt(coordinates, atom);
    for (let atom = 0; atom < this.atoms; atom++) this.#reference.data.set([...at(atom), 1], 4 * atom);
    // A 4 × 4 matrix has 16 entries.
    for (const [k, middle] of this.#middles(coordinates).entries()) {
      for (const [axis, unit] of axes.entries()) {
        this.#turns.data.set(about(middle, crossMatrix(unit)), 16 * (3 * k + axis));
      }
    }
    for (const [k, { from, to }] of this.#tree.branches.entries()) {
      const unit = direction(at(from), at(to));
      this.#sines.data.set(about(at(to), crossMatrix(unit)), 16 * k);
      this.#versines.data.set(about(at(to), product(crossMatrix(unit), crossMatrix(unit))), 16 * k);
    }
  }

  /** Records the coordinates after a motion, in Å and of shape [atoms, 3]. */
  record(tape: Tape, { translation, rotation, torsions }: Motion<Value>): Value {
    const maps: Value[] = [];
    if (this.ligands > 0) maps.push(this.#ligandMaps(tape, translation, rotation));
    if (this.branches > 0) maps.push(this.#branchMaps(tape, torsions));
    maps.push(tape.constant([identity]));
    let products = concat(maps); // [maps, 4, 4]
    for (const ancestors of this.#ancestors) products = matmul(gather(products, ancestors), products);
    const rows = slice(products, [0, 0], [products.shape[0] as number, 3]); // drops the last row, 0 0 0 1
    const ofAtoms = gather(rows, this.#mapOf); // [atoms, 3, 4]
    return sum(mul(ofAtoms, expandDims(tape.constant(this.#reference), 1)), 2);
  }

  /** Records I + T + f (B + B² / 2), a shift and Cayley's rotation, with B x = b × (x − middle) and f = 1 / (1 + b² / 4). */
  #ligandMaps(tape: Tape, translation: Value, rotation: Value): Value {
    const shift = einsum('lk,kij->lij', translation, tape.constant(shifts));
    const turn = einsum('lk,lkij->lij', rotation, tape.constant(this.#turns));
    const factor = div(1, add(1, mul(0.25, sum(square(rotation), 1))));
    const turned = mul(reshape(factor, [this.ligands, 1, 1]), add(turn, mul(0.5, matmul(turn, turn))));
    return add(add(tape.constant(identity), shift), turned);
  }

  /** Records I + sin θ K + (1 − cos θ) K², Rodrigues' formula for a rotation, with K x = axis × (x − position of atom `to`). */
  #branchMaps(tape: Tape, torsions: Value): Value {
    const angles = reshape(torsions, [this.branches, 1, 1]);
    const sines = mul(sin(angles), tape.constant(this.#sines));
    const versines = mul(sub(1, cos(angles)), tape.constant(this.#versines));
    return add(tape.constant(identity), add(sines, versines));
  }

  /**
   * Returns the derivatives of the coordinates by the degrees of freedom, at rest. Each row has 3 × atoms numbers. Rows are
   * in the order of {@link Motion}: translations, rotations, torsions.
   */
  slopes(coordinates: ArrayLike<number>): Float64Array {
    const degrees = 6 * this.ligands + this.branches;
    const slopes = new Float64Array(degrees * 3 * this.atoms);
    const middles = this.#middles(coordinates);
    const set = (degree: number, atom: number, vector: Vector): void =>
      slopes.set(vector, 3 * (degree * this.atoms + atom));
    for (let atom = 0; atom < this.atoms; atom++) {
      const here = vectorAt(coordinates, atom);
      const ligand = this.#ligandOf[atom] as number;
      for (const [axis, unit] of axes.entries()) {
        if (ligand < 0) break;
        set(3 * ligand + axis, atom, unit);
        const arm = minus(here, middles[ligand] as Vector);
        set(3 * (this.ligands + ligand) + axis, atom, vectorProduct(unit, arm));
      }
      for (const branch of this.#branchesOf[atom] as readonly number[]) {
        const { from, to } = this.#tree.branches[branch] as TorsionTree['branches'][number];
        const end = vectorAt(coordinates, to);
        const unit = direction(vectorAt(coordinates, from), end);
        set(6 * this.ligands + branch, atom, vectorProduct(unit, minus(here, end)));
      }
    }
    return slopes;
  }

  /** Returns the mean coordinates of each ligand. */
  #middles(coordinates: ArrayLike<number>): Vector[] {
    const sums = Array.from({ length: this.ligands }, (): [number, number, number] => [0, 0, 0]);
    const counts = new Float64Array(this.ligands);
    for (const [atom, ligand] of this.#ligandOf.entries()) {
      const total = sums[ligand];
      if (!total) continue;
      counts[ligand] = (counts[ligand] as number) + 1;
      for (const [axis, each] of vectorAt(coordinates, atom).entries()) (total[axis] as number) += each;
    }
    return sums.map(([x, y, z], k) => {
      const count = counts[k] || 1;
      return [x / count, y / count, z / count];
    });
  }
}

type Vector = readonly [number, number, number];

/** 3 × 3 matrix: nine numbers, row by row. */
type Matrix = readonly number[];

const axes: readonly Vector[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

const identity = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
];

/** Derivatives of a map by a shift along each axis. */
const shifts = axes.map(unit => [...unit.map(each => [0, 0, 0, each]), [0, 0, 0, 0]]);

/**
 * Lists the ancestors 1, 2, 4, … levels above each map. Multiplying each map by its ancestor in every list in turn gives the
 * product of the map and all maps above it.
 *
 * @param identityIndex index of the identity, the ancestor of all maps
 */
function ancestorsOf(parents: Int32Array, identityIndex: number): Int32Array[] {
  const lists: Int32Array[] = [];
  for (let ancestors = parents; ancestors.some(map => map !== identityIndex); ) {
    lists.push(ancestors);
    const nearer = ancestors;
    ancestors = nearer.map(map => nearer[map] as number);
  }
  return lists;
}

/**
 * Lists a map and all its ancestors, nearest first, without the identity.
 *
 * @throws RangeError if the ancestors form a cycle
 */
function lineageOf(map: number, parents: Int32Array, identityIndex: number): number[] {
  const lineage: number[] = [];
  for (let each = map; each !== identityIndex; each = parents[each] as number) {
    if (lineage.includes(each)) throw new RangeError('torsion tree: a fragment is its own ancestor');
    lineage.push(each);
  }
  return lineage;
}

function zeros(...shape: number[]): Tensor<Float64Array> {
  return tensor(new Float64Array(shape.reduce((size, length) => size * length, 1)), shape);
}

function vectorAt(coordinates: ArrayLike<number>, atom: number): Vector {
  return [0, 1, 2].map(axis => coordinates[3 * atom + axis] as number) as unknown as Vector;
}

function minus(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function vectorProduct(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** Returns the unit vector from a to b. If the points coincide, returns the zero vector, so that a turn moves nothing. */
function direction(a: Vector, b: Vector): Vector {
  const step = minus(b, a);
  const length = Math.hypot(...step) || 1;
  return [step[0] / length, step[1] / length, step[2] / length];
}

/** Returns the matrix that maps x to the vector product of the given vector and x. */
function crossMatrix([x, y, z]: Vector): Matrix {
  return [0, -z, y, z, 0, -x, -y, x, 0];
}

function product(a: Matrix, b: Matrix): Matrix {
  return a.map((_, at) => {
    const [row, column] = [3 * Math.floor(at / 3), at % 3];
    return [0, 1, 2].reduce((sum, k) => sum + (a[row + k] as number) * (b[3 * k + column] as number), 0);
  });
}

/** Returns the 4 × 4 matrix of the map x ↦ m (x − point). */
function about(point: Vector, m: Matrix): number[] {
  const rows = [0, 3, 6].map(row => {
    const entries = m.slice(row, row + 3);
    return [...entries, -entries.reduce((sum, each, k) => sum + each * (point[k] as number), 0)];
  });
  return [...rows.flat(), 0, 0, 0, 0];
}
