import { type Code, type FunctionBuilder, load } from './emit/code.ts';

/**
 * An entry of a frame: a number that differs from pose to pose, in four bytes. Positions are addresses.
 *
 * `partial` is the address of the float32 sums of one band of rows, `total` that of the float64 sums of all bands. So a
 * sum over thousands of rows is not rounded thousands of times.
 */
export interface Slot {
  readonly kind: 'size' | 'start' | 'offset' | 'input' | 'partial' | 'total';
  readonly number: number;
}

const letters: Record<Slot['kind'], string> = {
  size: 'n',
  start: 's',
  offset: 'b',
  input: 'x',
  partial: 'partial',
  total: 'total',
};

/** The frame of a function, whose entries it reads once, at its start. */
export class Frame {
  readonly slots: Slot[] = [];
  readonly #f: FunctionBuilder;
  readonly #isSummedByBands: (buffer: number) => boolean;

  constructor(f: FunctionBuilder, isSummedByBands: (buffer: number) => boolean) {
    this.#f = f;
    this.#isSummedByBands = isSummedByBands;
  }

  slot(asked: Slot['kind'], number: number): Code {
    const kind = asked === 'offset' && this.#isSummedByBands(number) ? 'partial' : asked;
    let place = this.slots.findIndex(slot => slot.kind === kind && slot.number === number);
    if (place < 0) place = this.slots.push({ kind, number }) - 1;
    const name = `${letters[kind]}${number}`;
    return this.#f.once('i32', load('i32.load', this.#f.param(0), 4 * place), name);
  }
}
