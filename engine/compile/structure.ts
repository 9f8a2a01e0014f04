import { waitsAmong } from '../delay.ts';
import type { Precision } from '../executor.ts';
import type { Form } from '../forms.ts';
import { KnownOp } from '../known-op.ts';
import type { Expression } from '../scalar.ts';
import { describe, type Value } from '../tape.ts';
import { textOf } from './algebra.ts';
import { one, type Size } from './sizes.ts';

/**
 * The structure of a tape, which the poses of a scorer usually share, and the sizes and starts of one pose.
 *
 * `key` is the structure: ops and their wiring, the numbers in expressions, axes, and which lengths are equal. Two poses
 * of one scorer usually have the same key, even if their pair lists differ in length. All else is data, bound at each
 * run.
 */
export interface Structure {
  readonly key: string;
  readonly precision: Precision;
  /** The length behind each {@link Size}. */
  readonly sizes: readonly number[];
  /** Start positions of slices, pads and the parts of concatenations, in the order of the tape. */
  readonly starts: readonly number[];
}

/**
 * The numbers that stand for expressions in keys. Two function objects with the same text have the same number. A function
 * has a text and a number for each count of inputs: a sum and a product have the same text for one input, but not for two.
 */
const numbersByText = new Map<string, number>();
const numbersByExpression = new WeakMap<Expression, number[]>();
/**
 * The most texts kept. If there are more, all are dropped. Numbers are never reused, so this costs at most new plans.
 */
const mostTexts = 4096;
let nextNumber = 0;

/** The number of an expression of `inputs` inputs. Expressions with the same text have the same number. */
export function expressionNumber(expression: Expression, inputs: number): number {
  let byInputs = numbersByExpression.get(expression);
  if (byInputs === undefined) {
    byInputs = [];
    numbersByExpression.set(expression, byInputs);
  }
  let number = byInputs[inputs];
  if (number === undefined) {
    const text = textOf(expression, inputs);
    number = numbersByText.get(text) ?? nextNumber++;
    if (numbersByText.size >= mostTexts) numbersByText.clear();
    numbersByText.set(text, number);
    byInputs[inputs] = number;
  }
  return number;
}

/** The number of each form in a key. */
const kinds: Record<Form['kind'], number> = {
  parameter: 0,
  constant: 1,
  fill: 2,
  map: 3,
  reduce: 4,
  broadcast: 5,
  reshape: 6,
  transpose: 7,
  slice: 8,
  pad: 9,
  concat: 10,
  gather: 11,
  'segment-sum': 12,
  matmul: 13,
  accumulate: 14,
  'segment-max': 15,
};

/** A prefix in the key for a value that waits for others: see `checkpoint`. */
const delayed = 16;

/** Numbers as the characters of a text, which is fast to hash and compare; a key is looked up for every pose. */
class Key {
  #characters = new Uint16Array(1024);
  #length = 0;
  #latest = '';
  /** The characters of the latest text, which are faster to compare than the text itself. */
  #latestCharacters = new Uint16Array();
  readonly #float = new Float64Array(1);
  readonly #parts = new Uint16Array(this.#float.buffer);

  push(number: number): void {
    // A large number takes two characters; the first has the highest bit set.
    if (number >= 0x8000) this.#append(0x8000 | (number >>> 15));
    this.#append(number & 0x7fff);
  }

  pushFloat(number: number): void {
    this.#float[0] = number;
    for (let i = 0; i < 4; i++) this.#append(this.#parts[i] as number);
  }

  begin(): void {
    this.#length = 0;
  }

  /**
   * The key as text. If it equals the last text, that string is returned: comparing is cheaper than making a string.
   */
  text(): string {
    if (!this.#isLatest()) {
      this.#latest = this.#build();
      this.#latestCharacters = this.#characters.slice(0, this.#length);
    }
    return this.#latest;
  }

  #isLatest(): boolean {
    const characters = this.#characters;
    const latest = this.#latestCharacters;
    if (latest.length !== this.#length) return false;
    for (let i = 0; i < latest.length; i++) if (latest[i] !== characters[i]) return false;
    return true;
  }

  #build(): string {
    let text = '';
    // A function takes a limited number of arguments, so the characters are converted in parts.
    const mostArguments = 8192;
    for (let from = 0; from < this.#length; from += mostArguments) {
      const part = this.#characters.subarray(from, Math.min(from + mostArguments, this.#length));
      text += String.fromCharCode.apply(null, part as unknown as number[]);
    }
    return text;
  }

  #append(character: number): void {
    if (this.#length === this.#characters.length) {
      const larger = new Uint16Array(2 * this.#length);
      larger.set(this.#characters);
      this.#characters = larger;
    }
    this.#characters[this.#length++] = character;
  }
}

