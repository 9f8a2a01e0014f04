import { addInto, compute, computeSum } from './compute.ts';
import {
  checkPrecision,
  liveValues,
  type Precision,
  type RunOptions,
  type SyncExecutor,
} from './executor.ts';
import { Memory } from './memory.ts';
import { checkOptions } from './options.ts';
import { sizeOf } from './shape.ts';
import type { Value } from './tape.ts';
import type { Tensor, TensorData } from './tensor.ts';

/**
 * The simplest executor, and the reference for all others. It computes one value after the other, and frees the array
 * of each after its last use.
 *
 * The default precision is float64. In float32, every result is rounded to float32, but each sum is added up in float64
 * before it is rounded.
 * @example
 * const [value] = interpreter({ precision: 'float32' }).run([y]);
 */
export function interpreter(options: { readonly precision?: Precision } = {}): SyncExecutor {
  checkOptions('interpreter', options, ['precision']);
  const { precision = 'float64' } = options;
  checkPrecision('interpreter', precision);
  return {
    name: `interpreter ${precision}`,
    precision,
    stops: true,
    run: (wanted, options = {}) => new Evaluation(wanted, precision, options).tensors(),
  };
}

/**
 * An array and the number of values that still use it. Several values may use one array, since a reshape uses its
 * input's array.
 */
interface SharedArray {
  readonly data: TensorData;
  /** Bytes counted for the array; 0 if the array belongs to the caller. */
  readonly bytes: number;
  holders: number;
}

/** One run of a tape. */
class Evaluation {
  readonly #wanted: readonly Value[];
  readonly #precision: Precision;
  readonly #memory: Memory;
  readonly #proceed: RunOptions['proceed'];
  readonly #onValue: RunOptions['onValue'];
  /** The number of remaining uses of each value, by the value's id. */
  readonly #uses: Int32Array;
  readonly #buffers: (SharedArray | undefined)[];
  /** Arrays that were returned as results. */
  readonly #handedOver = new Set<TensorData>();
  /** Bytes that this run has taken from the memory count and not yet given back. */
  #bytes = 0;

  constructor(
    wanted: readonly Value[],
    precision: Precision,
    { memory = new Memory(), proceed, onValue }: RunOptions,
  ) {
    this.#wanted = wanted;
    this.#precision = precision;
    this.#memory = memory;
    this.#proceed = proceed;
    this.#onValue = onValue;
    const length = wanted[0]?.tape.values.length ?? 0;
    this.#uses = new Int32Array(length);
    this.#buffers = new Array(length);
  }

  tensors(): Tensor[] {
    const [first] = this.#wanted;
    const schedule = liveValues(this.#wanted);
    const folded = this.#countUses(schedule);
    try {
      if (first) this.#take(first.tape.copiedBytes);
      for (const value of schedule) {
        if (folded.has(value)) continue;
        this.#evaluate(value, folded);
        this.#onValue?.(value, this.#read([value])[0] as Tensor);
        for (const input of value.inputs) {
          if (folded.has(input)) for (const source of input.inputs) this.#release(source);
          else this.#release(input);
        }
        if (value === first && this.#proceed?.(this.#read([value])[0] as Tensor) === false)
          return [this.#handOver(value)];
      }
      return this.#wanted.map(value => this.#handOver(value));
    } finally {
      this.#memory.give(this.#bytes);
    }
  }

  /**
   * Counts the uses of every value. Returns the values that need no array of their own: a pad or segment sum that is
   * used only once, as a term of an accumulation, is added to the accumulation's array.
   */
  #countUses(schedule: readonly Value[]): Set<Value> {
    for (const value of this.#wanted) this.#count(value);
    for (const value of schedule) for (const input of value.inputs) this.#count(input);
    const folded = new Set<Value>();
    for (const { form, inputs } of schedule) {
      if (form.kind !== 'accumulate') continue;
      for (const input of inputs) {
        const accumulates = input.form.kind === 'pad' || input.form.kind === 'segment-sum';
        if (accumulates && this.#uses[input.id] === 1) folded.add(input);
      }
    }
    return folded;
  }

  #count(value: Value): void {
    (this.#uses[value.id] as number)++;
  }

  #evaluate(value: Value, folded: ReadonlySet<Value>): void {
    const { form } = value;
    const alias = this.#aliased(value);
    if (alias) {
      alias.holders++;
      this.#buffers[value.id] = alias;
      return;
    }
    const out = { data: this.#newArray(sizeOf(value.shape)), shape: value.shape };
    this.#buffers[value.id] = { data: out.data, bytes: out.data.byteLength, holders: 1 };
    if (form.kind !== 'accumulate') {
      compute(form, this.#read(value.inputs), out);
      return;
    }
    computeSum(out, sum => {
      for (const term of value.inputs) {
        if (folded.has(term)) addInto(term.form, this.#read(term.inputs), sum);
        else addInto(form, this.#read([term]), sum);
      }
    });
  }

  /**
   * The array that a value shares with the caller or with the value that it reshapes. Undefined if it needs a new
   * array.
   */
  #aliased({ form, inputs: [input] }: Value): SharedArray | undefined {
    if (form.kind === 'reshape') return this.#buffers[(input as Value).id];
    if (form.kind !== 'parameter' && form.kind !== 'constant') return undefined;
    const { data } = form.tensor;
    const fits = this.#precision === 'float64' ? data instanceof Float64Array : data instanceof Float32Array;
    return fits || data instanceof Int32Array ? { data, bytes: 0, holders: 0 } : undefined;
  }

  #read(inputs: readonly Value[]): Tensor[] {
    return inputs.map(({ id, shape }) => ({ data: (this.#buffers[id] as SharedArray).data, shape }));
  }

  #newArray(length: number): Float64Array | Float32Array {
    const array = this.#precision === 'float64' ? new Float64Array(length) : new Float32Array(length);
    this.#take(array.byteLength);
    return array;
  }

  /** Ends one use of a value. The array is given back after the last use of all values that share it. */
  #release(value: Value): void {
    (this.#uses[value.id] as number)--;
    if (this.#uses[value.id] !== 0) return;
    const buffer = this.#buffers[value.id] as SharedArray;
    this.#buffers[value.id] = undefined;
    buffer.holders--;
    if (buffer.holders > 0 || buffer.bytes === 0) return;
    this.#bytes -= buffer.bytes;
    this.#memory.give(buffer.bytes);
  }

  #take(bytes: number): void {
    this.#bytes += bytes;
    this.#memory.take(bytes);
  }

  /** The tensor of a wanted value. It is copied if its array is the caller's or was returned already. */
  #handOver({ id, shape }: Value): Tensor {
    const { data, bytes } = this.#buffers[id] as SharedArray;
    const isShared = bytes === 0 || this.#handedOver.has(data);
    this.#handedOver.add(data);
    return { data: isShared ? data.slice() : data, shape };
  }
}
