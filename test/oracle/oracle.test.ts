import { describe, expect, test } from 'vitest';
import { runs } from '../support/property.ts';
import { type ContestantName, judge, open } from './contestants.ts';
import { record, tensorOf } from './program.ts';
import { opNames } from './recipes.ts';
import { readTable } from './table.ts';

const table = readTable();

/** Each executor runs every n-th program, to save time. Each runs all programs if POSETAPE_RUNS is above 100. */
const oneIn: Readonly<Record<ContestantName, number>> = {
  interpreter: 1,
  jit: 1,
  'jit float32': 4,
  wasm: 4,
  'gpu webasm': 40,
  'gpu cpu': 40,
};

describe('on programs of the table', () => {
  test.each(Object.keys(open) as ContestantName[])('%s agrees with PyTorch', async name => {
    const executor = await open[name]();
    const failures: string[] = [];
    let answers = 0;
    let excused = 0;
    for (const [i, entry] of table.entries()) {
      if (runs <= 100 && (i + name.length) % oneIn[name] !== 0) continue;
      const expected = entry.answers.map(tensorOf);
      const result = await judge(executor, record(entry), expected);
      answers += expected.length;
      excused += result.excused;
      if (!result.difference) continue;
      const { tensor, entry: at, actual, expected: wanted, allowed } = result.difference;
      const { answers: _, ...program } = entry;
      const what = `entry ${at} of answer ${tensor} is ${actual}, not ${wanted} (within ${allowed})`;
      failures.push(`program ${i}: ${what}\n${JSON.stringify(program)}`);
    }
    if ('dispose' in executor) await (executor as { dispose(): Promise<void> }).dispose();
    const shown = failures.slice(0, 5).join('\n');
    if (failures.length > 0) expect.fail(`${failures.length} programs differ:\n${shown}`);
    // An excused answer tests nothing, so only few answers may be excused.
    expect(excused / answers).toBeLessThan(executor.precision === 'float64' ? 0.02 : 0.08);
  });
});

describe('the table', () => {
  test('has at least 2,000 programs: for each op 100 that use it, 25 of them with second derivatives', () => {
    expect(table.length).toBeGreaterThanOrEqual(2000);
    const using = (op: string, leastOrder: number) =>
      table.filter(({ steps, order }) => order >= leastOrder && steps.some(step => step.op === op)).length;
    const rare = opNames.filter(op => using(op, 0) < 100 || using(op, 2) < 25);
    expect(rare).toEqual([]);
  });

  test('has more than 45% of all pairs of an op and the op that computes its operand', () => {
    const pairs = table.flatMap(({ leaves, steps }) =>
      steps.flatMap(({ op, of }) => {
        const operands = of.map(each => (typeof each === 'number' ? steps[each - leaves.length] : undefined));
        return operands.flatMap(step => (step ? [`${op} of ${step.op}`] : []));
      }),
    );
    expect(new Set(pairs).size).toBeGreaterThan(0.45 * opNames.length ** 2);
  });

  test('has mostly finite results, and some NaN and infinities', () => {
    const finite = table.filter(({ answers }) =>
      answers.every(answer => tensorOf(answer).data.every(entry => Number.isFinite(entry))),
    );
    const share = finite.length / table.length;
    expect(share).toBeGreaterThan(0.75);
    expect(share).toBeLessThan(0.97);
  });
});
