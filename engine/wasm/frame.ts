import { type Code, type FunctionBuilder, load } from './emit/code.ts';

/**
 * An entry of a frame: a number that differs from pose to pose, in four bytes. Positions are addresses.
 *
 * `sum` is half the address of a buffer that the function adds to: its numbers are float64 while they grow, so that the
 * address of an entry is twice that of a float32 position. A sum over thousands of terms is thus rounded once.
 */
export interface Slot {
  readonly kind: 'size' | 'start' | 'offset' | 'input' | 'sum';
  readonly number: number;
}

const letters: Record<Slot['kind'], string> = {
  size: 'n',
  start: 's',
  offset: 'b',
  input: 'x',
  sum: 'sum',
};

/** The frame of a function, whose entries it reads once, at its start. */
export class Frame {
  readonly slots: Slot[] = [];
  readonly #f: FunctionBuilder;
  readonly #isSummed: (buffer: number) => boolean;

  constructor(f: FunctionBuilder, isSummed: (buffer: number) => boolean) {
    this.#f = f;
    this.#isSummed = isSummed;
  }

  slot(asked: Slot['kind'], number: number): Code {
    const kind = asked === 'offset' && this.#isSummed(number) ? 'sum' : asked;
    let place = this.slots.findIndex(slot => slot.kind === kind && slot.number === number);
    if (place < 0) place = this.slots.push({ kind, number }) - 1;
    const name = `${letters[kind]}${number}`;
    return this.#f.once('i32', load('i32.load', this.#f.param(0), 4 * place), name);
  }
}
