import { entryOutside } from '../engine/indices.ts';
import { checkOptions } from '../engine/options.ts';
import { sameShape } from '../engine/shape.ts';
import { isTensor, type Tensor } from '../engine/tensor.ts';

/** Description of a field of the poses for {@link collate}. */
export interface Field<Pose> {
  /** Name of the axis of the field's rows: 'poses' if each pose has one row, else any other name, such as 'atoms'. */
  readonly axis: string;
  /** For an index, the axis whose rows it picks. Its numbers are shifted by the number of rows of earlier poses. */
  readonly into?: string;
  /** Returns the field of a pose. Default: the property of the pose with the field's name. */
  readonly from?: (pose: Pose) => number | ArrayLike<number> | Tensor;
}

/** Several poses joined by {@link collate}, for a scorer to record on one tape. */
export interface Collated<Name extends string> {
  /**
   * The fields, with the rows of the poses in order. An index is an Int32Array. Any other field is an Int32Array or a
   * Float32Array if it has that type in every pose, else a Float64Array.
   */
  readonly fields: { readonly [N in Name]: Tensor };
  /** For each axis and each of its rows, the index of its pose in `poses`, as `segmentSum` needs it. */
  readonly poseOf: Readonly<Record<string, Int32Array>>;
  /** For each axis, the number of rows of each pose. */
  readonly lengths: Readonly<Record<string, readonly number[]>>;
  /** The number of poses. */
  readonly count: number;
}

/**
 * Joins several poses, by a description of their fields. The rows of all poses are concatenated, and indices into them are
 * shifted, so that one gather or one matrix product serves all poses. (PyTorch Geometric's Batch does the same: M. Fey and J.
 * E. Lenssen, 2019.)
 *
 * @throws RangeError naming pose and field, if fields of the same axis have different numbers of rows, rows differ in shape, or
 * an index is out of range; TypeError for a missing field or an unknown property in a description
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
      throw new TypeError(`collate: ${name} has no axis; give a name, such as 'atoms'`);
  }
  const read = poses.map((pose, n) =>
    names.map(name => readField(pose, n, name, fields[name] as Field<Pose>)),
  );
  const lengths = new Map<string, number[]>([['poses', poses.map(() => 1)]]);
  for (const [f, name] of names.entries()) {
    const { axis } = fields[name] as Field<Pose>;
    const counts = read.map(pose => (pose[f] as Rows).count);
    const expected = lengths.get(axis);
    const misfit = expected ? counts.findIndex((count, n) => count !== expected[n]) : -1;
    if (misfit >= 0) {
      throw new RangeError(
        `collate: ${name} of pose ${misfit} has ${counts[misfit]} rows, but there are ${expected?.[misfit]} ${axis}`,
      );
    }
    lengths.set(axis, counts);
  }
  const joined = names.map((name, f) => {
    const rows = read.map(pose => pose[f] as Rows);
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

/** A field of one pose: `count` rows, each of shape `rest`. */
interface Rows {
  readonly data: ArrayLike<number>;
  readonly count: number;
  readonly rest: readonly number[];
}

function readField<Pose>(pose: Pose, n: number, name: string, { from }: Field<Pose>): Rows {
  const field: unknown = from ? from(pose) : (pose as Record<string, unknown>)[name];
  if (typeof field === 'number') return { data: [field], count: 1, rest: [] };
  if (isTensor(field)) {
    const [count = 1, ...rest] = field.shape;
    return { data: field.data, count, rest };
  }
  const { length } = Object(field) as { length?: unknown };
  if (typeof length === 'number') return { data: field as ArrayLike<number>, count: length, rest: [] };
  throw new TypeError(
    `collate: ${name} of pose ${n} must be a number, a list, a typed array or a tensor, got ${field}`,
  );
}

function joinRows(name: string, rows: readonly Rows[]): Tensor {
  const shape = joinedShape(name, rows);
  const kind = [Int32Array, Float32Array].find(
    kind => rows.length > 0 && rows.every(({ data }) => data instanceof kind),
  );
  const data = new (kind ?? Float64Array)(numbersIn(rows));
  let at = 0;
  for (const { data: numbers } of rows) {
    data.set(numbers, at);
    at += numbers.length;
  }
  return { data, shape };
}

function joinIndex(
  name: string,
  rows: readonly Rows[],
  into: string,
  lengths: readonly number[] | undefined,
): Tensor<Int32Array> {
  if (!lengths) throw new RangeError(`collate: ${name} picks ${into}, but no field has the axis ${into}`);
  const shape = joinedShape(name, rows);
  const data = new Int32Array(numbersIn(rows));
  let [at, rowsBefore] = [0, 0];
  for (const [n, { data: index }] of rows.entries()) {
    const limit = lengths[n] as number;
    const integers = index instanceof Int32Array ? index : new Int32Array(index);
    const isWhole = integers === index || integers.every((row, i) => row === index[i]);
    if (!isWhole || entryOutside(integers, limit)) throw outsideError(name, n, index, into, limit);
    data.set(integers, at);
    const end = at + integers.length;
    if (rowsBefore > 0) for (let i = at; i < end; i++) (data[i] as number) += rowsBefore;
    at = end;
    rowsBefore += limit;
  }
  return { data, shape };
}

function outsideError(
  name: string,
  n: number,
  index: ArrayLike<number>,
  into: string,
  limit: number,
): RangeError {
  const isRow = (row: number) => Number.isInteger(row) && row >= 0 && row < limit;
  const i = Array.from(index).findIndex(row => !isRow(row));
  return new RangeError(
    `collate: ${name} of pose ${n} picks ${index[i]} at position ${i}; there are ${limit} ${into}`,
  );
}

function numbersIn(rows: readonly Rows[]): number {
  return rows.reduce((total, { data }) => total + data.length, 0);
}

/** Returns the shape of the concatenated rows. */
function joinedShape(name: string, rows: readonly Rows[]): readonly number[] {
  const rest = rows[0]?.rest ?? [];
  const misfit = rows.findIndex(field => !sameShape(field.rest, rest));
  if (misfit >= 0) {
    throw new RangeError(
      `collate: rows of ${name} of pose ${misfit} have shape [${rows[misfit]?.rest.join(', ')}], but those of pose 0 [${rest.join(', ')}]`,
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
