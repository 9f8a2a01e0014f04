/*
 * Our own types for the parts of gpu.js in use: its typings lack WebGPUContext and the types of a pipeline's arguments.
 * gpu.js is loaded only when `gpu()` is called.
 */

/** A kernel of gpu.js. If it is called while a pipeline is traced, it returns a handle for its result. */
export type GpuKernel = (...args: unknown[]) => unknown;

/** A traced sequence of kernels. A call launches them, together if gpu.js can, and reads the results back. */
export interface GpuPipeline {
  (...args: unknown[]): Promise<ArrayLike<number>[]>;
  /** The way gpu.js runs the kernels: `fused-encoder`, `fused-sync` or `generic`. */
  readonly executorKind: string;
  readonly fallbackReason: string | null;
  /** The mode that actually ran. */
  readonly backend: string | null;
  /** The arrays between kernels, by length; null before the first call. */
  readonly plan: { readonly buffers: readonly { readonly output: readonly number[] }[] } | null;
  destroy(): Promise<void>;
}

/** An instance of gpu.js: kernels and pipelines on one backend. */
export interface Gpu {
  createKernel(source: string, settings: Readonly<Record<string, unknown>>): GpuKernel;
  createPipeline(orchestrate: (...args: unknown[]) => unknown, settings?: { threads?: boolean }): GpuPipeline;
  addFunction(source: string, settings: { argumentTypes: readonly string[]; returnType: string }): unknown;
  destroy(): Promise<void>;
}

/** The part of a GPUDevice that is used. */
export interface Device {
  createBuffer(descriptor: { readonly size: number; readonly usage: number }): { destroy(): void };
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
}

/** The exports of gpu.js that are used. */
export interface GpuJs {
  readonly GPU: (new (
    settings: Readonly<Record<string, unknown>>,
  ) => Gpu) & {
    readonly isHeadlessGLSupported: boolean;
    readonly isWebGL2Supported: boolean;
    readonly isWebAssemblySupported: boolean;
  };
  readonly WebGPUContext: { acquire(): Promise<{ readonly device: Device }> };
  input(data: Float32Array, size: readonly number[]): unknown;
}

/**
 * Loads gpu.js.
 *
 * @throws Error that says how to install it
 */
export async function loadGpuJs(): Promise<GpuJs> {
  try {
    // "as string" keeps TypeScript from reading the typings of the package, which need those of a browser.
    const loaded = (await import('gpu.js' as string)) as GpuJs & { readonly default?: GpuJs };
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new Error('gpu: the package gpu.js is not installed; run npm install gpu.js', { cause });
  }
}
