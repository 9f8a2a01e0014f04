import { type Code, type FunctionBuilder, load } from './emit/code.ts';

/**
 * An entry of a frame: a number of four bytes that varies between poses.
 *
 * `offset` and `input` are the addresses of a buffer and of an input. `sum` is half the address of a buffer that the
 * function adds to. The sums in this buffer are float64, so that a sum over thousands of terms is rounded once. Each
 * takes 8 bytes, but positions count 4 bytes an entry. So code adds the position of a sum to half the address of the
 * buffer, and twice the result is the address of the sum. `partial` is the address of the float32 sums of a few rows,
 * which are added to the float64 sums, and `length` is the number of these float32 sums.
 */
export interface Slot {
  readonly kind: 'size' | 'start' | 'offset' | 'input' | 'sum' | 'partial' | 'length';
  readonly number: number;
}

/** The beginning of the name of the local of each kind of slot. */
const letters: Record<Slot['kind'], string> = {
  size: 'n',
  start: 's',
  offset: 'b',
  input: 'x',
  sum: 'sum',
  partial: 'partial',
  length: 'length',
};

/** The frame of a function: numbers in memory that the function reads once, at its start. */
export class Frame {
  readonly slots: Slot[] = [];
  readonly #f: FunctionBuilder;
  readonly #kindOf: (buffer: number) => Slot['kind'];

  /** `kindOf` gives the kind of slot for the offset of a buffer. */
  constructor(f: FunctionBuilder, kindOf: (buffer: number) => Slot['kind']) {
    this.#f = f;
    this.#kindOf = kindOf;
  }

  /** Code that reads an entry. For an `offset`, the entry is of the kind that the function uses for the buffer. */
  slot(requested: Slot['kind'], number: number): Code {
    const kind = requested === 'offset' ? this.#kindOf(number) : requested;
    let index = this.slots.findIndex(slot => slot.kind === kind && slot.number === number);
    if (index < 0) index = this.slots.push({ kind, number }) - 1;
    const name = `${letters[kind]}${number}`;
    return this.#f.once('i32', load('i32.load', this.#f.param(0), 4 * index), name);
  }
}
