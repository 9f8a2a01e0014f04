// Builds dist/: one ES module per public entry, and type declarations. Code that several entries need is in shared chunks, so
// that all entries use the same classes. There are no source maps, because the modules are readable, and the sources are not
// shipped.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { entrySizes } from './entry-sizes.mjs';

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: {
    posetape: 'engine/index.ts',
    ops: 'ops/index.ts',
    combine: 'combine/index.ts',
    fit: 'fit/index.ts',
    parallel: 'parallel/index.ts',
    'parallel-worker': 'parallel/worker.ts',
    gpu: 'engine/gpu/index.ts',
    wasm: 'engine/wasm/index.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  chunkNames: 'shared-[hash]',
  // gpu.js is an optional peer dependency, so it is not bundled.
  external: ['gpu.js'],
});

// A bundler drops an unused op from a chunk only if the call that creates it is marked as pure.
const creation =
  /(?<=^var \w+ = |^ {2}forward: )(?=(?:defineKnownOp|map|new (?:Map|Set|WeakMap|WeakSet)|Object\.freeze)\()/gm;
for (const name of readdirSync('dist')) {
  const path = `dist/${name}`;
  writeFileSync(path, readFileSync(path, 'utf8').replace(creation, '/* @__PURE__ */ '));
}

execFileSync('npx', ['tsc', '--project', 'tsconfig.build.json'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});

const { posetape, wasm, fit } = await entrySizes();
console.log(
  `minified and gzip: posetape ${posetape} B, posetape/wasm ${wasm} B more, posetape/fit ${fit} B more`,
);
