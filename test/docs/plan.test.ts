import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { expectFilled, printedBy } from './page.ts';

/** The sections of an explained plan: one for each pass, and the code. */
function sectionsOf(explained: string): string[] {
  const code = explained.indexOf('\n\n//');
  return [...explained.slice(0, code).split('\n\n'), explained.slice(code + 2)];
}

/** A section without the steps after the first. */
function firstStepOf(section: string): string {
  return section.replace(/(\n {2}1:\n|\n\n\/\/ 1: )[\s\S]*$/, '');
}

/** The word that tells a section: `graph`, `storage`, …; `//` for the code. */
const titleOf = (text: string) => /^(\w+:|\/\/)/.exec(text)?.[0];

test('docs/plan.md shows its programs, and what each pass makes of them', async () => {
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
    const section = outputs[at]?.sections.find(each => titleOf(each) === title);
    return section && firstStepOf(section);
  });
  expect(shown).toEqual([
    ['graph:', 'storage:', 'schedule:', 'fuse:', 'order:', '//'],
    ['graph:', 'schedule:'],
  ]);
});
