/**
 * Workers that score poses on all cores of a machine.
 *
 * @module posetape/parallel
 */

export type { ScorerModule } from '../combine/chunk.ts';
export type { WorkerPool } from './pool.ts';
export type { WorkerLike } from './port.ts';
export { serve } from './serve.ts';
export { type WorkersOptions, workers } from './workers.ts';
