import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { moduleOf, readNotebook, withOutputs } from '../support/notebook.ts';
import { eagerText, filesOf, makeProject, type Project } from './project.ts';
import { titleOf } from './title.ts';

let project: Project;
beforeAll(() => {
  project = makeProject();
});
afterAll(() => project?.remove());

const entries = ['posetape', 'ops', 'combine', 'fit', 'parallel', 'parallel-worker', 'wasm', 'gpu'];

describe('the package', () => {
  test('contains modules, declarations, licence, README and changelog, and nothing else', () => {
    const declarations = /^dist\/types\/(?:engine|ops|combine|fit|parallel)\/[\w/-]+\.d\.ts$/;
    const rest = project.packed.filter(path => !declarations.test(path));
    const chunks = rest.filter(path => /^dist\/shared-[A-Z0-9]{8}\.js$/.test(path));
    expect(rest.filter(path => !chunks.includes(path)).sort()).toEqual(
      [
        ...['package.json', 'LICENSE', 'README.md', 'CHANGELOG.md'],
        ...entries.map(name => `dist/${name}.js`),
      ].sort(),
    );
    expect(chunks.length).toBeGreaterThan(5);
    expect(project.packed.length - rest.length).toBeGreaterThan(100);
  });

  test('names only files that it contains', () => {
    const installed = join(project.folder, 'node_modules/posetape');
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    const named = Object.values(manifest.exports).flatMap(each =>
      typeof each === 'string' ? [each] : Object.values(each as Record<string, string>),
    );
    expect(named.map(path => path.slice(2)).filter(path => !project.packed.includes(path))).toEqual([]);
    expect(JSON.stringify(manifest.exports)).not.toContain('source');
    const readme = readFileSync(join(installed, 'README.md'), 'utf8');
    const local = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(([, path = '']) => path);
    expect(local.filter(path => !project.packed.includes(path))).toEqual([]);
    for (const path of project.packed.filter(path => path.endsWith('.js')))
      expect(readFileSync(join(installed, path), 'utf8')).not.toContain('sourceMappingURL');
  });

  test('adds only dist and the tarball to the checkout', () => {
    const { checkout, before } = project;
    const added = filesOf(checkout).filter(path => !before.includes(path));
    expect(added.filter(path => !/^dist\/|\.tgz$/.test(path))).toEqual([]);
    for (const path of ['package.json', 'README.md'])
      expect(readFileSync(join(checkout, path), 'utf8')).toBe(readFileSync(path, 'utf8'));
    const ignored = readFileSync('.gitignore', 'utf8').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['dist/', '*.tgz', '.packing/']));
  });

  test('passes publint and, as a package of ES modules, attw', async () => {
    const { tarball, run } = project;
    expect(await run('.bin/publint', '--strict', tarball)).toContain('All good!');
    // attw exits with an error if it finds a problem.
    expect(await run('.bin/attw', '--profile', 'esm-only', tarball)).toContain('"posetape/ops"');
  });
});

const compilers = ['5.4', '5.9', '6', '7'].map(version => `typescript-${version}`);
const resolutions = [
  ['NodeNext', 'NodeNext'],
  ['Bundler', 'ESNext'],
] as const;

describe.each(compilers)('%s', compiler => {
  test.each(resolutions)(
    'compiles and emits declarations with moduleResolution %s',
    async (moduleResolution, module) => {
      const out = `declared-${compiler}-${moduleResolution}`;
      const config = join(project.folder, `${out}.json`);
      const compilerOptions = {
        ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, declaration: true },
        ...{ target: 'ES2022', lib: ['ES2022', 'DOM'], types: [], moduleResolution, module, outDir: out },
      };
      writeFileSync(config, JSON.stringify({ compilerOptions, files: ['declared.ts'] }));
      await project.run(`${compiler}/bin/tsc`, '-p', config);
      const declarations = readFileSync(join(project.folder, out, 'declared.d.ts'), 'utf8');
      expect(declarations).toContain('byJit: import("posetape").PlannedExecutor;');
      expect(declarations).toContain('cube: import("posetape").FixedOp<1>;');
      expect(declarations).toContain('first: import("posetape").AttributedOp<[length: number], 1>;');
      expect(declarations).not.toMatch(/\bany\b|dist\/types/);
    },
  );
});

/** Fails unless the output of both.js names this executor, and has the numbers that the sources compute. */
async function expectBoth(printed: string, executor: string): Promise<void> {
  const { boltzmann, combinePoses } = await import('posetape/combine');
  const { tensor } = await import('posetape');
  const { mul, square, sub, sum } = await import('posetape/ops');
  const { value, gradient } = await combinePoses({
    poses: [
      [2.9, 3.4],
      [3.2, 2.6, 3.9],
    ],
    params: { depth: tensor(-1), centre: tensor(3) },
    score: (tape, { depth, centre }, distances) =>
      mul(depth, sum(square(sub(tape.constant(distances), centre)))),
    combination: boltzmann({ kT: 0.593 }),
  });
  const [name, ...numbers] = JSON.parse(printed) as [string, ...number[]];
  expect(name).toBe(executor);
  // Engines differ in the last digit of exp and log.
  for (const [i, expected] of [value, gradient.depth.data[0], gradient.centre.data[0]].entries())
    expect(numbers[i]).toBeCloseTo(expected as number, 12);
}

