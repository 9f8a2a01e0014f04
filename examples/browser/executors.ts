import type { Executor } from 'posetape';

/** An executor the page can try. */
export interface ExecutorChoice {
  readonly name: string;
  /** Description in a few words. */
  readonly what: string;
  /** Loads what it needs and makes it. Rejects, with the reason, where it cannot run. */
  make(): Promise<Executor>;
}

const core = () => import('posetape');
const webAssembly = () => import('posetape/wasm');
const gpuJs = () => import('posetape/gpu');

/** Every executor, one after the other: the first is the reference that the others are compared with. */
export const executorChoices: readonly ExecutorChoice[] = [
  {
    name: 'interpreter',
    what: 'one value after the other, float64: the reference',
    make: async () => (await core()).interpreter(),
  },
  {
    name: 'jit',
    what: 'fused loops compiled to JavaScript, float64',
    make: async () => (await core()).jit(),
  },
  {
    name: 'jit, float32',
    what: 'the same loops, results stored in float32',
    make: async () => (await core()).jit({ precision: 'float32' }),
  },
  {
    name: 'wasm',
    what: 'the same plan as WebAssembly, four numbers at a time, float32',
    make: async () => (await webAssembly()).wasm(),
  },
  {
    name: 'gpu, WebGPU',
    what: 'kernels of gpu.js, float32',
    make: async () => (await gpuJs()).gpu({ mode: 'webgpu' }),
  },
  {
    name: 'gpu, WebGL2',
    what: 'the same as shaders on textures, float32',
    make: async () => (await gpuJs()).gpu({ mode: 'webgl2' }),
  },
];
