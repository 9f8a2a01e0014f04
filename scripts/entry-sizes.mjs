// Computes the size that each entry adds to a page, in bytes after minifying and gzip. Shared chunks are counted as part of
// the entry `posetape`.
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** @returns {Promise<Record<string, number>>} */
export async function entrySizes() {
  const { outputFiles } = await build({
    entryPoints: { posetape: 'engine/index.ts', wasm: 'engine/wasm/index.ts' },
    outdir: 'sizes',
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
  });
  const fit = await build({
    entryPoints: ['fit/index.ts'],
    // Leaves the engine and combine out of the size of `fit`, because they are entries of their own.
    external: ['../engine/*', '../combine/*', '../../engine/*'],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
  });
  const sizes = { posetape: 0, wasm: 0, fit: zipped(fit.outputFiles[0].contents) };
  for (const { path, contents } of outputFiles) {
    const entry = /wasm\.js$/.test(path) ? 'wasm' : 'posetape';
    sizes[entry] += zipped(contents);
  }
  return sizes;
}

function zipped(contents) {
  return gzipSync(contents, { level: 9 }).length;
}
