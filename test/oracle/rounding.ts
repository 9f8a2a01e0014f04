import {
  type Expression,
  type Form,
  interpreter,
  map,
  type Precision,
  Tape,
  type TensorData,
  tensor,
  type Value,
} from 'posetape';
import { largest } from '../support/equal.ts';

/*
 * Effect of rounding on the answers of a program. The program runs several times. In each run, every result of a
 * function, a sum or a product, and every cotangent, changes by a few units in the last place. An answer that changes
 * much is ill-conditioned, so a difference in it says little about an executor. An answer that jumps or becomes NaN
 * says nothing.
 *
 * Equal results of one op change equally, so ties stay ties. Numbers with few significant bits, such as 0.5 or 3, do
 * not change.
 */

/** Number of trials with changed results. */
const trials = 8;

/**
 * A change larger than this share of the largest entry of all results counts as a jump: another branch was taken, or
 * float32 overflowed.
 */
const jump = 0.01;

/**
 * Largest effect of rounding on each wanted tensor in an executor of this precision. It is infinite if the tensor
 * jumps. For float32, it is also infinite if the program has finite numbers, other than 0, outside the normal range.
 */
export function spreads(wanted: readonly Value[], precision: Precision): number[] {
  let fits = true;
  const exact = interpreter().run(wanted, {
    onValue: (_, { data }) => (fits &&= fitsIn(precision, data)),
  });
  if (!fits) return wanted.map(() => Number.POSITIVE_INFINITY);
  const furthest = exact.map(() => 0);
  // Trial 0 runs in the executor's precision. In the last trial, sums that cancel are set to 0.
  for (let seed = 0; seed <= trials + 1; seed++) {
    const trial =
      seed === 0
        ? wanted
        : seed > trials
          ? cancelled(wanted, precision)
          : roundedOtherwise(wanted, precision, seed);
    const changed = interpreter({ precision: seed > 0 ? 'float64' : precision }).run(trial);
    for (const [i, { data }] of exact.entries()) {
      for (let k = 0; k < data.length; k++) {
        const [before, after] = [data[k] as number, changed[i]?.data[k] as number];
        if (Object.is(before, after)) continue;
        const off = Math.abs(after - before);
        furthest[i] = Math.max(furthest[i] as number, Number.isNaN(off) ? Number.POSITIVE_INFINITY : off);
      }
    }
  }
  const scale = Math.max(...exact.map(largest));
  return furthest.map(off => (off > jump * scale ? Number.POSITIVE_INFINITY : off));
}

/** True for float64, and for float32 if the size of every finite number other than 0 is from 2⁻¹²⁶ to 2¹²⁷. */
function fitsIn(precision: Precision, data: TensorData): boolean {
  if (precision === 'float64') return true;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i] as number);
    if (Number.isFinite(size) && size !== 0 && (size > 2 ** 127 || size < 2 ** -126)) return false;
  }
  return true;
}

/** Copies of the values on another tape, with each result slightly changed. */
function roundedOtherwise(wanted: readonly Value[], precision: Precision, seed: number): Value[] {
  const [first] = wanted;
  if (!first) return [];
  const tape = new Tape();
  const copies: Value[] = [];
  for (const { id, op, form, inputs } of first.tape.values) {
    const round = rounder(precision, seed + 7918 * id, chance(seed, id));
    const operands = inputs.map(input => copies[input.id] as Value);
    const copy = tape.record(op, roundedForm(form, round, precision, chance(seed, id)), operands);
    copies.push(
      sumKinds.has(form.kind)
        ? tape.record(roundedOp, map(changedBy(round, (_, x) => x as never)), [copy])
        : copy,
    );
  }
  return wanted.map(({ id }) => copies[id] as Value);
}

/** Copies of the values on another tape, in which a sum is 0 if its terms cancel up to rounding. */
function cancelled(wanted: readonly Value[], precision: Precision): Value[] {
  const [first] = wanted;
  if (!first) return [];
  const tape = new Tape();
  const copies: Value[] = [];
  const unit = precision === 'float64' ? 2 ** -48 : 2 ** -19;
  for (const { op, form, inputs } of first.tape.values) {
    const operands = inputs.map(input => copies[input.id] as Value);
    const copy = tape.record(op, form, operands);
    if (sumKinds.has(form.kind)) {
      const sizes = operands.map(each => (each.dtype === 'real' ? tape.record(sizeOp, size, [each]) : each));
      copies.push(tape.record(cancelledOp, orNothing(unit), [copy, tape.record(op, form, sizes)]));
    } else copies.push(copy);
  }
  return wanted.map(({ id }) => copies[id] as Value);
}

const sizeOp = { name: 'size', vjp: [null] };
const size = map((s, x) => s.abs(x));
const cancelledOp = { name: 'cancelled', vjp: [null, null] };

/** Form of a sum that is 0 if it is smaller than `unit` times the sum of its terms' sizes. */
function orNothing(unit: number): Form {
  return map((s, sum, sizes) =>
    s.select(s.less(s.abs(sum), s.mul(s.constant(unit), sizes)), s.constant(0), sum),
  );
}

/** Random boolean for each trial and value. */
function chance(seed: number, id: number): boolean {
  return Math.imul(seed * 7919 + id, 0x9e3779b1) < 0;
}

const roundedOp = { name: 'rounded', vjp: [null] };

const sumKinds: ReadonlySet<Form['kind']> = new Set(['matmul', 'segment-sum', 'accumulate', 'reduce']);

type Round = (x: number) => number;

/**
 * The expression with its result changed by `round`. When `map` only checks the expression, the result is not a number,
 * and `round` does not change it.
 */
function changedBy(round: Round, expression: Expression): Expression {
  return (s, ...inputs) => {
    const result: unknown = expression(s, ...inputs);
    return (typeof result === 'number' ? round(result) : result) as (typeof inputs)[number];
  };
}

function roundedForm(form: Form, round: Round, precision: Precision, isSingle: boolean): Form {
  if (form.kind === 'map') return map(changedBy(round, form.expression));
  const isData = form.kind === 'parameter' || form.kind === 'constant';
  if (!isSingle || precision === 'float64' || !isData || form.tensor.data instanceof Int32Array) return form;
  // A float32 executor may convert its inputs to float32.
  const { data, shape } = form.tensor;
  return { ...form, tensor: tensor(Float64Array.from(data, Math.fround), shape) };
}

const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);

/**
 * Function that changes a number by at most 2⁻⁵¹ of it, or 2⁻²⁰ for float32: a few units in the last place. A float32
 * executor may store some results in float32 and others in float64. `isSingle` is true for a result in float32.
 */
function rounder(precision: Precision, seed: number, isSingle: boolean): Round {
  const isDouble = precision === 'float64';
  const stored = isDouble || !isSingle ? (x: number) => x : Math.fround;
  const unit = isDouble ? 2 ** -51 : 2 ** -20;
  return x => {
    const rounded = stored(x);
    bits[0] = rounded;
    const [low, high] = words as unknown as [number, number];
    const isShort = isDouble ? (low & 0x0fff_ffff) === 0 : (high & 0x7ff) === 0 && low === 0;
    if (isShort || !Number.isFinite(rounded)) return rounded;
    let hash = Math.imul(low ^ Math.imul(high, 0x9e37_79b1) ^ seed, 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    const share = ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 31 - 1;
    return stored(rounded * (1 + unit * share));
  };
}
