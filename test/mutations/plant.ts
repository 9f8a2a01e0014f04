import type { Mutation } from './mutations.ts';

/** Files and folders of the project that test:mutations copies, to plant defects there. */
export const copied: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'docs',
  'engine',
  'ops',
  'combine',
  'fit',
  'parallel',
  'program',
  'examples',
  'bench',
  'scripts',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];

/**
 * Returns the source with the defect in it.
 *
 * @throws Error that names the defect and the file, if the fragment does not match exactly once or nothing changes
 */
export function plant({ name, file, find, replace }: Mutation, source: string): string {
  const pattern = typeof find === 'string' ? fragment(find) : new RegExp(find, `${find.flags}g`);
  const times = [...source.matchAll(pattern)].length;
  if (times !== 1) {
    throw new Error(`${name}: its fragment matches ${times} times in ${file}; it must match once: ${find}`);
  }
  // A function, because `$` has a meaning in a replacement text.
  const planted =
    typeof find === 'string'
      ? source.replace(pattern, () => replace)
      : source.replace(new RegExp(find), replace);
  if (planted === source) throw new Error(`${name}: it changes nothing in ${file}`);
  return planted;
}

const closing = [')', ']', '}'];

/** Pattern for code with any line breaks and spaces, and with or without a comma before a closing bracket. */
function fragment(code: string): RegExp {
  const tokens = code.match(/[\p{L}\p{N}_$#]+|'(?:[^'\\\n]|\\.)*'|[^\s]/gu) ?? [];
  const parts = tokens
    .filter((token, at) => !(token === ',' && closing.includes(tokens[at + 1] as string)))
    .map((token, at, kept) => {
      const before = kept[at - 1] ?? '';
      const escaped = token.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
      const isWord = (text: string) => /^[\p{L}\p{N}_$#]+$/u.test(text);
      if (at === 0) return isWord(token) ? `(?<![\\p{L}\\p{N}_$#])${escaped}` : escaped;
      if (isWord(before) && isWord(token)) return `\\s+${escaped}`;
      return closing.includes(token) ? `\\s*,?\\s*${escaped}` : `\\s*${escaped}`;
    });
  return new RegExp(parts.join(''), 'gu');
}
