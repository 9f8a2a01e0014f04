// What the page and the library weigh, compressed as servers do.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { outdir } from './page-build.ts';

/** Bytes as they lie on the disk, and compressed. */
export interface Weight {
  readonly what: string;
  readonly bytes: number;
  readonly gzip: number;
}

/** Parts of the library that a page may take: what each imports. A bundler leaves the rest out. */
const parts: Readonly<Record<string, string>> = {
  'core (interpreter), all ops, the combinations':
    "export { defineOp, evaluate, gradient, interpreter, map, Tape, tensor } from 'posetape'; export * from 'posetape/ops'; export { Accumulator, boltzmann, lse, mean } from 'posetape/combine';",
  'jit and its planner alone': "export { jit } from 'posetape';",
  'the same with combinePoses, which brings jit':
    "export { defineOp, evaluate, gradient, interpreter, map, Tape, tensor } from 'posetape'; export * from 'posetape/ops'; export * from 'posetape/combine';",
  'everything of the three entries':
    "export * from 'posetape'; export * from 'posetape/ops'; export * from 'posetape/combine';",
};

/** Each part bundled and minified. */
export function libraryWeights(): Promise<Weight[]> {
  return Promise.all(
    Object.entries(parts).map(async ([what, contents]) => {
      const { outputFiles } = await build({
        stdin: { contents, resolveDir: '.', loader: 'ts' },
        bundle: true,
        minify: true,
        write: false,
        format: 'esm',
        target: 'es2022',
        conditions: ['posetape:source'],
      });
      return weightOf(what, outputFiles[0]?.contents ?? new Uint8Array());
    }),
  );
}

/** What the built page loads at once, and what it loads when it is needed. */
export function pageWeights({ outputs }: Metafile): { readonly first: Weight[]; readonly later: Weight[] } {
  const scripts = ['main.js', 'worker.js'].flatMap(entry => [...withImports(outputs, `${outdir}/${entry}`)]);
  const fonts = Object.keys(outputs).filter(path => /inter-(?:latin|greek)-wght/.test(path));
  const data = ['data/pocket.pdbqt', 'data/poses.pdbqt'].map(path => `${outdir}/${path}`);
  const first = new Set([`${outdir}/index.html`, `${outdir}/style.css`, ...scripts, ...data, ...fonts]);
  const chunks = Object.keys(outputs).filter(path => path.endsWith('.js') && !first.has(path));
  const weights = (paths: Iterable<string>) =>
    [...paths]
      .map(path => weightOf(nameOf(path, outputs), readFileSync(path)))
      .filter(({ bytes }) => bytes > 1000)
      .sort((a, b) => b.gzip - a.gzip);
  return { first: weights(first), later: weights(chunks) };
}

/** An output and what it imports at once; not what it imports later. */
function withImports(
  outputs: Metafile['outputs'],
  path: string,
  found: Set<string> = new Set(),
): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const { path: imported, kind } of outputs[path]?.imports ?? []) {
    if (kind === 'import-statement') withImports(outputs, imported, found);
  }
  return found;
}

/** A path from the page's folder on; of a chunk, the package that is most of it. */
function nameOf(path: string, outputs: Metafile['outputs']): string {
  const name = relative(outdir, path);
  const inputs = Object.entries(outputs[path]?.inputs ?? {});
  const largest = inputs.sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)[0]?.[0];
  const owner = largest?.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1];
  return name.startsWith('chunks/') ? `${owner ?? 'posetape'}  ${name}` : name;
}

function weightOf(what: string, contents: Uint8Array): Weight {
  return { what, bytes: contents.length, gzip: gzipSync(contents, { level: 9 }).length };
}
