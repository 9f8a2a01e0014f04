import { loadGpuJs } from '../../engine/gpu/gpu-js.ts';
import { type Engine, type Phase, phases } from './names.ts';

/**
 * Splits the time of a pose into phases. gpu.js uploads, launches and reads back in one call, so the watch sits between
 * gpu.js and the device. The time between two events belongs to the phase that the first of them began.
 */
export class Watch {
  readonly totals: Record<Phase, number> = { upload: 0, launch: 0, kernels: 0, readback: 0, rest: 0 };
  /** In milliseconds. */
  readonly clock: () => number;
  #phase: Phase = 'rest';
  #since: number;

  constructor(clock: () => number) {
    this.clock = clock;
    this.#since = clock();
  }

  enter(phase: Phase): void {
    const now = this.clock();
    this.totals[this.#phase] += now - this.#since;
    this.#phase = phase;
    this.#since = now;
  }

  /** Begins anew. */
  reset(): void {
    this.enter('rest');
    for (const phase of phases) this.totals[phase] = 0;
  }
}

type Method = (...args: unknown[]) => unknown;

/** Puts something before and after a method of an object. */
function around(object: object, name: string, before: () => void, after: () => void = () => {}): void {
  const methods = object as Record<string, Method | undefined>;
  const original = methods[name]?.bind(object);
  if (!original) return;
  methods[name] = (...args) => {
    before();
    const result = original(...args);
    after();
    return result;
  };
}

/** Prepares to watch an engine: to be called before it is opened, and what is returned, afterwards. */
export function watchEngine(engine: Engine, watch: Watch): () => Promise<void> {
  if (engine === 'webgl2') watchWebGl(watch);
  if (engine === 'webasm') watchWebAssembly(watch);
  return async () => {
    if (engine === 'webgpu') watchWebGpu((await (await loadGpuJs()).WebGPUContext.acquire()).device, watch);
  };
}

/** A device of WebGPU: what is written before an encoder is made is upload, and the launch ends with `submit`. */
export function watchWebGpu(device: object, watch: Watch): void {
  const { queue } = device as { queue: object };
  around(device, 'createCommandEncoder', () => watch.enter('launch'));
  around(
    queue,
    'submit',
    () => {},
    () => watch.enter('readback'),
  );
  const target = device as {
    createBuffer(descriptor: object): { mapAsync(...args: unknown[]): Promise<void> };
  };
  const create = target.createBuffer.bind(device);
  target.createBuffer = descriptor => {
    const buffer = create(descriptor);
    const map = buffer.mapAsync.bind(buffer);
    buffer.mapAsync = async (...args) => {
      await map(...args);
      watch.enter('rest');
    };
    return buffer;
  };
}

/** Contexts of WebGL to come: an image with data is upload, drawing is launch, reading pixels begins the readback. */
function watchWebGl(watch: Watch): void {
  const scope = globalThis as unknown as {
    HTMLCanvasElement: { prototype: { getContext(...args: unknown[]): object | null } };
  };
  const canvas = scope.HTMLCanvasElement.prototype;
  const { getContext } = canvas;
  canvas.getContext = function (...args) {
    const context = getContext.apply(this, args);
    if (args[0] === 'webgl2' && context) watchContext(context, watch);
    return context;
  };
}

function watchContext(context: object, watch: Watch): void {
  for (const name of ['texImage2D', 'texSubImage2D']) {
    around(
      context,
      name,
      () => watch.enter('upload'),
      () => watch.enter('launch'),
    );
  }
  around(context, 'useProgram', () => watch.enter('launch'));
  around(context, 'readPixels', () => watch.enter('readback'));
}

type Instantiating = new (module: object, imports: object) => { readonly exports: Record<string, unknown> };

/** Modules of WebAssembly to come: what they export are the kernels. */
function watchWebAssembly(watch: Watch): void {
  const { WebAssembly: scope } = globalThis as unknown as { WebAssembly: { Instance: Instantiating } };
  const Original = scope.Instance;
  const watched = (value: unknown) => {
    if (typeof value !== 'function') return value;
    return (...args: unknown[]) => {
      watch.enter('kernels');
      const result = value(...args);
      watch.enter('readback');
      return result;
    };
  };
  scope.Instance = class {
    readonly exports: Record<string, unknown>;

    constructor(module: object, imports: object) {
      const { exports } = new Original(module, imports);
      this.exports = Object.fromEntries(
        Object.entries(exports).map(([name, value]) => [name, watched(value)]),
      );
    }
  };
}
