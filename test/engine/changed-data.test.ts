import fc from 'fast-check';
import { type Executor, gradient, interpreter, jit, Tape, tensor, type Value } from 'posetape';
import { gpu } from 'posetape/gpu';
import { gather, mul, segmentSum, sum } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { property } from '../support/property.ts';

/*
 * Typed arrays are read when the tape runs, so they may change until then. If a change contradicts a recorded shape or
 * makes an index invalid, every executor throws the same error, which names the value.
 */

const executors: [string, () => Executor | Promise<Executor>][] = [
  ['interpreter', () => interpreter()],
  ['jit', () => jit()],
  ['jit in float32', () => jit({ precision: 'float32' })],
  ['wasm', () => wasm()],
  ['gpu without a GPU', () => gpu({ mode: 'cpu' })],
];

test('an index out of range is found at any position, both when a gather is recorded and when it runs', () => {
  const [length, count] = [19, 5];
  const table = () => new Tape().parameter([1, 2, 3, 4, 5]);
  for (let position = 0; position < length; position++) {
    for (const wrong of [count, 2 ** 31 - 1, -1, -(2 ** 31)]) {
      const index = new Int32Array(length).fill(count - 1);
      const y = gather(table(), index);
      index[position] = wrong;
      const message = `index ${wrong} at position ${position} is out of range: there are 5 rows, 0 to 4`;
      expect(() => gather(table(), index)).toThrow(message);
      expect(() => interpreter().run([y])).toThrow(message);
    }
  }
});

describe.each(executors)('%s', (_name, make) => {
  const rows = fc.integer({ min: 1, max: 40 });
  const cases = rows.chain(count => {
    const entry = fc.nat(count - 1);
    return fc.record({
      count: fc.constant(count),
      index: fc.array(entry, { minLength: 1, maxLength: 30 }),
      position: fc.nat(29),
      wrong: fc.oneof(fc.integer({ min: count, max: 2 ** 31 - 1 }), fc.integer({ min: -(2 ** 31), max: -1 })),
      right: entry,
    });
  });

  property('accepts a changed index in range, and rejects one out of range', cases, async drawn => {
    const executor = await make();
    const index = Int32Array.from(drawn.index);
    const tape = new Tape();
    const table = tape.parameter(Float64Array.from({ length: drawn.count }, (_, i) => i + 1));
    const y = sum(gather(table, index));
    const wanted = [y, ...gradient(y, [table])];
    const position = drawn.position % index.length;
    index[position] = drawn.right;
    const [value] = await executor.run(wanted);
    expectClose(
      value?.data ?? [],
      [...index].reduce((total, row) => total + row + 1, 0),
      1e-6,
    );
    index[position] = drawn.wrong;
    const message = `%1 = constant [${index.length}]: index ${drawn.wrong} at position ${position} is out of range: there are ${drawn.count} rows, 0 to ${drawn.count - 1}; it changed after it was recorded`;
    await expect(async () => executor.run(wanted)).rejects.toThrow(message);
  });

  test('checks an index that two gathers share against the table with fewer rows', async () => {
    const executor = await make();
    const tape = new Tape();
    const index = Int32Array.of(0, 1);
    const [long, short] = [tape.parameter([1, 2, 3, 4]), tape.parameter([1, 2])];
    const rows = tape.constant(index);
    const y = sum(mul(gather(long, rows), gather(short, rows)));
    index[1] = 2;
    await expect(async () => executor.run([y])).rejects.toThrow('there are 2 rows, 0 to 1; it changed');
  });

  test('checks the index of a segment sum against the number of segments', async () => {
    const executor = await make();
    const tape = new Tape();
    const index = Int32Array.of(0, 1, 0);
    const y = segmentSum(tape.parameter([1, 2, 3]), index, 2);
    index[2] = 7;
    await expect(async () => executor.run([y])).rejects.toThrow('index 7 at position 2 is out of range');
  });

  const changes: [string, (tape: Tape) => [Value, () => void], string][] = [
    [
      'a parameter that was detached',
      tape => {
        const data = Float64Array.of(1, 2, 3);
        return [tape.parameter(data, 'x'), () => structuredClone(data, { transfer: [data.buffer] })];
      },
      '%0 = x [3]: its array has 0 entries instead of 3',
    ],
    [
      'a constant that was detached',
      tape => {
        const data = Float32Array.of(1, 2, 3);
        return [tape.constant(data), () => structuredClone(data, { transfer: [data.buffer] })];
      },
      '%0 = constant [3]: its array has 0 entries instead of 3',
    ],
    [
      'a parameter whose buffer grew',
      tape => {
        const buffer = new (ArrayBuffer as unknown as new (bytes: number, options: object) => ArrayBuffer)(
          24,
          { maxByteLength: 80 },
        );
        const data = new Float64Array(buffer);
        return [
          tape.parameter(data, 'x'),
          () => (buffer as unknown as { resize(to: number): void }).resize(80),
        ];
      },
      '%0 = x [3]: its array has 10 entries instead of 3',
    ],
    [
      'a parameter whose array was replaced',
      tape => {
        const x = tensor([1, 2, 3]) as { data: unknown };
        const replace = () => {
          x.data = 'abc';
        };
        return [tape.parameter(x as never, 'x'), replace];
      },
      '%0 = x [3]: its array',
    ],
  ];

  test.each(changes)('throws an error that names %s', async (_what, record, message) => {
    const executor = await make();
    const [x, change] = record(new Tape());
    const y = sum(mul(x, x));
    await executor.run([y]);
    change();
    await expect(async () => executor.run([y])).rejects.toThrow(message);
  });
});
