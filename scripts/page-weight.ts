// Measures the compressed size of the page and of the library.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { outdir } from './page-build.ts';

/** Size of a file or bundle in bytes, before and after compression. */
export interface Weight {
  readonly what: string;
  readonly bytes: number;
  readonly gzip: number;
}

/** A part of the library, given by its imports. A bundler drops the rest. */
interface LibraryPart {
  readonly what: string;
  readonly contents: string;
  /** True if modules imported on demand get separate files, which are not counted. */
  readonly splits: boolean;
}

const libraryParts: readonly LibraryPart[] = [
  {
    what: 'core with interpreter and all ops',
    contents:
      "export { defineOp, evaluate, gradient, interpreter, map, Tape, tensor } from 'posetape'; export * from 'posetape/ops';",
    splits: false,
  },
  {
    what: 'core with interpreter, all ops and combinations, without combinePoses',
    contents:
      "export { defineOp, evaluate, gradient, interpreter, map, Tape, tensor } from 'posetape'; export * from 'posetape/ops'; export { Accumulator, boltzmann, lse, mean } from 'posetape/combine';",
    splits: false,
  },
  {
    what: 'all of posetape/ops and posetape/combine, without jit, recompute and full-graph, which load on demand',
    contents: "export * from 'posetape/ops'; export * from 'posetape/combine';",
    splits: true,
  },
  {
    what: 'all of posetape, posetape/ops and posetape/combine, jit included',
    contents: "export * from 'posetape'; export * from 'posetape/ops'; export * from 'posetape/combine';",
    splits: false,
  },
  {
    what: 'core with interpreter and three ops',
    contents:
      "export { gradient, interpreter, Tape } from 'posetape'; export { exp, mul, sum } from 'posetape/ops';",
    splits: false,
  },
];

/** Returns the size of each part of the library, bundled and minified, without modules that it loads on demand. */
export function libraryWeights(): Promise<Weight[]> {
  return Promise.all(
    libraryParts.map(async ({ what, contents, splits }) => {
      const { outputFiles, metafile } = await build({
        stdin: { contents, resolveDir: '.', loader: 'ts' },
        outdir: 'weighed',
        bundle: true,
        splitting: splits,
        minify: true,
        write: false,
        metafile: true,
        format: 'esm',
        target: 'es2022',
        conditions: ['posetape:source'],
      });
      const loaded = withImports(metafile.outputs, 'weighed/stdin.js');
      const files = outputFiles.filter(({ path }) => loaded.has(relative('.', path).replaceAll('\\', '/')));
      return weightOf(what, Buffer.concat(files.map(({ contents }) => contents)));
    }),
  );
}

/** Returns the sizes of the files that the built page loads at once, and of those that it loads on demand. */
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

/** Returns the paths of an output and of its static imports, direct and indirect. */
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

/**
 * Returns the path of an output relative to the page's folder. The path of a chunk is preceded by the name of the package
 * whose file has the most bytes in the chunk.
 */
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
