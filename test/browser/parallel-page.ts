// Script of the page: accumulates poses in Web Workers, and in the page itself.

import { accumulatePoses, boltzmann } from 'posetape/combine';
import { type WorkersOptions, workers } from 'posetape/parallel';
import { params, type Sent, score, type Theta } from '../parallel/scorer.ts';

/** Source of the workers' scorer: a module that they import, their own bundle, or a module that does not exist. */
export type Way = 'module' | 'bundle' | 'nowhere';

/** Functions of the page that the test calls. */
export interface PageFunctions {
  isIsolated(): boolean;
  /** State of the poses as JSON, accumulated by workers, or the message of an error. */
  byWorkers(way: Way, threads: number, poses: Sent[]): Promise<string>;
  /** State of the poses as JSON, accumulated in the page in chunks of four, which are merged in order. */
  here(poses: Sent[]): Promise<string>;
}

const combination = boltzmann({ kT: 0.5 });

declare const Worker: new (
  address: string,
  options: { readonly type: 'module' },
) => ReturnType<NonNullable<WorkersOptions['worker']>>;
declare const location: { readonly href: string };

const ways: Readonly<Record<Way, Pick<WorkersOptions, 'module' | 'worker'>>> = {
  module: { module: new URL('/scorer.js', location.href) },
  bundle: { worker: () => new Worker('/bundle.js', { type: 'module' }) },
  nowhere: { module: new URL('/nowhere.js', location.href) },
};

const pageFunctions: PageFunctions = {
  isIsolated: () => (globalThis as unknown as { crossOriginIsolated: boolean }).crossOriginIsolated,
  async byWorkers(way, threads, poses) {
    const pool = workers({ ...ways[way], threads, posesPerChunk: 4, timeout: 10_000 });
    try {
      const { state } = await accumulatePoses<Sent, Theta>({ pool, poses, params, combination });
      return JSON.stringify(state);
    } catch (error) {
      return (error as Error).message;
    } finally {
      await pool.close();
    }
  },
  async here(poses) {
    let whole = combination.accumulator();
    for (let from = 0; from < poses.length; from += 4) {
      const chunk = poses.slice(from, from + 4);
      const { state } = await accumulatePoses<Sent, Theta>({ score, poses: chunk, params, combination });
      whole = whole.merge(state);
    }
    return JSON.stringify(whole);
  },
};

Object.assign(globalThis, { pageFunctions });
