/**
 * An executor that runs a tape on a GPU through gpu.js.
 *
 * @module posetape/gpu
 */

export type { BackendName } from './backends.ts';
export type { GpuExecutor } from './executing.ts';
export { type GpuOptions, gpu } from './gpu.ts';
