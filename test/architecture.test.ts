import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { circlesIn, filesOf, type Import, importsIn, importsOf } from './support/imports.ts';

/** A room of the project that knows nothing of others. */
interface Rule {
  readonly name: string;
  readonly files: RegExp;
  readonly shun: RegExp;
  /** Imports that are allowed all the same, as `file → import`. */
  readonly except?: readonly string[];
}

const executors = /^engine\/(?:(?:compile|jit|wasm|gpu)\/|(?:interpreter|evaluate)\.ts$)/;

const rules: readonly Rule[] = [
  {
    name: 'the engine knows no op, no combination and no user',
    files: /^engine\//,
    shun: /^(?:ops|combine|fit|parallel|program|bench|examples|scripts|test)\//,
  },
  {
    name: 'ops know no combination and no user',
    files: /^ops\//,
    shun: /^(?:combine|fit|parallel|program|bench|examples|scripts|test)\//,
  },
  { name: 'ops know no executor', files: /^ops\//, shun: executors },
  {
    name: 'combinations know no optimiser, no workers and no user',
    files: /^combine\//,
    shun: /^(?:fit|parallel|program|bench|examples|scripts|test)\//,
  },
  {
    // And two helpers, of options and of base64, that users have no need of.
    name: 'fits know the entries posetape and posetape/combine, and no user',
    files: /^fit\//,
    shun: /^(?:ops|parallel|program|bench|examples|scripts|test)\/|^engine\/(?!(?:index|options)\.ts$)|^combine\/(?!(?:index|base64)\.ts$)/,
  },
  {
    name: 'workers know no op, no optimiser and no user',
    files: /^parallel\//,
    shun: /^(?:ops|fit|program|bench|examples|scripts|test)\//,
  },
  {
    name: 'combinations know no executor but the default ones',
    files: /^combine\//,
    shun: executors,
    except: [
      // The default executors: of poses, of the full graph, and of a loss or a setting of a few numbers.
      'combine/options.ts → engine/jit/jit.ts',
      'combine/options.ts → engine/interpreter.ts',
      'combine/learned.ts → engine/evaluate.ts',
      'combine/objective.ts → engine/evaluate.ts',
      'combine/pooled-pose.ts → engine/evaluate.ts',
    ],
  },
  { name: 'jit knows no other compiled executor', files: /^engine\/jit\//, shun: /^engine\/(?:wasm|gpu)\// },
  { name: 'wasm knows no other compiled executor', files: /^engine\/wasm\//, shun: /^engine\/(?:jit|gpu)\// },
  { name: 'gpu knows no other compiled executor', files: /^engine\/gpu\//, shun: /^engine\/(?:jit|wasm)\// },
  {
    name: 'the compiler knows none of its printers',
    files: /^engine\/compile\//,
    shun: /^engine\/(?:jit|wasm|gpu)\//,
  },
  {
    name: 'the front of the engine knows neither the compiler nor what it compiles to',
    files: /^engine\/[^/]+\.ts$/,
    shun: /^engine\/(?:compile|jit|wasm|gpu)\//,
    except: ['engine/index.ts → engine/jit/jit.ts'],
  },
  {
    name: 'example scorers know neither the program nor its files',
    files: /^examples\/(?!browser\/|cluster\/)/,
    shun: /^program\//,
  },
];

const sources = ['engine', 'ops', 'combine', 'fit', 'parallel'];
const all = importsOf([...sources, 'program', 'examples', 'bench', 'scripts', 'test']);
const arrow = ({ file, imports }: Import) => `${file} → ${imports}`;
const isLibrary = ({ file }: Import) => sources.some(folder => file.startsWith(`${folder}/`));

test('the imports are found, each kind of them', () => {
  const source = `import type { A } from './a.ts';
import {
  b,
  type B,
} from '../b.ts';
export * from './c.ts';
export type { D } from 'posetape';
import './e.ts';
const f = await import('./f.ts');
 * import { no } from './comment.ts';
import { readFileSync } from 'node:fs';`;
  expect(importsIn('ops/x/y.ts', source).map(({ imports, isType }) => [imports, isType])).toEqual([
    ['ops/x/a.ts', true],
    ['ops/b.ts', false],
    ['ops/x/c.ts', false],
    ['engine/index.ts', true],
    ['ops/x/e.ts', false],
    ['ops/x/f.ts', false],
  ]);
  expect(new Set(all.map(({ file }) => file)).size).toBeGreaterThan(200);
});

describe.each(rules)('$name', ({ files, shun, except = [] }) => {
  const broken = all.filter(({ file, imports }) => files.test(file) && shun.test(imports));

  test.each([
    ['value', false],
    ['type', true],
  ] as const)('by any import of a %s', (_, isType) => {
    const found = broken.filter(each => each.isType === isType).map(arrow);
    expect(found.filter(each => !except.includes(each))).toEqual([]);
  });

  test('but those that are named, all of which are there', () => {
    expect(except.filter(each => !broken.map(arrow).includes(each))).toEqual([]);
  });
});

describe('no import leads back to its file', () => {
  const of = (file: string, imports: string): Import => ({ file, imports, isType: false });

  test('each circle is found once', () => {
    const imports = [of('a', 'b'), of('b', 'c'), of('c', 'a'), of('c', 'd'), of('e', 'e'), of('f', 'a')];
    expect(circlesIn(imports)).toEqual(['a b c', 'e']);
  });

  test('but between ops whose rules need each other', () => {
    expect(circlesIn(all.filter(({ isType }) => !isType))).toEqual([
      'ops/elementwise/cos.ts ops/elementwise/sin.ts',
      'ops/elementwise/cosh.ts ops/elementwise/sinh.ts',
      'ops/indexing/gather.ts ops/indexing/segmentSum.ts',
      'ops/shape/pad.ts ops/shape/slice.ts',
    ]);
  });

  // These hurt no loader, but show two files that are one in thought.
  const byTypes = [
    'engine/compile/expression.ts engine/compile/structure.ts',
    'engine/indices.ts engine/tape.ts',
    'engine/wasm/prepared.ts engine/wasm/products.ts',
  ];

  test('nor do imports of types in the library, but those that are named', () => {
    const found = circlesIn(all.filter(isLibrary)).filter(circle => !circle.startsWith('ops/'));
    expect(found.filter(circle => !byTypes.includes(circle))).toEqual([]);
  });
});

test('no file names a folder of somebody’s machine', () => {
  const folders = ['home', 'Users', 'root', 'work', 'mnt', 'tmp', 'opt', 'srv'];
  const path = new RegExp(`(?<![\\w.])/(?:${folders.join('|')})/[\\w.-]+|\\b[A-Z]:\\\\\\w+`, 'g');
  const text = /(?:\.(?:ts|mts|mjs|js|py|md|json|html|css|svg|csv|pdbqt)|\/run)$/;
  const files = [
    ...readdirSync('.').filter(name => text.test(name) && name !== 'package-lock.json'),
    ...[...sources, 'program', 'examples', 'bench', 'scripts', 'test', 'docs', '.ci']
      .flatMap(filesOf)
      .filter(name => text.test(name)),
  ];
  const found = files.flatMap(file => {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.flatMap((line, at) => (line.match(path) ?? []).map(named => `${file}:${at + 1}: ${named}`));
  });
  expect(found).toEqual([]);
});

test('doc blocks of library and program begin with the thing they describe', () => {
  const start = /^\s*(?:\/\*\*|\/\*\*\n\s*\*) (?:What|Whether|Where|How)\b.*/gm;
  const found = [...sources, 'program'].flatMap(filesOf).flatMap(file => {
    const text = readFileSync(file, 'utf8');
    return Array.from(text.matchAll(start), ([block]) => `${file}: ${block.trim()}`);
  });
  expect(found).toEqual([]);
});
