// How much each entry adds to a page: minified, gzip, in bytes; `posetape` with all that the others share.
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
  const sizes = { posetape: 0, wasm: 0 };
  for (const { path, contents } of outputFiles) {
    const entry = /wasm\.js$/.test(path) ? 'wasm' : 'posetape';
    sizes[entry] += gzipSync(contents, { level: 9 }).length;
  }
  return sizes;
}
