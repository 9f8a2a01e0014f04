import { type Code, type FunctionBuilder, load } from './emit/code.ts';

/**
 * A number that differs from pose to pose: a loop reads it from its frame, four bytes each. Positions are addresses.
 *
 * `partial` is where a band of rows is summed before it is added to what came before, `total` a float64 where a sum
 * grows from band to band: so that a sum over thousands of rows is not rounded thousands of times.
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

/** What a function takes out of its frame, once, at its beginning. */
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
