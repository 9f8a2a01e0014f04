/** Destroys the WebGPU device of gpu.js, as a reset of the driver would. */
export async function loseWebGpu(): Promise<void> {
  const loaded = (await import('gpu.js' as string)) as Loaded & { readonly default?: Loaded };
  await (loaded.default ?? loaded).WebGPUContext.destroy();
}

interface Loaded {
  readonly WebGPUContext: { destroy(): Promise<void> };
}
