import { defineOp, gradient, interpreter, Memory, map, type Precision, Tape, type Value } from 'posetape';
import { add, exp, gather, mul, neg, reshape, segmentSum, slice, square, sum, transpose } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { type Program, paramsOf, poseArbitrary, programArbitrary, record } from '../support/programs.ts';
import { property } from '../support/property.ts';

function peakOf(wanted: readonly Value[], precision: Precision = 'float64'): number {
  const memory = new Memory();
  interpreter({ precision }).run(wanted, { memory });
  expect(memory.live).toBe(0);
  return memory.peak;
}

describe('the number of bytes held is counted exactly', () => {
  const column = Float64Array.from({ length: 100 }, (_, i) => i);

  // A column of 100 numbers has 800 bytes in float64, and 400 in float32. A float32 run first rounds the parameter x
  // into a new array. The comments below name the arrays at the peak.
  const tapes: [what: string, wanted: (x: Value) => Value[], float64: number, float32: number][] = [
    // Float64: the square and the sum. Float32: x and the square.
    ['a sum of squares', x => [sum(square(x))], 800 + 8, 400 + 400],
    // At most, one link of the chain and the next link.
    [
      'a chain of ten',
      x => [
        Array(10)
          .fill(neg)
          .reduce<Value>((link, op) => op(link), x),
      ],
      800 + 800,
      400 + 400,
    ],
    ['a value that nothing needs', x => [exp(x), sum(square(x))].slice(1), 800 + 8, 400 + 400],
    ['a reshape, which is an alias', x => [sum(square(reshape(x, [4, 25])))], 800 + 8, 400 + 400],
    ['an alias that outlives its value', x => [aliased(neg(x))], 800 + 800 + 800, 400 + 400 + 400],
    ['a transpose, which is a copy', x => [transpose(reshape(x, [4, 25]))], 800, 400 + 400],
    // Float64: the literal, which lives as long as the run, and the product. Float32: also x and the rounded literal.
    ['a literal', x => [mul(x, 2.5)], 8 + 800, 8 + 400 + 4 + 400],
    ['a literal that nothing needs', x => [mul(x, 2.5), neg(x)].slice(1), 8 + 800, 8 + 400 + 400],
    // Float64: a copy of the list, and the sum. Float32: also the rounded list.
    ['a list', ({ tape }) => [sum(tape.constant([1, 2, 3, 4]))], 32 + 8, 32 + 16 + 4],
    ["the caller's own array", ({ tape }) => [sum(tape.constant(column))], 8, 400 + 4],
    ["the caller's own index", x => [gather(x, Int32Array.of(1, 2))], 16, 400 + 8],
    ['a list as an index, copied to Int32', x => [gather(x, [1, 2])], 8 + 16, 8 + 400 + 8],
    // Float64: y, the broadcast seed, 2x, and the seed times 2x. Float32: x, y, the broadcast seed, 2, and 2x.
    ['a gradient', x => withGradient(sum(square(x)), x), 8 + 800 + 800 + 800, 400 + 4 + 400 + 4 + 400],
  ];

  test.each(tapes)('for %s', (_what, wanted, float64, float32) => {
    expect(peakOf(wanted(new Tape().parameter(column)), 'float64')).toBe(float64);
    expect(peakOf(wanted(new Tape().parameter(column)), 'float32')).toBe(float32);
  });

  /** Records a sum that reads the array of the column through a reshape, after the last use of the column itself. */
  function aliased(column: Value): Value {
    const table = reshape(column, [4, 25]);
    return add(neg(table), table);
  }

  function withGradient(y: Value, x: Value): Value[] {
    return [y, ...gradient(y, [x])];
  }

  property(
    'for any program, by the lifetimes of its arrays',
    programArbitrary(),
    poseArbitrary(),
    (program, pose) => {
      const { y, params } = recorded(program, pose);
      const wanted = [y, ...gradient(y, params)];
      expect(peakOf(wanted)).toBe(peakByLifetimes(wanted));
    },
  );
});

