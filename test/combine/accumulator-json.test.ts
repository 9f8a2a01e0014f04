import fc from 'fast-check';
import { tensor } from 'posetape';
import { type AccumulatorJSON, boltzmann, type Combination, lse, mean } from 'posetape/combine';
import { describe, expect, test } from 'vitest';
import { property } from '../support/property.ts';
import { combinations, energies, several, slopes } from './arbitraries.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Path = readonly (string | number)[];

/** Arguments of `add` for one pose. */
const term = fc.record({ energy: energies, slope: slopes, poseLossGradient: fc.constantFrom(0, 1, -2.5) });
type Term = typeof term extends fc.Arbitrary<infer T> ? T : never;

function saved(combination: Combination, terms: readonly Term[]): AccumulatorJSON {
  const accumulator = combination.accumulator();
  for (const { energy, slope, poseLossGradient } of terms) {
    const gradient = { w: tensor([...slope]), depth: tensor([[energy], [1]]) };
    accumulator.add(energy, gradient, { poseLoss: 1, poseLossGradient });
  }
  return parsed(accumulator.toJSON());
}

function parsed<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** Paths to all values in a JSON value, including itself. */
function pathsIn(json: Json, at: Path = []): Path[] {
  if (typeof json !== 'object' || json === null) return [at];
  return [at, ...Object.entries(json).flatMap(([name, each]) => pathsIn(each, [...at, name]))];
}

function valueAt(json: Json, path: Path): Json {
  return path.reduce((inner, name) => (inner as Record<string, Json>)[name] as Json, json);
}

/** Copy of a JSON value with another value at a path, or without it if `value` is undefined. */
function withValue(json: Json, [name, ...rest]: Path, value: Json | undefined): Json | undefined {
  if (name === undefined) return value;
  const copy = (Array.isArray(json) ? [...json] : { ...(json as object) }) as Record<string, Json>;
  const inner = withValue(copy[name] as Json, rest, value);
  if (inner === undefined) delete copy[name];
  else copy[name] = inner;
  return Array.isArray(json) ? Object.values(copy) : copy;
}

/** Source of random whole numbers. A choice takes a number modulo the number of choices. */
type Draw = () => number;
type Mutate = (json: Json, draw: Draw, other: Json) => Json | undefined;

function chosen<T>(draw: Draw, from: readonly T[]): T {
  return from[draw() % from.length] as T;
}

const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=';
const strange: readonly Json[] = [
  null,
  true,
  0,
  1,
  -1,
  2.5,
  1e308,
  '',
  'AAAAAAAAAAA=',
  [],
  {},
  [1],
  { w: 1 },
];

/** Random path to a value that satisfies `predicate`; the path of the root if no value does. */
function pathTo(json: Json, draw: Draw, predicate: (value: Json) => boolean): Path {
  const paths = pathsIn(json).filter(path => predicate(valueAt(json, path)));
  return paths.length > 0 ? chosen(draw, paths) : [];
}

const isText = (value: Json) => typeof value === 'string' && value !== '';

function changedText(json: Json, draw: Draw, change: (text: string) => string): Json | undefined {
  const path = pathTo(json, draw, isText);
  return withValue(json, path, change(valueAt(json, path) as string));
}

/** Changes the bytes of a base64 text; the result is valid base64. */
function changedBytes(json: Json, draw: Draw, change: (bytes: Buffer) => Buffer): Json | undefined {
  const path = pathTo(json, draw, value => isText(value) && (value as string).length % 4 === 0);
  const bytes = change(Buffer.from(`${valueAt(json, path)}`, 'base64'));
  return withValue(json, path, bytes.toString('base64'));
}

