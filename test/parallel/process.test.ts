import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;

/** Builds the library as it is published, with the scorer in the same folder. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'posetape-parallel-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  await build({
    entryPoints: {
      combine: 'combine/index.ts',
      parallel: 'parallel/index.ts',
      'parallel-worker': 'parallel/worker.ts',
      scorer: 'test/parallel/scorer.ts',
    },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['posetape:source'],
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program in `folder`, which must exit by itself, and returns its output. */
function printed(program: string): string {
  const head = `
    import { boltzmann, combinePoses } from './combine.js';
    import { workers } from './parallel.js';
    import { params } from './scorer.js';
    const pool = workers({ module: new URL('./scorer.js', import.meta.url), threads: 2, posesPerChunk: 4 });
    const combination = boltzmann({ kT: 0.5 });
    const poses = Array.from({ length: 20 }, (_, i) => ({ distances: [3 + i / 10] }));
    const failing = async options => {
      try { await combinePoses({ pool, poses, params, combination, ...options }); }
      catch (error) { console.log(error.message); }
    };`;
  const file = join(folder, 'program.js');
  writeFileSync(file, head + program);
  const { status, stdout, stderr, signal } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  return stdout;
}

test.each([
  [
    'a result',
    'console.log((await combinePoses({ pool, poses, params, combination })).stats.poses);',
    '20\n',
  ],
  [
    'an error of the scorer',
    "poses[9].fault = 'throws'; poses[19].fault = 'hangs'; await failing({});",
    'pose 9: not this one\n',
  ],
  [
    'an abort',
    `poses[9].fault = 'hangs';
    await pool.moduleInfo();
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await failing({ signal: controller.signal });`,
    'enough\n',
  ],
  [
    'the death of a worker',
    "poses[9].fault = 'exits'; await failing({});",
    'poses 8 to 11: two workers ended while running them; of the second: it exited with code 3\n',
  ],
  ['starting workers without a call', 'await pool.moduleInfo();', ''],
  [
    'asynchronous disposal of the pool',
    'await failing({}); await pool[Symbol.asyncDispose](); await failing({});',
    'workers: the worker pool was closed\n',
  ],
])('a process that does not call close() exits by itself after %s', (_, program, expected) => {
  expect(printed(program)).toBe(expected);
});