/** Shared by all calls, so that their arrays are reused. */
const [plainKey, keyWithOps] = [new Key(), new Key()];

/** Appends the fields of a form, except shapes and starts, to a key. */
function pushFields(key: Key, form: Form, inputs: number): void {
  switch (form.kind) {
    case 'parameter':
    case 'constant': {
      const { data } = form.tensor;
      key.push(data instanceof Float64Array ? 0 : data instanceof Float32Array ? 1 : 2);
      break;
    }
    case 'fill':
      key.pushFloat(form.number);
      break;
    case 'map':
      key.push(expressionNumber(form.expression, inputs));
      break;
    case 'reduce':
      key.push(form.reducer === 'sum' ? 0 : 1);
      key.push(form.axes.length);
      for (const axis of form.axes) key.push(axis);
      break;
    case 'transpose':
      for (const axis of form.permutation) key.push(axis);
      break;
    case 'concat':
      key.push(form.axis);
      break;
    case 'matmul':
      key.push((form.transposeA ? 2 : 0) + (form.transposeB ? 1 : 0));
      break;
    default:
  }
}

/** Appends the starts of a slice, a pad, or the parts of a concatenation. */
function pushStarts(form: Form, inputs: readonly Value[], starts: number[]): void {
  if (form.kind === 'slice' || form.kind === 'pad') for (const start of form.start) starts.push(start);
  if (form.kind !== 'concat') return;
  let start = 0;
  for (const { shape } of inputs) {
    starts.push(start);
    start += shape[form.axis] as number;
  }
}

/**
 * Reads the structure of the live values of a tape, oldest first. For a forward tape whose adjoints are wanted too,
 * `gradient` counts the targets and the values of `wrt`; `wanted` ends with both. The key then also distinguishes ops
 * that have the same form, since these may have different rules.
 */
export function structureOf(
  live: readonly Value[],
  wanted: readonly Value[],
  precision: Precision,
  gradient?: { readonly targets: number; readonly wrt: number },
): Structure {
  const namesOps = gradient !== undefined;
  const key = namesOps ? keyWithOps : plainKey;
  const sizeOfLength = new Map<number, Size>([[1, one]]);
  const sizes = [1];
  const starts: number[] = [];
  const liveIndices = new Int32Array((live.at(-1)?.id ?? -1) + 1);
  const waitsOf = waitsAmong(live);
  const waitNumbers = new Map<readonly Value[], number>();
  key.begin();
  key.push(precision === 'float64' ? 0 : 1);
  if (gradient)
    for (const count of [gradient.targets, gradient.wrt, wanted.length, live.length]) key.push(count);
  for (let index = 0; index < live.length; index++) {
    const { id, op, form, inputs, shape } = live[index] as Value;
    liveIndices[id] = index;
    const waits = waitsOf?.(live[index] as Value);
    if (waits) {
      key.push(delayed);
      const number = waitNumbers.get(waits) ?? waitNumbers.size;
      if (number === waitNumbers.size) {
        waitNumbers.set(waits, number);
        key.push(waits.length);
        for (const value of waits) key.push(liveIndices[value.id] as number);
      }
      key.push(number);
    }
    key.push(kinds[form.kind]);
    if (namesOps) key.push(KnownOp.numberOf(op));
    key.push(inputs.length);
    for (let i = 0; i < inputs.length; i++) key.push(liveIndices[(inputs[i] as Value).id] as number);
    key.push(shape.length);
    for (let axis = 0; axis < shape.length; axis++) {
      const length = shape[axis] as number;
      let size = sizeOfLength.get(length);
      if (size === undefined) {
        size = sizes.length;
        sizes.push(length);
        sizeOfLength.set(length, size);
      }
      key.push(size);
    }
    pushFields(key, form, inputs.length);
    pushStarts(form, inputs, starts);
  }
  for (const value of wanted) key.push(liveIndices[value.id] as number);
  return { key: key.text(), precision, sizes, starts };
}

/** A sentence that names the first live value in which a structure differs from the previous one, given their keys. */
export function differenceOf(previousKey: string, key: string, live: readonly Value[]): string {
  let at = 0;
  while (at < key.length && key[at] === previousKey[at]) at++;
  // Find by bisection the first value whose part of the key goes past the common beginning.
  const [first] = live;
  if (!first || at === key.length) return 'The last tape is the beginning of the one before.';
  let [low, high] = [0, live.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { key: part } = structureOf(live.slice(0, middle + 1), [], 'float64');
    if (part.length <= at) low = middle + 1;
    else high = middle;
  }
  const value = live[low];
  return value
    ? `The last tape differs from the one before in ${describe(value)}.`
    : 'The last tape differs from the one before in the wanted values.';
}
