import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cyclesIn, filesOf, type Import, importsIn, importsOf } from './support/imports.ts';

/** Imports that some files must not have. */
interface Rule {
  /** Statement of the rule, as the title of its tests. */
  readonly name: string;
  /** Paths of the files that the rule restricts. */
  readonly files: RegExp;
  /** Paths that these files must not import. */
  readonly forbidden: RegExp;
  /** Exceptions to the rule, as `file → import`. */
  readonly except?: readonly string[];
}

const executors = /^engine\/(?:(?:compile|jit|wasm|gpu)\/|(?:interpreter|evaluate)\.ts$)/;

const rules: readonly Rule[] = [
  {
    name: 'the engine imports no ops, no combinations and no code outside the library',
    files: /^engine\//,
    forbidden: /^(?:ops|combine|fit|parallel|program|bench|examples|scripts|test)\//,
  },
  {
    name: 'ops import no combinations and no code outside the library',
    files: /^ops\//,
    forbidden: /^(?:combine|fit|parallel|program|bench|examples|scripts|test)\//,
  },
  { name: 'ops import no executors', files: /^ops\//, forbidden: executors },
  {
    name: 'combinations import no optimisers, no workers and no code outside the library',
    files: /^combine\//,
    forbidden: /^(?:fit|parallel|program|bench|examples|scripts|test)\//,
  },
  {
    // The helpers are options.ts and base64.ts.
    name: 'the fitting code imports only the entries posetape and posetape/combine, and two helpers of the library',
    files: /^fit\//,
    forbidden:
      /^(?:ops|parallel|program|bench|examples|scripts|test)\/|^engine\/(?!(?:index|options)\.ts$)|^combine\/(?!(?:index|base64)\.ts$)/,
  },
  {
    name: 'workers import no ops, no optimisers and no code outside the library',
    files: /^parallel\//,
    forbidden: /^(?:ops|fit|program|bench|examples|scripts|test)\//,
  },
  {
    name: 'combinations import only the default executors',
    files: /^combine\//,
    forbidden: executors,
    except: [
      // Default executors of poses, of the full graph, and of losses and settings of a few numbers.
      'combine/options.ts → engine/jit/jit.ts',
      'combine/options.ts → engine/interpreter.ts',
      'combine/learned.ts → engine/evaluate.ts',
      'combine/objective.ts → engine/evaluate.ts',
      'combine/pooled-pose.ts → engine/evaluate.ts',
    ],
  },
  {
    name: 'jit imports no other compiled executor',
    files: /^engine\/jit\//,
    forbidden: /^engine\/(?:wasm|gpu)\//,
  },
  {
    name: 'wasm imports no other compiled executor',
    files: /^engine\/wasm\//,
    forbidden: /^engine\/(?:jit|gpu)\//,
  },
  {
    name: 'gpu imports no other compiled executor',
    files: /^engine\/gpu\//,
    forbidden: /^engine\/(?:jit|wasm)\//,
  },
  {
    name: 'the compiler imports none of the executors built on it',
    files: /^engine\/compile\//,
    forbidden: /^engine\/(?:jit|wasm|gpu)\//,
  },
  {
    name: 'files directly in engine/ import neither the compiler nor compiled executors',
    files: /^engine\/[^/]+\.ts$/,
    forbidden: /^engine\/(?:compile|jit|wasm|gpu)\//,
    except: ['engine/index.ts → engine/jit/jit.ts'],
  },
  {
    name: 'example scorers do not import the program',
    files: /^examples\/(?!browser\/|cluster\/)/,
    forbidden: /^program\//,
  },
];

const sources = ['engine', 'ops', 'combine', 'fit', 'parallel'];
const all = importsOf([...sources, 'program', 'examples', 'bench', 'scripts', 'test']);
const arrow = ({ file, imports }: Import) => `${file} → ${imports}`;
const isLibrary = ({ file }: Import) => sources.some(folder => file.startsWith(`${folder}/`));

test('importsIn finds every kind of import', () => {
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

// The title uses %s, since vitest shortens a long $name.
describe.each(rules.map(rule => [rule.name, rule] as const))(
  '%s',
  (_name, { files, forbidden, except = [] }) => {
    const violations = all.filter(({ file, imports }) => files.test(file) && forbidden.test(imports));

    test.each([
      ['value', false],
      ['type', true],
    ] as const)('holds for imports of %ss, apart from the listed exceptions', (_, isType) => {
      const broken = violations.filter(violation => violation.isType === isType).map(arrow);
      expect(broken.filter(path => !except.includes(path))).toEqual([]);
    });

    test('has no exception that is no longer needed', () => {
      expect(except.filter(path => !violations.map(arrow).includes(path))).toEqual([]);
    });
  },
);

describe('circular imports', () => {
  const importOf = (file: string, imports: string): Import => ({ file, imports, isType: false });

  test('are each found once by cyclesIn', () => {
    const imports = [
      ...[importOf('a', 'b'), importOf('b', 'c'), importOf('c', 'a'), importOf('c', 'd')],
      ...[importOf('e', 'e'), importOf('f', 'a')],
    ];
    expect(cyclesIn(imports)).toEqual(['a b c', 'e']);
  });

  test('exist only between ops whose derivative rules need each other', () => {
    expect(cyclesIn(all.filter(({ isType }) => !isType))).toEqual([
      'ops/elementwise/cos.ts ops/elementwise/sin.ts',
      'ops/elementwise/cosh.ts ops/elementwise/sinh.ts',
      'ops/indexing/gather.ts ops/indexing/segmentSum.ts',
      'ops/shape/pad.ts ops/shape/slice.ts',
    ]);
  });

  // A circle of type imports does no harm when modules load, but shows that two files belong together.
  const allowedCircles = [
    'engine/compile/expression.ts engine/compile/structure.ts',
    'engine/indices.ts engine/tape.ts',
    'engine/wasm/prepared.ts engine/wasm/products.ts',
  ];

  test('of types in the library, except those between ops, are only the listed ones', () => {
    const circles = cyclesIn(all.filter(isLibrary)).filter(circle => !circle.startsWith('ops/'));
    expect(circles.filter(circle => !allowedCircles.includes(circle))).toEqual([]);
  });
});

test('no file contains an absolute path of some machine', () => {
  const folders = ['home', 'Users', 'root', 'work', 'mnt', 'tmp', 'opt', 'srv'];
  const path = new RegExp(`(?<![\\w.])/(?:${folders.join('|')})/[\\w.-]+|\\b[A-Z]:\\\\\\w+`, 'g');
  const text = /(?:\.(?:ts|mts|mjs|js|py|md|json|html|css|svg|csv|pdbqt)|\/run)$/;
  const files = [
    ...readdirSync('.').filter(name => text.test(name) && name !== 'package-lock.json'),
    ...[...sources, 'program', 'examples', 'bench', 'scripts', 'test', 'docs', '.ci']
      .flatMap(filesOf)
      .filter(name => text.test(name)),
  ];
  const paths = files.flatMap(file => {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.flatMap((line, at) => (line.match(path) ?? []).map(match => `${file}:${at + 1}: ${match}`));
  });
  expect(paths).toEqual([]);
});

test('doc blocks of library and program do not begin with What, Whether, Where or How', () => {
  const start = /^\s*(?:\/\*\*|\/\*\*\n\s*\*) (?:What|Whether|Where|How)\b.*/gm;
  const badBlocks = [...sources, 'program'].flatMap(filesOf).flatMap(file => {
    const text = readFileSync(file, 'utf8');
    return Array.from(text.matchAll(start), ([block]) => `${file}: ${block.trim()}`);
  });
  expect(badBlocks).toEqual([]);
});
