import type { Peak } from './subject.ts';
import { median } from './support/clock.ts';
import type { Measured, Programs } from './support/measured.ts';
import type { Round } from './support/serve.ts';
import type { ScorerName } from './workloads/scorers.ts';

/** Ways to differentiate the poses of a compound: posetape's strategies, and the benchmark's own `stored`. */
export const strategies = ['stream', 'recompute', 'stored', 'full-graph'] as const;
/** The first two in float64, `wasm` in float32. */
export const executors = ['jit', 'interpreter', 'wasm'] as const;

/** A way to differentiate N poses. */
export interface Way {
  readonly executor: (typeof executors)[number];
  readonly strategy: (typeof strategies)[number];
  readonly n: number;
  /** Number of poses that share a tape; 1 if absent. */
  readonly posesPerTape?: number;
}

/** A way with its measurement, or with the reason why there is none. */
export interface Cell extends Way {
  readonly found: Found | string;
}

export interface Found extends Peak {
  /** CPU milliseconds a pose: the median of the rounds after the first run, which `cpu` is of. */
  readonly time: number;
}

/** So many poses are scored before memory is read, if N is smaller: N alone is to make the difference. */
export const leastPoses: Readonly<Record<ScorerName, number>> = { vina: 1024, schnet: 64 };

/** CPU milliseconds: a run that takes longer is made once. */
export const longRun = 3000;
/** CPU milliseconds of runs after which a median is good enough. */
const enough = 400;

/** Memory in turn, one process each; then time, in rounds that go from process to process. */
export async function measureCells(
  scorer: ScorerName,
  ways: readonly Way[],
  programs: Programs,
  rounds: number,
): Promise<Cell[]> {
  const running: { way: Way; process: Measured; peak: Peak; times: number[] }[] = [];
  const cells: Cell[] = [];
  try {
    for (const way of ways) {
      const { strategy, n, executor, posesPerTape = 1 } = way;
      const env = { BENCH_LEAST: `${leastPoses[scorer]}` };
      const process = programs.start('subject.ts', [scorer, strategy, n, executor, posesPerTape], { env });
      try {
        running.push({ way, process, peak: await process.ask<Peak>('peak'), times: [] });
      } catch (error) {
        cells.push({ ...way, found: `it failed: ${error instanceof Error ? error.message : error}` });
      }
    }
    for (let i = 0; i < rounds; i++) {
      for (const { way, process, peak, times } of running) {
        const perRun = (times[0] ?? peak.cpu) * way.n;
        const isFirst = times.length === 0 && (perRun < longRun || plansMuch(way));
        if (isFirst || (times.length > 0 && perRun * times.length < enough)) {
          times.push((await process.ask<Round>('round')).cpu);
        }
      }
    }
    for (const { way, peak, times } of running) {
      cells.push({ ...way, found: { ...peak, time: times.length > 0 ? median(times) : peak.cpu } });
    }
    return cells;
  } finally {
    for (const { process } of running) await process.stop();
  }
}

/** True if the first run, of a full graph, has planned it, and so says nothing of the next. */
export function plansMuch({ executor, strategy }: Way): boolean {
  return executor !== 'interpreter' && strategy === 'full-graph';
}

/** The measurement of a way, or undefined if it was not measured. */
export function foundIn(cells: readonly Cell[], way: Way): Found | undefined {
  const same = cells.find(
    ({ executor, strategy, n, posesPerTape = 1 }) =>
      executor === way.executor &&
      strategy === way.strategy &&
      n === way.n &&
      posesPerTape === (way.posesPerTape ?? 1),
  );
  return same && typeof same.found !== 'string' ? same.found : undefined;
}
