import { entryOutside } from '../engine/indices.ts';
import { checkOptions } from '../engine/options.ts';
import { sameShape } from '../engine/shape.ts';
import { isTensor, type Tensor } from '../engine/tensor.ts';

/** A field of a pose, and how it is joined with those of other poses. */
export interface Field<Pose> {
  /** Name of the axis of its rows, chosen freely, such as 'atoms'; 'poses' for a single number. */
  readonly axis: string;
  /** For an index: the axis whose rows it picks. Its numbers are shifted by the rows of the poses before. */
  readonly into?: string;
  /** Returns the field of a pose. Default: the pose's property of that name. */
  readonly from?: (pose: Pose) => number | ArrayLike<number> | Tensor;
}

/** Several poses joined, for a scorer to record on one tape. */
export interface Collated<Name extends string> {
  /**
   * The fields, the rows of the first pose before those of the second: an Int32Array for an index; else the kind of array that
   * every pose gives, such as Int32Array for atomic numbers, and Float64Array for lists or several kinds.
   */
  readonly fields: { readonly [N in Name]: Tensor };
  /** By axis, the pose that each row belongs to: the index for `segmentSum`. */
  readonly poseOf: Readonly<Record<string, Int32Array>>;
  /** By axis, the number of rows of each pose. */
  readonly lengths: Readonly<Record<string, readonly number[]>>;
  /** The number of poses. */
  readonly count: number;
}

/**
 * Joins poses by a description of their fields: rows are put one after the other, and an index into them is shifted, so that
 * one gather, or one product of matrices, serves all. (As the Batch of PyTorch Geometric does: M. Fey and J. E. Lenssen, 2019.)
 *
 * @throws RangeError naming pose and field, for rows that do not agree or an index out of range; TypeError for a missing field
 * or an unknown property in a description
 * @example
 * const { fields, poseOf, count } = collate(poses, {
 *   coordinates: { axis: 'atoms' },
 *   first: { axis: 'pairs', into: 'atoms' },
 *   second: { axis: 'pairs', into: 'atoms' },
 *   rotors: { axis: 'poses' },
 * });
 * const r = norm(sub(gather(x, fields.first), gather(x, fields.second)), 1);
 * const energies = segmentSum(energyOf(r), poseOf.pairs, count); // one number a pose
 */
export function collate<Pose, const Fields extends Readonly<Record<string, Field<Pose>>>>(
  poses: readonly Pose[],
  fields: Fields,
): Collated<keyof Fields & string> {
  const names = Object.keys(fields);
  for (const name of names) {
    const field = fields[name] as Field<Pose>;
    checkOptions(`collate: ${name}`, field, ['axis', 'into', 'from']);
    if (typeof field.axis !== 'string')
      throw new TypeError(`collate: ${name} names no axis, such as 'atoms'`);
  }
  const read = poses.map((pose, n) =>
    names.map(name => readField(pose, n, name, fields[name] as Field<Pose>)),
  );
  const lengths = new Map<string, number[]>([['poses', poses.map(() => 1)]]);
  for (const [f, name] of names.entries()) {
    const { axis } = fields[name] as Field<Pose>;
    const rows = read.map(each => (each[f] as Rows).count);
    const before = lengths.get(axis);
    const odd = before ? rows.findIndex((count, n) => count !== before[n]) : -1;
    if (odd >= 0) {
      throw new RangeError(
        `collate: ${name} of pose ${odd} has ${rows[odd]} rows, but there are ${before?.[odd]} ${axis}`,
      );
    }
    lengths.set(axis, rows);
  }
  const joined = names.map((name, f) => {
    const rows = read.map(each => each[f] as Rows);
    const { into } = fields[name] as Field<Pose>;
    return [name, into === undefined ? joinRows(name, rows) : joinIndex(name, rows, into, lengths.get(into))];
  });
  return {
    fields: Object.fromEntries(joined),
    poseOf: Object.fromEntries([...lengths].map(([axis, counts]) => [axis, segmentsOf(counts)])),
    lengths: Object.fromEntries(lengths),
    count: poses.length,
  };
}

/** A field of one pose: so many rows of this shape. */
interface Rows {
  readonly data: ArrayLike<number>;
  readonly count: number;
  readonly rest: readonly number[];
}

function readField<Pose>(pose: Pose, n: number, name: string, { from }: Field<Pose>): Rows {
  const given: unknown = from ? from(pose) : (pose as Record<string, unknown>)[name];
  if (typeof given === 'number') return { data: [given], count: 1, rest: [] };
  if (isTensor(given)) {
    const [count = 1, ...rest] = given.shape;
    return { data: given.data, count, rest };
  }
  const { length } = Object(given) as { length?: unknown };
  if (typeof length === 'number') return { data: given as ArrayLike<number>, count: length, rest: [] };
  throw new TypeError(
    `collate: ${name} of pose ${n} must be a number, a list, a typed array or a tensor, got ${given}`,
  );
}

function joinRows(name: string, rows: readonly Rows[]): Tensor {
  const shape = joinedShape(name, rows);
  const kind = [Int32Array, Float32Array].find(
    kind => rows.length > 0 && rows.every(({ data }) => data instanceof kind),
  );
  const data = new (kind ?? Float64Array)(numbersIn(rows));
  let at = 0;
  for (const each of rows) {
    data.set(each.data, at);
    at += each.data.length;
  }
  return { data, shape };
}

function joinIndex(
  name: string,
  rows: readonly Rows[],
  into: string,
  lengths: readonly number[] | undefined,
): Tensor<Int32Array> {
  if (!lengths) throw new RangeError(`collate: ${name} picks ${into}, but no field runs along ${into}`);
  const shape = joinedShape(name, rows);
  const data = new Int32Array(numbersIn(rows));
  let [at, before] = [0, 0];
  for (const [n, { data: index }] of rows.entries()) {
    const limit = lengths[n] as number;
    const own = index instanceof Int32Array ? index : new Int32Array(index);
    const isWhole = own === index || own.every((row, i) => row === index[i]);
    if (!isWhole || entryOutside(own, limit)) throw outside(name, n, index, into, limit);
    data.set(own, at);
    const end = at + own.length;
    if (before > 0) for (let i = at; i < end; i++) (data[i] as number) += before;
    at = end;
    before += limit;
  }
  return { data, shape };
}

function outside(name: string, n: number, index: ArrayLike<number>, into: string, limit: number): RangeError {
  const isRow = (row: number) => Number.isInteger(row) && row >= 0 && row < limit;
  const i = Array.from(index).findIndex(row => !isRow(row));
  return new RangeError(
    `collate: ${name} of pose ${n} picks ${index[i]} at position ${i}; there are ${limit} ${into}`,
  );
}

function numbersIn(rows: readonly Rows[]): number {
  return rows.reduce((total, { data }) => total + data.length, 0);
}

/** The shape of all rows together. */
function joinedShape(name: string, rows: readonly Rows[]): readonly number[] {
  const rest = rows[0]?.rest ?? [];
  const odd = rows.findIndex(each => !sameShape(each.rest, rest));
  if (odd >= 0) {
    throw new RangeError(
      `collate: rows of ${name} of pose ${odd} have shape [${rows[odd]?.rest.join(', ')}], those before [${rest.join(', ')}]`,
    );
  }
  return [rows.reduce((total, { count }) => total + count, 0), ...rest];
}

function segmentsOf(counts: readonly number[]): Int32Array {
  const segments = new Int32Array(counts.reduce((total, count) => total + count, 0));
  let at = 0;
  for (const [n, count] of counts.entries()) {
    segments.fill(n, at, at + count);
    at += count;
  }
  return segments;
}
