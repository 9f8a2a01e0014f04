import type { Form } from './forms.ts';
import type { Op, Vjp } from './tape.ts';

/**
 * An op whose rules record the same values for all tapes of one structure. Such rules may depend on forms, and on which
 * lengths are equal or 1, but not on numbers or on lengths in any other way. So if an executor has recorded the
 * adjoints of one tape, it knows the adjoints of every tape of the same structure. All ops of the library are known
 * ops; users' ops are not.
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

  /**
   * A number that identifies a known op; 0 for any other op. The form does not identify an op, since ops of one form
   * may have different rules.
   */
  static numberOf(op: Op): number {
    return #number in op ? (op as KnownOp).#number : 0;
  }
}

let count = 0;
