import { compute } from './compute.ts';
import { Entries, type Entry, type EntryOf, readsOf, TooManyEntries } from './entries.ts';
import { liveValues, type Precision } from './executor.ts';
import { isMaximum } from './forms.ts';
import { Memory } from './memory.ts';
import { numbers } from './scalar.ts';
import { sizeOf } from './shape.ts';
import { describe, type Value } from './tape.ts';
import { areFinite, type TensorData } from './tensor.ts';

interface SearchOptions {
  /** In which the bad numbers came about; what overflows in float32 may be sound in float64. */
  readonly precision?: Precision;
  /** Counts what the search holds meanwhile. */
  readonly memory?: Memory;
}

/** The most entries computed one by one before the whole tape is run: some tenths of a second. */
const fewEntries = 100_000;

/** Bytes that a computed entry takes in a Map, about. */
const bytesPerEntry = 40;

/**
 * Says in words what made entry `at` of `bad` a NaN or an infinity: the oldest value that went bad on the way to it. It is
 * sought backwards from there, because a branch not taken may hold NaN without harm.
 *
 * At first only single entries are computed, which most often find it among a few thousand: a scorer that went wrong is
 * wrong nearly everywhere. Where they do not, the tape is run once as the interpreter would, and of its values are kept
 * those that are bad and what those were computed from.
 */
export function originOfBadValue(
  bad: Value,
  at: number,
  { precision = 'float64', memory = new Memory() }: SearchOptions = {},
): string {
  return (
    fromFewEntries({ value: bad, at }, precision, memory) ??
    fromWholeValues(bad, precision, memory) ??
    `only in ${bad.op.name} on this executor; on interpreter() every value of it is finite in ${precision}`
  );
}

/** Searches by single entries; undefined if that takes too many, or the entry is finite when computed so. */
function fromFewEntries(bad: Entry, precision: Precision, memory: Memory): string | undefined {
  const entries = new Entries(precision, fewEntries);
  try {
    return Number.isFinite(entries.of(bad.value, bad.at)) ? undefined : describeOrigin(bad, entries.of);
  } catch (error) {
    if (!(error instanceof TooManyEntries)) throw error;
    return undefined;
  } finally {
    memory.take(entries.count * bytesPerEntry);
    memory.give(entries.count * bytesPerEntry);
  }
}

/** Searches by whole values; undefined if no entry of `bad` is bad. */
function fromWholeValues(bad: Value, precision: Precision, memory: Memory): string | undefined {
  const kept = new Kept(precision, memory);
  try {
    const at = firstBad(kept.run(bad));
    return at < 0 ? undefined : describeOrigin({ value: bad, at }, kept.entryOf);
  } finally {
    kept.giveBack();
  }
}

function describeOrigin(bad: Entry, entryOf: EntryOf): string {
  let culprit = bad;
  for (let earlier = blamed(culprit, entryOf); earlier; earlier = blamed(culprit, entryOf)) culprit = earlier;
  const { value, at } = culprit;
  const inputs = value.inputs.map(input => `%${input.id}`).join(', ');
  const position = sizeOf(value.shape) === 1 ? '' : ` at position ${at}`;
  return `${describe(value)}${inputs && ` of (${inputs})`} is ${entryOf(value, at)}${position}`;
}

/** The entry of an input that made this one bad; none if it went bad by itself. */
function blamed({ value, at }: Entry, entryOf: EntryOf): Entry | undefined {
  const { form } = value;
  const isBad = (read: Entry) => !Number.isFinite(entryOf(read.value, read.at));
  if (form.kind === 'map') {
    // The first that, together with those before it, makes the result bad, all other bad ones mended: a branch that is
    // not taken does not.
    const reads = [...readsOf(value, at)];
    const operands = reads.map(read => (isBad(read) ? 1 : entryOf(read.value, read.at)));
    for (const [position, read] of reads.entries()) {
      if (!isBad(read)) continue;
      operands[position] = entryOf(read.value, read.at);
      if (!Number.isFinite(form.expression(numbers, ...operands))) return read;
    }
    return undefined;
  }
  // −∞ is the largest only of its like.
  const isLargest = isMaximum(form);
  const isHarmless = (number: number) => isLargest && number === -Infinity && entryOf(value, at) !== number;
  for (const read of readsOf(value, at)) {
    if (isBad(read) && !isHarmless(entryOf(read.value, read.at))) return read;
  }
  return undefined;
}

/** Runs a tape value by value, and keeps of its numbers what the search may ask for. */
class Kept {
  readonly #precision: Precision;
  readonly #memory: Memory;
  readonly #data = new Map<Value, TensorData>();

  constructor(precision: Precision, memory: Memory) {
    this.#precision = precision;
    this.#memory = memory;
  }

  readonly entryOf: EntryOf = (value, at) => this.#data.get(value)?.[at] as number;

  /** The numbers of this value. */
  run(wanted: Value): TensorData {
    const schedule = liveValues([wanted]);
    const uses = new Map<Value, number>([[wanted, 1]]);
    for (const { inputs } of schedule)
      for (const input of inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
    for (const value of schedule) {
      const data = this.#compute(value);
      this.#data.set(value, data);
      // One use more than there are keeps it.
      if (!areFinite(data))
        for (const each of [value, ...value.inputs]) uses.set(each, (uses.get(each) as number) + 1);
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
    const isGiven = form.kind === 'parameter' || form.kind === 'constant';
    if (isGiven && form.tensor.data instanceof Int32Array) return form.tensor.data;
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

function firstBad(data: TensorData): number {
  return data.findIndex(entry => !Number.isFinite(entry));
}
