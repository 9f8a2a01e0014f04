import { interpreter, type SyncExecutor } from 'posetape';
import { expect, test } from 'vitest';
import { runs, seed } from '../support/property.ts';
import { type ContestantName, judge, open } from './contestants.ts';
import { draw } from './draw.ts';
import { type Program, record } from './program.ts';
import { Random } from './random.ts';
import { spreads } from './rounding.ts';
import { shrink } from './shrink.ts';

const drawn = (i: number) => draw(new Random(seed, i));

test.each(['jit', 'jit float32', 'wasm'] as ContestantName[])(
  '%s agrees with the interpreter on random programs',
  async name => {
    const executor = await open[name]();
    for (let i = 1; i <= runs; i++) {
      const wanted = record(drawn(i));
      const { difference } = await judge(executor, wanted, interpreter().run(wanted));
      const command = `npm run test:programs -- --seed ${seed} --first ${i} --count 1`;
      if (difference) expect.fail(`${JSON.stringify(difference)}\n${command}`);
    }
  },
);

test('a seed determines the programs, and another seed draws others', () => {
  const some = (seed: number) => Array.from({ length: 20 }, (_, i) => draw(new Random(seed, i)));
  expect(some(seed)).toEqual(some(seed));
  expect(new Set([...some(seed), ...some(seed + 1)].map(program => JSON.stringify(program))).size).toBe(40);
});

/** Interpreter that returns wrong results for tapes with `where`. */
const mistaken: SyncExecutor = {
  ...interpreter(),
  run: wanted => {
    const answers = interpreter().run(wanted);
    const hasWhere = wanted[0]?.tape.values.some(({ op }) => op.name === 'where');
    if (hasWhere) for (const { data } of answers) data[0] = 1e6;
    return answers;
  },
};

test('shrink reduces a failing program to at most two steps that still fail', async () => {
  const fails = async (program: Program) => {
    const wanted = record(program);
    return (await judge(mistaken, wanted, interpreter().run(wanted))).difference !== undefined;
  };
  const program = Array.from({ length: 200 }, (_, i) => draw(new Random(1, i))).find(({ steps, order }) => {
    return order === 2 && steps.length > 8 && steps.some(({ op }) => op === 'where');
  }) as Program;
  const small = await shrink(program, fails);
  expect(await fails(small)).toBe(true);
  expect(small.steps.length).toBeLessThanOrEqual(2);
  expect(small.order).toBe(0);
});

test('the spread is large for a difference of close numbers, and 0 for an exact result', () => {
  const program = (data: readonly number[], literal: string): Program => ({
    leaves: [{ is: 'parameter', shape: [1], data }],
    steps: [
      { op: 'exp', of: [0] },
      { op: 'sub', of: [1, literal] },
    ],
    want: [2],
    wrt: [],
    order: 0,
  });
  const spread = (...of: Parameters<typeof program>) =>
    spreads(record(program(...of)), 'float64')[0] as number;
  expect(spread([0], '1')).toBe(0);
  const ofDifference = spread([1], '2.7182');
  expect(ofDifference).toBeGreaterThan(2 ** -53);
  expect(ofDifference).toBeLessThan(2 ** -48);
  // The difference of e and its float64 literal is less than a rounding error, so no digit of it is certain.
  expect(spread([1], `${Math.E}`)).toBe(Number.POSITIVE_INFINITY);
});