const mutations: Readonly<Record<string, Mutate>> = {
  drop: (json, draw) => withValue(json, chosen(draw, pathsIn(json)), undefined),
  rename(json, draw) {
    const path = pathTo(json, draw, value => value !== json);
    if (path.length === 0) return json;
    const names = ['x', 'A', 'B', 'P', 'w', 'kT', 'shapes', `${path.at(-1)} `];
    const renamed = withValue(json, [...path.slice(0, -1), chosen(draw, names)], valueAt(json, path));
    return withValue(renamed as Json, path, undefined);
  },
  retype: (json, draw) => withValue(json, chosen(draw, pathsIn(json)), chosen(draw, strange)),
  'change a character': (json, draw) =>
    changedText(json, draw, text => {
      const at = draw() % text.length;
      return text.slice(0, at) + chosen(draw, [...base64]) + text.slice(at + 1);
    }),
  'exchange two characters': (json, draw) =>
    changedText(json, draw, text => {
      const characters = [...text];
      const [i, j] = [draw() % text.length, draw() % text.length];
      [characters[i], characters[j]] = [characters[j] as string, characters[i] as string];
      return characters.join('');
    }),
  'cut a text short': (json, draw) => changedText(json, draw, text => text.slice(0, draw() % text.length)),
  'cut a text short by whole float64 numbers': (json, draw) =>
    changedBytes(json, draw, bytes => bytes.subarray(0, 8 * (draw() % (1 + bytes.length / 8)))),
  'lengthen a text': (json, draw) =>
    changedText(json, draw, text => text + chosen(draw, [' ', '\n', '=', 'AAAA', text])),
  'flip a bit': (json, draw) =>
    changedBytes(json, draw, bytes => {
      if (bytes.length > 0) (bytes[draw() % bytes.length] as number) ^= 1 << (draw() % 8);
      return bytes;
    }),
  'exchange two float64 numbers in a text': (json, draw) =>
    changedBytes(json, draw, bytes => {
      if (bytes.length < 16) return bytes;
      const numbers = Array.from({ length: bytes.length >> 3 }, (_, i) => bytes.subarray(8 * i, 8 * i + 8));
      const [i, j] = [draw() % numbers.length, draw() % numbers.length];
      [numbers[i], numbers[j]] = [numbers[j] as Buffer, numbers[i] as Buffer];
      return Buffer.concat(numbers);
    }),
  'change a number': (json, draw) => {
    const path = pathTo(json, draw, value => typeof value === 'number');
    const number = Number(valueAt(json, path));
    return withValue(
      json,
      path,
      chosen(draw, [number + 1, number - 1, -number, 2 * number, 0, number + 0.5]),
    );
  },
  'exchange two fields': (json, draw) => {
    const paths = pathsIn(json).filter(path => path.length > 0);
    const [one, two] = [chosen(draw, paths), chosen(draw, paths)];
    // A field cannot be exchanged with one of its own fields.
    if (one.every((name, i) => name === two[i]) || two.every((name, i) => name === one[i])) return json;
    const [first, second] = [valueAt(json, one), valueAt(json, two)];
    return withValue(withValue(json, one, second) as Json, two, first);
  },
  'take a field of another state': (json, draw, other) => {
    const path = chosen(draw, pathsIn(other));
    if (path.length === 0) return json;
    const holder = path
      .slice(0, -1)
      .reduce<Json | undefined>(
        (inner, name) =>
          typeof inner === 'object' && inner !== null ? (inner as Record<string, Json>)[name] : undefined,
        json,
      );
    return typeof holder === 'object' && holder !== null ? withValue(json, path, valueAt(other, path)) : json;
  },
  'reverse the order of keys': json => {
    const reversed = (value: Json): Json =>
      typeof value !== 'object' || value === null || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([name, each]) => [name, reversed(each)]),
          );
    return reversed(json);
  },
  'add a field': (json, draw) => withValue(json, ['note'], chosen(draw, strange)),
};

/** Fails unless a mutated JSON gives an error of `accumulator`, or the original accumulator to the bit. */
function expectErrorOrSame(combination: Combination, original: AccumulatorJSON, mutated: unknown): void {
  let read: AccumulatorJSON;
  try {
    read = combination.accumulator(mutated as AccumulatorJSON).toJSON();
  } catch (error) {
    expect((error as Error).name).toMatch(/^(TypeError|RangeError)$/);
    expect((error as Error).message).toMatch(/^accumulator: \S/);
    return;
  }
  expect(parsed(read)).toEqual(original);
}

