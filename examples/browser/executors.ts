import type { Executor } from 'posetape';

/** An executor that the page can time. */
export interface ExecutorChoice {
  readonly name: string;
  /** Description in a few words. */
  readonly what: string;
  /** Loads the executor's module and creates it. Rejects with the reason if the browser cannot run it. */
  make(): Promise<Executor>;
}

const core = () => import('posetape');
const webAssembly = () => import('posetape/wasm');
const gpuJs = () => import('posetape/gpu');

/** All executors, in the order of the table. The first is the reference with which the others are compared. */
export const executorChoices: readonly ExecutorChoice[] = [
  {
    name: 'interpreter',
    what: 'one value at a time, float64: the reference',
    make: async () => (await core()).interpreter(),
  },
  {
    name: 'jit',
    what: 'fused loops compiled to JavaScript, float64',
    make: async () => (await core()).jit(),
  },
  {
    name: 'jit, float32',
    what: 'the same loops on float32 arrays',
    make: async () => (await core()).jit({ precision: 'float32' }),
  },
  {
    name: 'wasm',
    what: 'the same plan in WebAssembly, four numbers at a time, float32',
    make: async () => (await webAssembly()).wasm(),
  },
  {
    name: 'gpu, WebGPU',
    what: 'gpu.js kernels, float32',
    make: async () => (await gpuJs()).gpu({ mode: 'webgpu' }),
  },
  {
    name: 'gpu, WebGL2',
    what: 'gpu.js shaders on textures, float32',
    make: async () => (await gpuJs()).gpu({ mode: 'webgl2' }),
  },
];
