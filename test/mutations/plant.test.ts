import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { importsOf } from '../support/imports.ts';
import { type Mutation, mutations } from './mutations.ts';
import { copied, plant } from './plant.ts';

/** Defect in an imaginary file a.ts. */
const defect = (find: string | RegExp, replace: string): Mutation => ({
  name: 'a defect',
  file: 'a.ts',
  find,
  replace,
  caughtBy: [],
});

describe('each defect', () => {
  test.each(mutations)('can be planted, and names existing tests: $name', mutation => {
    plant(mutation, readFileSync(mutation.file, 'utf8'));
    expect(mutation.caughtBy.length).toBeGreaterThan(0);
    for (const file of mutation.caughtBy) expect(existsSync(file), file).toBe(true);
  });

  test('has a unique name', () => {
    expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length);
  });
});

test('the copy in which defects are planted has every folder that its files import', () => {
  const folders = importsOf(copied.filter(path => !path.includes('.')))
    .filter(({ imports }) => imports.includes('/'))
    .map(({ imports }) => imports.split('/')[0]);
  expect([...new Set(folders)].filter(folder => !copied.includes(folder as string))).toEqual([]);
});

describe('a fragment', () => {
  test.each([
    ['add(a, b)', 'add(\n  a,\n  b,\n)'],
    ['add(\n  a,\n  b,\n)', 'add(a, b)'],
    ['if (a) return b;', 'if (a)\n    return b;'],
    ["f('a  b', [1, 2])", "f( 'a  b', [\n 1,\n 2,\n] )"],
    ['x === -0 ? 1 : x', 'x === -0\n  ? 1\n  : x'],
    ['−0 · x', '−0·x'],
  ])('%j matches with other line breaks and spaces: %j', (find, source) => {
    expect(plant(defect(find, '$&'), `before ${source} after`)).toBe('before $& after');
  });

  test.each([
    ['another word', 'return a', 'returna', 0],
    ['part of a word', 'add(a)', 'pad(a) readd(a)', 0],
    ['another string', "f('a b')", "f('a  b')", 0],
    ['another operator', 'a + b', 'a - b', 0],
    ['two matches', 'a + b', 'a + b; a+b', 2],
  ])('that does not match once is an error: %s', (_, find, source, times) => {
    expect(() => plant(defect(find, 'c'), source)).toThrow(`matches ${times} times in a.ts`);
  });
});

describe('a pattern', () => {
  test('may keep a part of its match', () => {
    expect(plant(defect(/if \((\w+)\) stop/, 'if (!$1) stop'), 'if (done) stop')).toBe('if (!done) stop');
  });

  test('must match once, and change the source', () => {
    expect(() => plant(defect(/a/, 'b'), 'a a')).toThrow('a defect: its fragment matches 2 times in a.ts');
    expect(() => plant(defect(/a/, 'a'), 'a')).toThrow('a defect: it changes nothing in a.ts');
  });
});
