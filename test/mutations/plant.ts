import type { Mutation } from './mutations.ts';

/**
 * The source with the defect in it.
 *
 * @throws Error that names the defect and the file unless what it replaces stands there exactly once
 */
export function plant({ name, file, find, replace }: Mutation, source: string): string {
  const pattern = typeof find === 'string' ? fragment(find) : new RegExp(find, `${find.flags}g`);
  const times = [...source.matchAll(pattern)].length;
  if (times !== 1) {
    throw new Error(
      `${name}: what it replaces stands ${times} times in ${file}; it must stand once: ${find}`,
    );
  }
  // A function for a fragment, as a replacement text would be searched for $.
  const planted =
    typeof find === 'string'
      ? source.replace(pattern, () => replace)
      : source.replace(new RegExp(find), replace);
  if (planted === source) throw new Error(`${name}: it changes nothing in ${file}`);
  return planted;
}

const closing = [')', ']', '}'];

/** Code as a pattern that does not mind how it is broken into lines: neither spaces nor commas before a bracket count. */
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
