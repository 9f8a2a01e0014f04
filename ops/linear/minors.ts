import { add } from '../arithmetic/add.ts';
import { mul } from '../arithmetic/mul.ts';
import { neg } from '../arithmetic/neg.ts';
import type { Value } from '../op.ts';
import { minus } from './products.ts';
import type { Entries } from './square-matrix.ts';

/** The minors of a matrix of up to 4 rows. A minor is the determinant of a submatrix, and is recorded only once. */
export class Minors {
  readonly #entries: Entries;
  readonly #minors = new Map<string, Value>();

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  /** The determinant of the whole matrix. */
  determinant(): Value {
    const all = [...this.#entries.keys()];
    return this.#minor(all, all);
  }

  /** The cofactor of an entry: the minor without its row and column, with a sign that alternates between entries. */
  cofactor(row: number, column: number): Value {
    const allBut = (index: number) => [...this.#entries.keys()].filter(line => line !== index);
    const minor = this.#minor(allBut(row), allBut(column));
    return (row + column) % 2 === 0 ? minor : neg(minor);
  }

  /** A minor, expanded along its first row. */
  #minor(rows: readonly number[], columns: readonly number[]): Value {
    const name = `${rows} ${columns}`;
    const recorded = this.#minors.get(name);
    if (recorded) return recorded;
    const [first, ...below] = rows as [number, ...number[]];
    const row = columns.map(column => this.#entries[first]?.[column] as Value);
    const minors = columns.map(column =>
      below.length === 0
        ? undefined
        : this.#minor(
            below,
            columns.filter(other => other !== column),
          ),
    );
    const minor = expanded(row, minors as Value[]);
    this.#minors.set(name, minor);
    return minor;
  }
}

/** The sum of aₖMₖ with alternating signs. */
function expanded(row: readonly Value[], minors: readonly Value[]): Value {
  const [a, b, c, d] = row as [Value, Value, Value, Value];
  const [ofA, ofB, ofC, ofD] = minors as [Value, Value, Value, Value];
  if (row.length === 1) return a;
  const firstTwo = minus(a, ofA, b, ofB);
  if (row.length === 2) return firstTwo;
  return add(firstTwo, row.length === 3 ? mul(c, ofC) : minus(c, ofC, d, ofD));
}
