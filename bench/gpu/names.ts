import type { BackendName } from 'posetape/gpu';
import type { NetworkData } from '../workloads/network-data.ts';
import type { PairsData } from '../workloads/pairs-data.ts';

/** Workload A; workload B on a pair list and over all pairs; the two example scorers; and many kernels of no work. */
export const workloadNames = ['network', 'list', 'dense', 'vina', 'schnet', 'tiny'] as const;
export type WorkloadName = (typeof workloadNames)[number];

/** What a workload is made of, as plain data, which a page can be given. */
export type Ingredients =
  | { readonly workload: 'network'; readonly data: NetworkData }
  | { readonly workload: 'list' | 'dense'; readonly data: PairsData }
  | { readonly workload: 'vina' | 'schnet'; readonly poses: readonly unknown[] }
  | { readonly workload: 'tiny' };

/** What runs the tapes: a backend of `gpu()`, or `jit({ precision: 'float32' })`. */
export type Engine = BackendName | 'jit';

/** What becomes of a pose's time; `rest` is the tape, its gradient, the results and their fold. */
export const phases = ['upload', 'launch', 'kernels', 'readback', 'rest'] as const;
export type Phase = (typeof phases)[number];

/**
 * The phases that can be told apart from outside. On a GPU the kernels run between the launch and the readback's end, and
 * only the sum is seen; `cpu` calls functions of JavaScript one by one, and `jit` its loops.
 */
export const phasesOf: Readonly<Record<Engine, readonly Phase[]>> = {
  webgpu: ['upload', 'launch', 'readback', 'rest'],
  webgl2: ['upload', 'launch', 'readback', 'rest'],
  headlessgl: ['rest'],
  webasm: ['upload', 'kernels', 'readback', 'rest'],
  cpu: ['rest'],
  jit: ['rest'],
};

/** Milliseconds a pose. */
export interface Times {
  readonly wall: number;
  readonly phases: Readonly<Record<Phase, number>>;
  /** How many poses it is the mean of. */
  readonly poses: number;
  /** CPU time of all threads, where the program knows it. */
  readonly cpu?: number;
}

/** What the first pose takes, for which a pipeline is compiled, and what it takes again. */
export interface First {
  readonly first: number;
  readonly second: number;
}

/** What an engine has done and holds when all poses have run once. */
export interface Facts {
  readonly value: number;
  /** |∂ΔG/∂θ| */
  readonly norm: number;
  /** Of the first pose; none for `jit`. */
  readonly kernels: number | null;
  /** Pipelines for all poses. */
  readonly pipelines: number | null;
  /** A pose. */
  readonly launches: number;
  readonly readbacks: number;
  /** On the device. */
  readonly bytes: number;
  readonly peakBytes: number;
  readonly fallbackReason: string | null;
  readonly adapter: Adapter | null;
}

/** True if WebGPU is rendered on the CPU, by Chromium's SwiftShader, or by what the machine has. */
export const renderers = ['software', 'hardware'] as const;
export type Renderer = (typeof renderers)[number];

/** What a GPU's driver says of itself. */
export interface Adapter {
  readonly name: string;
  readonly isSoftware: boolean;
}
