export type { ScorerModule } from '../combine/chunk.ts';
export type { WorkerPool } from './pool.ts';
export { serve } from './serve.ts';
export { type WorkersOptions, workers } from './workers.ts';
