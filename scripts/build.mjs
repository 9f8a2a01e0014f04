// Builds dist/: one ES module per public entry (what they share in chunks, so that a Value is the same in all of them),
// and the declarations beside them. No source maps: the modules are as readable as the sources, which are not shipped.
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
  // A peer: whoever wants a GPU installs it.
  external: ['gpu.js'],
});

// In a chunk, an op that nobody uses is dropped by a bundler only if its making is marked as pure.
const made =
  /(?<=^var \w+ = |^ {2}forward: )(?=(?:defineKnownOp|map|new (?:Map|Set|WeakMap|WeakSet)|Object\.freeze)\()/gm;
for (const name of readdirSync('dist')) {
  const path = `dist/${name}`;
  writeFileSync(path, readFileSync(path, 'utf8').replace(made, '/* @__PURE__ */ '));
}

execFileSync('npx', ['tsc', '--project', 'tsconfig.build.json'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});

const { posetape, wasm, fit } = await entrySizes();
console.log(
  `minified and gzip: posetape ${posetape} B, posetape/wasm ${wasm} B more, posetape/fit ${fit} B more`,
);
