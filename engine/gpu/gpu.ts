import { checkOptions } from '../options.ts';
import { type Backend, type BackendName, backendNames, openBackend } from './backends.ts';
import { type GpuExecutor, GpuJsExecutor } from './executing.ts';

/** Options of {@link gpu}. */
export interface GpuOptions {
  /** One of gpu.js's backends, or `auto`, the first that works. Default `auto`. */
  readonly mode?: BackendName | 'auto';
  /** The number of pipelines kept compiled; the least recently used is dropped first. Default 8. */
  readonly pipelines?: number;
}

/**
 * An executor that runs tapes on a GPU through gpu.js. If the backend allows it, the forward and backward pass of a
 * pose take one launch and one readback. Everything is float32.
 *
 * A pipeline is compiled for each structure and each set of rounded-up sizes, so poses whose pair lists differ in
 * length share a few pipelines. Runs return promises.
 *
 * @throws Error if gpu.js is not installed or the mode is not available, naming what is missing; there is no fallback
 * to another mode
 * @example
 * const executor = await gpu({ mode: 'webgpu' });
 * await combinePoses({ …, executor });
 * await executor.dispose();
 */
export async function gpu(options: GpuOptions = {}): Promise<GpuExecutor> {
  checkOptions('gpu', options, ['mode', 'pipelines']);
  const { mode = 'auto', pipelines = 8 } = options;
  if (mode !== 'auto' && !backendNames.includes(mode)) {
    throw new RangeError(`gpu: no mode ${shown(mode)}; modes are auto, ${backendNames.join(', ')}`);
  }
  if (!Number.isInteger(pipelines) || pipelines < 1) {
    throw new RangeError(`gpu: pipelines must be a whole number from 1, got ${shown(pipelines)}`);
  }
  if (mode !== 'auto') return new GpuJsExecutor(await openWorking(mode), null, pipelines);
  const rejections: string[] = [];
  for (const name of backendNames) {
    try {
      return new GpuJsExecutor(await openWorking(name), rejections.join('; ') || null, pipelines);
    } catch (error) {
      rejections.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`gpu: no backend of gpu.js works here: ${rejections.join('; ')}`);
}

/** An option's value as in source. */
function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Opens a backend and runs a test kernel, since an available backend may still not work. */
async function openWorking(name: BackendName): Promise<Backend> {
  const backend = await openBackend(name);
  const instance = backend.open();
  try {
    const double = instance.createKernel('function (x) { return x[this.thread.x] * 2.0; }', { output: [3] });
    const numbers = Float32Array.of(1, 2, 3);
    const result = (await double(backend.gpuJs.input(numbers, [3]))) as ArrayLike<number>;
    if (!numbers.every((number, i) => result[i] === 2 * number)) {
      throw new Error(`gpu: ${name} gave ${Array.from(result).join(', ')} for twice 1, 2, 3`);
    }
    return backend;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw reason.startsWith('gpu: ')
      ? cause
      : new Error(`gpu: ${name} does not run here (${reason})`, { cause });
  } finally {
    await instance.destroy();
  }
}
