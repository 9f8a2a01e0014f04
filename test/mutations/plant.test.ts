import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Mutation, mutations } from './mutations.ts';
import { plant } from './plant.ts';

/** A defect of a source that is given with it. */
const defect = (find: string | RegExp, replace: string): Mutation => ({
  name: 'a defect',
  file: 'a.ts',
  find,
  replace,
  caughtBy: [],
});

describe('each defect', () => {
  test.each(mutations)('can be planted, and names tests: $name', mutation => {
    plant(mutation, readFileSync(mutation.file, 'utf8'));
    expect(mutation.caughtBy.length).toBeGreaterThan(0);
    for (const file of mutation.caughtBy) expect(existsSync(file), file).toBe(true);
  });

  test('has a name of its own', () => {
    expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length);
  });
});

describe('a fragment', () => {
  test.each([
    ['add(a, b)', 'add(\n  a,\n  b,\n)'],
    ['add(\n  a,\n  b,\n)', 'add(a, b)'],
    ['if (a) return b;', 'if (a)\n    return b;'],
    ["f('a  b', [1, 2])", "f( 'a  b', [\n 1,\n 2,\n] )"],
    ['x === -0 ? 1 : x', 'x === -0\n  ? 1\n  : x'],
    ['−0 · x', '−0·x'],
  ])('%j is found however it is laid out: %j', (find, source) => {
    expect(plant(defect(find, '$&'), `before ${source} after`)).toBe('before $& after');
  });

  test.each([
    ['another word', 'return a', 'returna', 0],
    ['part of a word', 'add(a)', 'pad(a) readd(a)', 0],
    ['another string', "f('a b')", "f('a  b')", 0],
    ['nothing', 'a + b', 'a - b', 0],
    ['two places', 'a + b', 'a + b; a+b', 2],
  ])('that fits %s is an error', (_, find, source, times) => {
    expect(() => plant(defect(find, 'c'), source)).toThrow(`stands ${times} times in a.ts`);
  });
});

describe('a pattern', () => {
  test('may keep a part of what it finds', () => {
    expect(plant(defect(/if \((\w+)\) stop/, 'if (!$1) stop'), 'if (done) stop')).toBe('if (!done) stop');
  });

  test('must fit one place, and change it', () => {
    expect(() => plant(defect(/a/, 'b'), 'a a')).toThrow('a defect: what it replaces stands 2 times in a.ts');
    expect(() => plant(defect(/a/, 'a'), 'a')).toThrow('a defect: it changes nothing in a.ts');
  });
});
