import { readFileSync } from 'node:fs';
import { jit, Tape, tensor, type Value } from 'posetape';
import { add, exp, mul, pow, slice, sum } from 'posetape/ops';
import { expect, test, vi } from 'vitest';
import { expectFilled, printedBy } from './page.ts';

/** Sections of an explained plan: one for each pass, and the code. */
function sectionsOf(explained: string): string[] {
  const code = explained.indexOf('\n\n//');
  return [...explained.slice(0, code).split('\n\n'), explained.slice(code + 2)];
}

/** The section up to the end of its first step. */
function firstStepOf(section: string): string {
  return section.replace(/(\n {2}1:\n|\n\n\/\/ 1: )[\s\S]*$/, '');
}

/** Title of a section, such as `graph:`, or `//` for the code. */
const titleOf = (text: string) => /^(\w+:|\/\/)/.exec(text)?.[0];

test('docs/plan.md shows its examples, and the result of each pass', async () => {
  const programs = [
    { file: 'examples/plan-pairs.ts', run: () => import('../../examples/plan-pairs.ts') },
    { file: 'examples/plan-layers.ts', run: () => import('../../examples/plan-layers.ts') },
  ];
  const outputs: { readonly source: string; readonly sections: readonly string[] }[] = [];
  for (const { file, run } of programs) {
    const sections = sectionsOf(await printedBy(run));
    expect(sections.map(titleOf)).toEqual(['graph:', 'storage:', 'schedule:', 'fuse:', 'order:', '//']);
    outputs.push({ source: readFileSync(file, 'utf8'), sections });
  }
  let at = -1;
  const shown: (string | undefined)[][] = [];
  await expectFilled('plan.md', ({ language, text }) => {
    if (language === 'ts') {
      shown.push([]);
      return outputs[++at]?.source;
    }
    const title = titleOf(text);
    shown[at]?.push(title);
    const printed = outputs[at]?.sections.find(section => titleOf(section) === title);
    return printed && firstStepOf(printed);
  });
  expect(shown).toEqual([
    ['graph:', 'storage:', 'schedule:', 'fuse:', 'order:', '//'],
    ['graph:', 'schedule:'],
  ]);
});

/** Function that records ops on a parameter. */
type Recording = (x: Value) => Value;
const floats = (length: number) => new Float64Array(length).fill(0.5);

/** Two tapes, each by its recording and the length of its parameter, and whether they share a plan. */
test.each<[what: string, shared: boolean, first: [Recording, number], second: [Recording, number]]>([
  ['a literal', true, [x => mul(x, 2.5), 4], [x => mul(x, 3.5), 4]],
  ['a length', true, [exp, 4], [exp, 5]],
  ['the start of a slice', true, [x => slice(x, 0, 2), 4], [x => slice(x, 1, 3), 4]],
  ['a literal that is 0 or 1', false, [x => mul(x, 0), 4], [x => mul(x, 1), 4]],
  ['an exponent', false, [x => pow(x, 2), 4], [x => pow(x, 3), 4]],
  ['a length of 1', false, [exp, 4], [exp, 1]],
  ['which lengths are equal', false, [withThree, 4], [withThree, 3]],
  ['the number of values', false, [exp, 4], [x => exp(exp(x)), 4]],
  ['an op', false, [exp, 4], [sum, 4]],
])('tapes that differ in %s share a plan as docs/plan.md says: %s', (_, shared, ...tapes) => {
  const executor = jit();
  for (const [record, length] of tapes) executor.run([record(new Tape().parameter(floats(length)))]);
  expect(executor.planned).toBe(shared ? 1 : 2);
});

function withThree(x: Value): Value {
  return add(sum(x), x.tape.constant(tensor(floats(3), [3])));
}

test('tapes whose arrays differ in type do not share a plan, as docs/plan.md says', () => {
  const executor = jit();
  for (const array of [floats(4), Float32Array.from(floats(4))])
    executor.run([exp(new Tape().parameter(array))]);
  expect(executor.planned).toBe(2);
});

test('an executor warns once if more than half of its last 64 tapes needed a new plan, as docs/plan.md says', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const executor = jit();
  const chain = (length: number) => {
    let y = new Tape().parameter(floats(4));
    for (let i = 0; i < length; i++) y = exp(y);
    executor.run([y]);
  };
  // If exactly half of the tapes need a new plan, there is no warning.
  for (let i = 0; i < 64; i++) chain(i % 2 === 0 ? i : 0);
  expect(warn).not.toHaveBeenCalled();
  for (let i = 100; i < 180; i++) chain(i);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[0]).toMatch(
    /^jit float64: more than half of the last \d+ tapes .* The last tape differs .* in %\d+ = exp \[4\]/,
  );
  warn.mockRestore();
});
