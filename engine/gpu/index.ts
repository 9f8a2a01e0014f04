export type { BackendName } from './backends.ts';
export type { GpuExecutor } from './executing.ts';
export { type GpuOptions, gpu } from './gpu.ts';
