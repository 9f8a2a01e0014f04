import { type Executor, interpreter, jit } from 'posetape';
import { gpu } from 'posetape/gpu';

/** An executor the page can try. */
export interface ExecutorChoice {
  readonly name: string;
  /** What it is, in a few words. */
  readonly what: string;
  /** Makes it, loading what it needs. Rejects, with the reason, where it cannot run. */
  make(): Promise<Executor>;
}

/** Every executor, each in one line: the first is the reference that the others are compared with. */
export const executorChoices: readonly ExecutorChoice[] = [
  {
    name: 'interpreter',
    what: 'one value after the other, float64: the reference',
    make: async () => interpreter(),
  },
  { name: 'jit', what: 'fused loops compiled to JavaScript, float64', make: async () => jit() },
  {
    name: 'jit, float32',
    what: 'the same loops, results stored in float32',
    make: async () => jit({ precision: 'float32' }),
  },
  { name: 'gpu, WebGPU', what: 'kernels of gpu.js, float32', make: () => gpu({ mode: 'webgpu' }) },
  { name: 'gpu, WebGL2', what: 'the same, as textures and shaders', make: () => gpu({ mode: 'webgl2' }) },
];
