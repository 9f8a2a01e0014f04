/*
 * The parts of gpu.js that are used, as types of our own: its typings lack WebGPUContext and leave a pipeline's arguments
 * open. It is loaded when a GPU is asked for, and not before.
 */

/** A kernel of gpu.js; called while a pipeline is traced, it gives a handle. */
export type GpuKernel = (...args: unknown[]) => unknown;

/** A traced sequence of kernels: one launch, and the results read back. */
export interface GpuPipeline {
  (...args: unknown[]): Promise<ArrayLike<number>[]>;
  /** `fused-encoder`, `fused-sync` or `generic`. */
  readonly executorKind: string;
  readonly fallbackReason: string | null;
  /** The mode that really ran. */
  readonly backend: string | null;
  /** Known after the first call: the arrays between kernels, by length. */
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

/** The package. */
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

/** @throws Error that says how to install it */
export async function loadGpuJs(): Promise<GpuJs> {
  try {
    // Without "as string" its typings would be read, which need those of a browser.
    const loaded = (await import('gpu.js' as string)) as GpuJs & { readonly default?: GpuJs };
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new Error('gpu: the package gpu.js is not installed; run npm install gpu.js', { cause });
  }
}
