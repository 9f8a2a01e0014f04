import type { Form } from './forms.ts';
import type { Op, Vjp } from './tape.ts';

/**
 * An op whose rules record the same values for all values of one structure: they read forms, and which lengths are equal or 1,
 * but no number and no length beyond that. So what its adjoints come to is known before they are recorded. All ops of the
 * library are such ops; of one's own it is not known.
 */
export class KnownOp<F extends Form = Form> implements Op<F> {
  readonly name: string;
  readonly vjp: Vjp<F>;
  readonly #number = ++made;

  constructor(name: string, vjp: Vjp<F>) {
    this.name = name;
    this.vjp = vjp;
    Object.freeze(this);
  }

  /** Tells known ops apart; 0 of any other. Ops of one form may have different rules. */
  static numberOf(op: Op): number {
    return #number in op ? (op as KnownOp).#number : 0;
  }
}

let made = 0;
