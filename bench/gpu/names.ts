import type { BackendName } from 'posetape/gpu';
import type { Ingredients as OfWorkload } from '../workloads/tasks.ts';

/** Workload A; workload B on a pair list and over all pairs; the two example scorers; and many kernels of no work. */
export const workloadNames = ['network', 'list', 'dense', 'vina', 'schnet', 'tiny'] as const;
export type WorkloadName = (typeof workloadNames)[number];

/** The data of a workload, as plain objects that can be passed to a page. */
export type Ingredients = OfWorkload | { readonly workload: 'tiny' };

/** Engines to compare: a backend of `gpu()`, or `jit({ precision: 'float32' })`. */
export type Engine = BackendName | 'jit';

/** Phases of a pose's time; `rest` is recording the tape and its gradient, and combining the results. */
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
  /** Number of poses that the mean is taken over. */
  readonly poses: number;
  /** CPU time of all threads, where the program knows it. */
  readonly cpu?: number;
}

/** Time of the first pose, including compilation of its pipeline, and of the same pose again. */
export interface First {
  readonly first: number;
  readonly second: number;
}

/** Results and memory of an engine after all poses have run once. */
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

/** Renderers of WebGPU: Chromium's SwiftShader on the CPU, or the machine's own driver. */
export const renderers = ['software', 'hardware'] as const;
export type Renderer = (typeof renderers)[number];

/** A GPU driver, by its own description. */
export interface Adapter {
  readonly name: string;
  readonly isSoftware: boolean;
}