describe('the JSON of an accumulator', () => {
  for (const [name, mutate] of Object.entries(mutations)) {
    property(
      `after a mutation gives an error or the original accumulator: ${name}`,
      combinations,
      several(term, 4, 0),
      several(term, 4, 1),
      fc.infiniteStream(fc.nat()),
      (combination, terms, others, numbers) => {
        const original = saved(combination, terms);
        const draw = () => numbers.next().value as number;
        const mutated = mutate(
          original as unknown as Json,
          draw,
          saved(combination, others) as unknown as Json,
        );
        // A mutation may drop the whole JSON. It is then read as null.
        expectErrorOrSame(combination, original, mutated === undefined ? null : parsed(mutated));
      },
    );
  }

  const gradient = { w: tensor([1, 2, 3]), depth: tensor(4) };
  const state = (combination: Combination = boltzmann()) => {
    const accumulator = combination.accumulator();
    accumulator.add(-5, gradient, { poseLoss: 1, poseLossGradient: 1 });
    accumulator.add(-6, gradient);
    return parsed(accumulator.toJSON());
  };
  /** Scalars of a state: r, r_1, S, S − N, N, Σ e_n², Σ L_n, M_1, and the rounding errors of six sums, which are 0 here. */
  const scalars = (...numbers: number[]) => text(...numbers, 0, 0, 0, 0, 0, 0);
  const text = (...numbers: number[]) => Buffer.from(Float64Array.from(numbers).buffer).toString('base64');

  test.each<[string, (json: AccumulatorJSON) => unknown, RegExp]>([
    ['null', () => null, /the saved state is null, not an object/],
    ['text', () => '{}', /the saved state is "\{\}", not an object/],
    ['a list', () => [], /the saved state is \[\], not an object/],
    ['an empty object', () => ({}), /settings is missing/],
    ['no kind', ({ kind: _, ...json }) => json, /kind is undefined, not a name/],
    ['a setting of null', json => ({ ...json, settings: { kT: null } }), /setting kT is null, not a number/],
    ['no A', ({ A: _, ...json }) => json, /A is missing/],
    ['no B', ({ B: _, ...json }) => json, /B is missing/],
    ['an empty P', json => ({ ...json, P: {} }), /checksum does not match/],
    [
      'a P without one of the parameters',
      json => ({ ...json, P: { depth: json.P.depth } }),
      /P of w is missing/,
    ],
    ['a sum of another name', json => ({ ...json, A: { ...json.A, v: text(1) } }), /A of v is unexpected/],
    ['B of a mean', json => ({ ...json, B: { w: text(1, 2, 3) } }), /B of w is unexpected/],
    [
      'a short A',
      json => ({ ...json, A: { ...json.A, w: text(1, 2) } }),
      /A of w holds 2 numbers, not the 3 of shape \[3\]/,
    ],
    [
      'an A of other bytes',
      json => ({ ...json, A: { ...json.A, w: 'AAAA' } }),
      /A of w is not base64 of float64/,
    ],
    [
      'an A with a space',
      json => ({ ...json, A: { ...json.A, w: `${json.A.w} ` } }),
      /A of w is not base64 of float64/,
    ],
    ['an A that is not text', json => ({ ...json, A: { ...json.A, w: 7 } }), /A of w is 7, not base64 text/],
    [
      'an infinite A',
      json => ({ ...json, A: { ...json.A, w: text(1, Infinity, 2) } }),
      /A of w is Infinity at position 1/,
    ],
    ['short scalars', json => ({ ...json, scalars: text(1, 2) }), /scalars holds 2 numbers, not the 14/],
    ['no scalars', ({ scalars: _, ...json }) => json, /scalars is missing/],
    [
      'an S too large for the count',
      json => ({ ...json, scalars: scalars(-6, -6, 9, 7, 2, 1, 1, 1) }),
      /S is 9, impossible for 2 poses/,
    ],
    [
      'an S below 1',
      json => ({ ...json, scalars: scalars(-6, -6, 0.5, -1.5, 2, 1, 1, 1) }),
      /S is 0.5, impossible for 2 poses/,
    ],
    [
      'an M_1 of the wrong sign',
      json => ({ ...json, scalars: scalars(-6, -6, 1.5, -0.5, 2, 1, 1, -6) }),
      /M_1 is -6, of the wrong sign/,
    ],
    [
      'an r of NaN',
      json => ({ ...json, scalars: scalars(Number.NaN, -6, 1, -1, 2, 1, 1, 1) }),
      /scalars: r is NaN/,
    ],
    [
      'an N that contradicts the count',
      json => ({ ...json, scalars: scalars(-6, -6, 1.5, -1.5, 3, 1, 1, 1) }),
      /N is 3, impossible for 2/,
    ],
    [
      'an S − N that contradicts S and N',
      json => ({ ...json, scalars: scalars(-6, -6, 1.5, 0.5, 2, 1, 1, 1) }),
      /S − N is 0.5, but S is 1.5 and N 2/,
    ],
    ['a count of null', json => ({ ...json, count: null }), /count is null, not a whole number/],
    ['a count of 1.5', json => ({ ...json, count: 1.5 }), /count is 1.5, not a whole number/],
    ['a count of 0', json => ({ ...json, count: 0 }), /count is 0, but there are sums/],
    ['a shape of text', json => ({ ...json, shapes: { w: '[3]' } }), /shapes: w is "\[3\]", not a list/],
    ['a count that contradicts N', json => ({ ...json, count: 3 }), /N is 2, impossible for 3 poses/],
    [
      'a changed number in A',
      json => ({ ...json, A: { ...json.A, w: text(1, 2, 4) } }),
      /checksum does not match/,
    ],
    ['no checksum', ({ checksum: _, ...json }) => json, /checksum is missing/],
  ])('is an error that says what is wrong: %s', (what, change, message) => {
    const combination = what === 'B of a mean' ? mean() : boltzmann();
    const json = change(state(combination)) as AccumulatorJSON;
    expect(() => combination.accumulator(json)).toThrow(message);
  });

  test('with another setting is an error', () => {
    expect(() => lse({ t: 2 }).accumulator(state(lse()))).toThrow(TypeError);
    expect(() => lse().accumulator({ ...state(lse()), settings: { t: 1, sign: 1 } })).toThrow(
      /is of .*, not of/,
    );
  });

  test('may be left out for an empty accumulator', () => {
    expect(mean().accumulator(undefined).count).toBe(0);
    expect(mean().accumulator().count).toBe(0);
  });
});
