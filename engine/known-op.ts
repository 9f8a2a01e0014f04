import type { Form } from './forms.ts';
import type { Op, Vjp } from './tape.ts';

/**
 * An op whose rules record the same values for all tapes of one structure: they may read forms, and which lengths are
 * equal or 1, but no numbers and no other lengths. An executor that recorded the adjoints of one tape then knows those
 * of every tape of the same structure. All ops of the library are known ops; users' ops are not.
 */
export class KnownOp<F extends Form = Form> implements Op<F> {
  readonly name: string;
  readonly vjp: Vjp<F>;
  readonly #number = ++count;

  constructor(name: string, vjp: Vjp<F>) {
    this.name = name;
    this.vjp = vjp;
    Object.freeze(this);
  }

  /** A number that identifies a known op, since ops of one form may have different rules; 0 for any other op. */
  static numberOf(op: Op): number {
    return #number in op ? (op as KnownOp).#number : 0;
  }
}

let count = 0;