describe('the gradient with respect to a table that is used K times takes one array of the table’s size, not K arrays', () => {
  const rows = 1000;
  const uses: [what: string, use: (table: Value, k: number) => Value][] = [
    ['gathers', (table, k) => gather(table, Int32Array.of(k, 2 * k))],
    ['slices', (table, k) => slice(table, k, k + 2)],
  ];

  const gradientOf = (use: (table: Value, k: number) => Value, count: number) => {
    const table = new Tape().parameter(new Float64Array(rows));
    const y = Array.from({ length: count }, (_, k) => sum(use(table, k))).reduce((a, b) => add(a, b));
    return { y, table, gradient: gradient(y, [table])[0] };
  };

  test.each(uses)('for %s', (_what, use) => {
    // At the peak there are the gradient, which has the size of the table, and for each use a cotangent of two numbers.
    for (const count of [1, 2, 10, 100]) {
      expect(peakOf([gradientOf(use, count).gradient])).toBe(8 * rows + 16 * count);
    }
  });

  test.each(uses)(
    'for %s; terms of the gradient are right if they are outputs, too, and take one array each',
    (_what, use) => {
      const { gradient: total, table } = gradientOf(use, 3);
      const terms = total.inputs;
      expect(terms.map(({ op }) => op.name)).toEqual(Array(3).fill(terms[0]?.op.name));
      const alone = [0, 1, 2].map(k => gradient(sum(use(table, k)), [table])[0]);
      const [sumOfTerms, ...eachTerm] = interpreter().run([total, ...terms]);
      expect(eachTerm).toEqual(interpreter().run(alone.toReversed()));
      expect(sumOfTerms).toEqual(interpreter().run([total])[0]);
      expect(peakOf([total, ...terms])).toBeGreaterThanOrEqual(8 * rows * 4);
    },
  );

  test('terms of all kinds add up: of a gather, of a slice, and of three uses of the whole table', () => {
    const table = new Tape().parameter([1, 2, 3, 4]);
    const parts = [
      gather(table, [3, 3]),
      slice(table, 1, 3),
      square(table),
      segmentSum(table, [0, 1, 1, 0], 2),
      table,
    ];
    const y = parts.map(part => sum(mul(2, part))).reduce((a, b) => add(a, b));
    const [whole] = interpreter().run(gradient(y, [table]));
    expectClose(whole?.data ?? [], [2 * (2 + 2), 2 * (1 + 4 + 2), 2 * (1 + 6 + 2), 2 * (2 + 8 + 2)], 0);
  });
});

describe('the number of bytes held is the same after a run as before', () => {
  const boom = defineOp({
    name: 'boom',
    forward: map((_s, a) => {
      if (typeof a === 'number') throw new Error('boom');
      return a;
    }),
    vjp: [g => g],
  });

  const runs: [when: string, run: (y: Value, memory: Memory) => void][] = [
    ['after a run', (y, memory) => interpreter().run([y], { memory })],
    ['in float32', (y, memory) => interpreter({ precision: 'float32' }).run([y], { memory })],
    [
      'after an error in the middle',
      (y, memory) => expect(() => interpreter().run([y, boom(mul(y, 2.5))], { memory })).toThrow('boom'),
    ],
    [
      'after proceed returns false',
      (y, memory) => interpreter().run([y, mul(y, y)], { memory, proceed: () => false }),
    ],
    [
      'after proceed throws',
      (y, memory) => {
        const proceed = () => {
          throw new Error('undecided');
        };
        expect(() => interpreter().run([y, mul(y, y)], { memory, proceed })).toThrow('undecided');
      },
    ],
  ];

  describe.each(runs)('%s', (_when, run) => {
    property('for any program', programArbitrary(), poseArbitrary(), (program, pose) => {
      const memory = new Memory();
      memory.take(17);
      run(recorded(program, pose).y, memory);
      expect(memory.live).toBe(17);
      expect(memory.peak).toBeGreaterThanOrEqual(17 + 8);
    });
  });
});

function recorded(program: Program, pose: Parameters<typeof record>[3]): { y: Value; params: Value[] } {
  const tape = new Tape();
  const params = Object.values(paramsOf(program)).map(param => tape.parameter(param));
  return { y: record(program, tape, Object.fromEntries(params.entries()), pose), params };
}

/**
 * Peak memory in bytes by definition. An array lives from the value that makes it to the last use of that value or of a
 * reshape of it, or to the end if one of these is wanted. Parameters, constants and reshapes make no array. A pad or
 * segment sum that only one accumulation uses makes none either: its operand lives until that accumulation.
 */
function peakByLifetimes(wanted: readonly Value[]): number {
  const { values } = (wanted[0] as Value).tape;
  const isLive = new Set(wanted);
  for (const value of values.toReversed())
    if (isLive.has(value)) for (const input of value.inputs) isLive.add(input);
  const live = values.filter(value => isLive.has(value));

  const usersOf = (value: Value) =>
    live.flatMap(user => user.inputs.filter(input => input === value).map(() => user));
  const isAddedInPlace = (value: Value) => {
    const [only, ...others] = usersOf(value);
    const isScatter = value.form.kind === 'pad' || value.form.kind === 'segment-sum';
    return isScatter && only?.form.kind === 'accumulate' && others.length === 0 && !wanted.includes(value);
  };
  const lastUse = (value: Value): number => {
    if (wanted.includes(value)) return Infinity;
    return Math.max(
      ...usersOf(value).map(user => {
        return user.form.kind === 'reshape' || isAddedInPlace(user) ? lastUse(user) : user.id;
      }),
    );
  };
  const lives = live
    .filter(
      value => !['parameter', 'constant', 'reshape'].includes(value.form.kind) && !isAddedInPlace(value),
    )
    .map(value => ({
      from: value.id,
      to: lastUse(value),
      bytes: 8 * value.shape.reduce((n, m) => n * m, 1),
    }));
  const copies = live[0]?.tape.copiedBytes ?? 0;
  const aliveAt = ({ from: now }: { from: number }) =>
    lives.filter(({ from, to }) => from <= now && now <= to).reduce((total, { bytes }) => total + bytes, 0);
  return copies + Math.max(0, ...lives.map(aliveAt));
}
