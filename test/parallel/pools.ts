import type { Workers } from 'posetape/combine';
import { type WorkerPool, type WorkersOptions, workers } from 'posetape/parallel';
import { afterAll } from 'vitest';
import { fromSource } from '../../bench/support/from-source.ts';
import type { Sent } from './scorer.ts';

/** URL of a module in this folder. */
export const moduleOf = (name: string): URL => new URL(`./${name}.ts`, import.meta.url);

const opened: WorkerPool[] = [];
afterAll(async () => {
  await Promise.all(opened.splice(0).map(pool => pool.close()));
});

/** Pool of a module in this folder, which is closed after the tests of the file. */
export function poolOf(options: Partial<WorkersOptions> = {}, name = 'scorer'): WorkerPool {
  const { node, ...rest } = options;
  const pool = workers({
    ...(!options.worker && { module: moduleOf(name) }),
    threads: 1,
    posesPerChunk: 4,
    ...rest,
    node: { ...fromSource, ...node },
  });
  opened.push(pool);
  return pool;
}

/** The same workers with another chunk size. */
export const chunkedBy = (pool: Workers, posesPerChunk: number): Workers => ({
  threads: pool.threads,
  posesPerChunk,
  moduleInfo: () => pool.moduleInfo(),
  send: params => pool.send(params),
  run: (...args) => pool.run(...args),
});

/** Poses of different lengths and weights. */
export const posesOf = (count: number): Sent[] =>
  Array.from({ length: count }, (_, i) => ({
    distances: Array.from({ length: 1 + (i % 5) }, (_, k) => 3 + Math.sin(7 * i + k)),
    weight: 1 + (i % 3),
  }));
