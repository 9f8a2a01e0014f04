export type { BackendName } from './backends.ts';
export { type GpuExecutor, type GpuOptions, gpu } from './gpu.ts';
