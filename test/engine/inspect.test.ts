import { gradient, inspect, jit, Tape, tensor } from 'posetape';
import { gather, matmul, mul, reshape, slice, square, sum, transpose } from 'posetape/ops';
import { expect, test } from 'vitest';

test('inspect() lists a tape line by line, with shapes, bytes, values, and a line before the adjoints', () => {
  const tape = new Tape();
  const x = tape.parameter(tensor([1, 2, 3]), 'x');
  gradient(sum(square(x)), [x]);
  expect(inspect(tape, { values: true })).toBe(
    [
      '%0  x                [3]   24 B  1 2 3',
      '%1  square(%0)       [3]   24 B  1 4 9',
      '%2  sum(%1) axes 0   [1]    8 B  14',
      '%3  reshape(%2)      []   alias  14',
      '-- adjoints --',
      '%4  fill 1           []     8 B  1',
      '%5  reshape(%4)      [1]  alias  1',
      '%6  broadcastTo(%5)  [3]   24 B  1 1 1',
      '%7  fill 2           []     8 B  2',
      '%8  mul(%7, %0)      [3]   24 B  2 4 6',
      '%9  scaled(%6, %8)   [3]   24 B  2 4 6',
    ].join('\n'),
  );
});

test('inspect() without values runs nothing, and shows the attributes of forms', () => {
  const tape = new Tape();
  const a = tape.parameter(tensor(new Float64Array(6), [2, 3]), 'a');
  const rows = gather(transpose(a), Int32Array.of(0, 0));
  matmul(slice(rows, [1, 0]), reshape(a, [2, 3]));
  expect(inspect(tape)).toBe(
    [
      '%0  a                        [2, 3]  48 B',
      '%1  transpose(%0) axes 1, 0  [3, 2]  48 B',
      '%2  constant                 [2]      8 B',
      '%3  gather(%1, %2)           [2, 2]  32 B',
      '%4  slice(%3) from 1, 0      [1, 2]  16 B',
      '%5  matmul(%4, %0)           [1, 3]  24 B',
    ].join('\n'),
  );
});

test('inspect() shows four numbers of a long value, as computed by the chosen executor', () => {
  const tape = new Tape();
  mul(tape.constant([1, 2, 3, 4, 5]), 1 / 3);
  const [, , last] = inspect(tape, { values: true, executor: jit({ precision: 'float32' }) }).split('\n');
  expect(last).toBe('%2  mul(%0, %1)  [5]  40 B  0.333333 0.666667 1 1.33333 …');
});

test('inspect() is empty for an empty tape', () => {
  expect(inspect(new Tape(), { values: true })).toBe('');
});
