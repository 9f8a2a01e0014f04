import { compute } from './compute.ts';
import { Entries, type Entry, type EntryOf, readsOf, TooManyEntries } from './entries.ts';
import { liveValues, type Precision } from './executor.ts';
import { isMaximum } from './forms.ts';
import { Memory } from './memory.ts';
import { numbers } from './scalar.ts';
import { sizeOf } from './shape.ts';
import { describe, type Value } from './tape.ts';
import { areFinite, type TensorData } from './tensor.ts';

/** Options of {@link originOfBadValue}. */
interface SearchOptions {
  /** The precision of the run that gave the bad number: a number may overflow in float32 and not in float64. */
  readonly precision?: Precision;
  /** Counts the bytes that the search holds. */
  readonly memory?: Memory;
}

/**
 * The most entries that the search computes one by one, in some tenths of a second. If it needs more, the whole tape is
 * run instead.
 */
const mostEntries = 100_000;

/** Approximate bytes of a computed entry in a Map. */
const bytesPerEntry = 40;

/**
 * A description of the oldest value that made entry `at` of `bad` a NaN or an infinity. The search goes backwards from
 * that entry to the inputs that made it bad, since an older NaN may be harmless: it may lie in a branch not taken.
 *
 * The search first computes single entries. A few thousand are usually enough, since a scorer that fails does so nearly
 * everywhere. If {@link mostEntries} are not enough, the search runs the tape once as the interpreter would, and keeps
 * the arrays of the bad values and of their inputs.
 */
export function originOfBadValue(
  bad: Value,
  at: number,
  { precision = 'float64', memory = new Memory() }: SearchOptions = {},
): string {
  return (
    fromFewEntries({ value: bad, at }, precision, memory) ??
    fromWholeValues(bad, precision, memory) ??
    `only in ${bad.op.name} on this executor; with interpreter() all its values are finite in ${precision}`
  );
}

/**
 * Searches by single entries. Returns undefined if the search needs too many entries, or if the bad entry is finite
 * when it is computed this way.
 */
function fromFewEntries(bad: Entry, precision: Precision, memory: Memory): string | undefined {
  const entries = new Entries(precision, mostEntries);
  try {
    return Number.isFinite(entries.get(bad.value, bad.at)) ? undefined : describeOrigin(bad, entries.get);
  } catch (error) {
    if (!(error instanceof TooManyEntries)) throw error;
    return undefined;
  } finally {
    memory.take(entries.count * bytesPerEntry);
    memory.give(entries.count * bytesPerEntry);
  }
}

/** Searches by whole values. Returns undefined if all entries of `bad` are finite when computed this way. */
function fromWholeValues(bad: Value, precision: Precision, memory: Memory): string | undefined {
  const recorded = new RecordedRun(precision, memory);
  try {
    const at = indexOfBad(recorded.run(bad));
    return at < 0 ? undefined : describeOrigin({ value: bad, at }, recorded.entryOf);
  } finally {
    recorded.giveBack();
  }
}

/** Goes back from a bad entry to the entry that went bad first. Returns a description of that entry. */
function describeOrigin(bad: Entry, entryOf: EntryOf): string {
  let culprit = bad;
  for (let earlier = inputToBlame(culprit, entryOf); earlier; earlier = inputToBlame(culprit, entryOf))
    culprit = earlier;
  const { value, at } = culprit;
  const inputs = value.inputs.map(input => `%${input.id}`).join(', ');
  const position = sizeOf(value.shape) === 1 ? '' : ` at position ${at}`;
  return `${describe(value)}${inputs && ` of (${inputs})`} is ${entryOf(value, at)}${position}`;
}

/** The input entry that made this entry bad; undefined if its own operation made it bad. */
function inputToBlame({ value, at }: Entry, entryOf: EntryOf): Entry | undefined {
  const { form } = value;
  const isBad = (read: Entry) => !Number.isFinite(entryOf(read.value, read.at));
  if (form.kind === 'map') {
    // Replace every bad operand by 1, then put the bad operands back one by one. The first that makes the result bad is
    // to blame. An operand of a branch not taken never makes the result bad.
    const reads = [...readsOf(value, at)];
    const operands = reads.map(read => (isBad(read) ? 1 : entryOf(read.value, read.at)));
    for (const [position, read] of reads.entries()) {
      if (!isBad(read)) continue;
      operands[position] = entryOf(read.value, read.at);
      if (!Number.isFinite(form.expression(numbers, ...operands))) return read;
    }
    return undefined;
  }
  // An input of −∞ is to blame for a bad maximum only if the maximum is −∞ too.
  const takesMaximum = isMaximum(form);
  const isHarmless = (number: number) =>
    takesMaximum && number === -Infinity && entryOf(value, at) !== number;
  for (const read of readsOf(value, at)) {
    if (isBad(read) && !isHarmless(entryOf(read.value, read.at))) return read;
  }
  return undefined;
}

/**
 * A run of a tape, value by value. It keeps the arrays of bad values and of their inputs, since the search reads them.
 */
class RecordedRun {
  readonly #precision: Precision;
  readonly #memory: Memory;
  readonly #data = new Map<Value, TensorData>();

  constructor(precision: Precision, memory: Memory) {
    this.#precision = precision;
    this.#memory = memory;
  }

  readonly entryOf: EntryOf = (value, at) => this.#data.get(value)?.[at] as number;

  /** Computes a value and returns its numbers. */
  run(wanted: Value): TensorData {
    const schedule = liveValues([wanted]);
    const uses = new Map<Value, number>([[wanted, 1]]);
    for (const { inputs } of schedule)
      for (const input of inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
    for (const value of schedule) {
      const data = this.#compute(value);
      this.#data.set(value, data);
      // A bad value and its inputs get one more use, which is never released, so their arrays are kept.
      if (!areFinite(data))
        for (const needed of [value, ...value.inputs]) uses.set(needed, (uses.get(needed) as number) + 1);
      for (const input of value.inputs) {
        const left = (uses.get(input) as number) - 1;
        uses.set(input, left);
        if (left === 0) this.#drop(input);
      }
    }
    return this.#data.get(wanted) as TensorData;
  }

  giveBack(): void {
    for (const value of [...this.#data.keys()]) this.#drop(value);
  }

  #compute({ form, inputs, shape }: Value): TensorData {
    const isLeaf = form.kind === 'parameter' || form.kind === 'constant';
    if (isLeaf && form.tensor.data instanceof Int32Array) return form.tensor.data;
    const length = sizeOf(shape);
    const data = this.#precision === 'float64' ? new Float64Array(length) : new Float32Array(length);
    this.#memory.take(data.byteLength);
    const tensors = inputs.map(input => ({ data: this.#data.get(input) as TensorData, shape: input.shape }));
    compute(form, tensors, { data, shape });
    return data;
  }

  #drop(value: Value): void {
    const data = this.#data.get(value);
    if (data && !(data instanceof Int32Array)) this.#memory.give(data.byteLength);
    this.#data.delete(value);
  }
}

/** The index of the first number that is not finite; −1 if all are. */
function indexOfBad(data: TensorData): number {
  return data.findIndex(entry => !Number.isFinite(entry));
}