describe.each([
  ['Node', process.execPath, []],
  ['Deno', 'deno', ['run', '--allow-read', '--allow-env']],
  ['Bun', 'bun', []],
] as const)('%s', (_, program, options) => {
  const run = (...args: string[]) =>
    project.run(program === process.execPath ? program : `.bin/${program}`, ...options, ...args);

  test('runs the package', async () => {
    await expectBoth(await run('both.js'), 'jit float64');
    expect(await run('core.js')).toBe('1 5.43656365691809');
  });

  test('runs workers', async () => {
    expect(await run('pool.js')).toBe('-3.75 3.75');
  });
});

test('Deno runs the notebook and prints the output that it shows', async () => {
  const path = 'examples/notebook/poses.ipynb';
  const notebook = readNotebook(path);
  writeFileSync(join(project.folder, 'notebook.ts'), moduleOf(notebook));
  const printed = await project.run('.bin/deno', 'run', '--allow-read', '--allow-env', 'notebook.ts');
  expect(withOutputs(notebook, `${printed}\n`)).toBe(readFileSync(path, 'utf8'));
});

test('Node loads the package by require', async () => {
  expect(await project.run(process.execPath, 'require.cjs')).toBe('1 5.43656365691809');
});

/** Function that bundles an entry into a folder, with code splitting. All bundlers except Rollup minify. */
type Bundler = (entry: string, out: string) => Promise<unknown>;

const bundlers: Record<string, Bundler> = {
  vite: (entry, out) =>
    script(`
      import { build } from 'vite';
      await build({
        logLevel: 'warn',
        build: {
          outDir: ${JSON.stringify(out)},
          target: 'es2022',
          modulePreload: false,
          rollupOptions: {
            input: ${JSON.stringify(entry)},
            output: { entryFileNames: 'main.js', chunkFileNames: '[name]-[hash].js' },
          },
        },
      });`),
  rollup: (entry, out) =>
    script(`
      import resolve from '@rollup/plugin-node-resolve';
      import { rollup } from 'rollup';
      const bundle = await rollup({ input: ${JSON.stringify(entry)}, plugins: [resolve()] });
      await bundle.write({ dir: ${JSON.stringify(out)}, entryFileNames: 'main.js' });`),
  webpack: (entry, out) =>
    script(`
      import webpack from 'webpack';
      webpack({
        mode: 'production',
        target: ['web', 'es2022'],
        experiments: { outputModule: true },
        entry: './${entry}',
        output: { filename: 'main.js', path: new URL(${JSON.stringify(out)}, import.meta.url).pathname, module: true, publicPath: './' },
      }, (error, stats) => {
        if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
      });`),
  esbuild: (entry, out) =>
    project.run(
      '.bin/esbuild',
      ...[entry, '--bundle', '--splitting', '--minify', '--format=esm', `--outdir=${out}`],
      ...['--entry-names=main', '--log-level=warning'],
    ),
};

/** Runs the code of a module in Node, and returns its output. */
async function script(code: string): Promise<string> {
  const name = `script-${scripts++}.mjs`;
  writeFileSync(join(project.folder, name), code);
  return project.run(process.execPath, name);
}
let scripts = 0;

describe.each(Object.keys(bundlers))('%s', name => {
  const outs = new Map<string, Promise<string>>();
  const built = (entry: string) => {
    const out = `out-${name}-${entry}`;
    const bundle =
      outs.get(entry) ??
      (bundlers[name] as Bundler)(`${entry}.js`, out).then(() => join(project.folder, out));
    outs.set(entry, bundle);
    return bundle;
  };
  const kilobytes = (text: string) => gzipSync(text, { level: 9 }).length / 1000;
  /** False only for Rollup. */
  const isMinified = name !== 'rollup';

  test('makes a bundle that runs', async () => {
    const out = await built('both');
    await expectBoth(await project.run(process.execPath, join(out, 'main.js')), 'jit float64');
  });

  test('loads jit lazily; a bundle by esbuild does so only if nothing else is imported from posetape', async () => {
    const jit = 'may not generate code here';
    const combine = await built('combine');
    const chunks = filesOf(combine).filter(path => readFileSync(join(combine, path), 'utf8').includes(jit));
    expect(chunks.length).toBe(1);
    const eager = eagerText(combine, 'main.js');
    expect(eager).not.toContain(jit);
    const both = eagerText(await built('both'), 'main.js');
    expect(both.includes(jit)).toBe(name === 'esbuild');
    if (isMinified) expect(kilobytes(eager)).toBeLessThan(29);
  });

  test('drops unused ops', async () => {
    const text = eagerText(await built('core'), 'main.js');
    const names = (op: string) => new RegExp(`(["'\`])${op}\\1`).test(text);
    expect(['exp', 'sinh', 'erf', 'dihedral', 'atan2'].filter(names)).toEqual(['exp']);
    if (isMinified) expect(kilobytes(text)).toBeLessThan(11.5);
  });
});

test('vite builds a page whose workers score poses in Chromium', async () => {
  const out = join(project.folder, 'out-page');
  await script(`
    import { build } from 'vite';
    await build({ logLevel: 'warn', build: { outDir: 'out-page', target: 'es2022' }, worker: { format: 'es' } });`);
  expect(await titleOf(out)).toBe('-3.75 3.75');
});
