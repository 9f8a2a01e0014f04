import { DeviceMeter, meterOf, meterTextures } from './device.ts';
import { exactFunctions, type KernelFunction, shaderFunctions } from './functions.ts';
import { type Device, type Gpu, type GpuJs, loadGpuJs } from './gpu-js.ts';
import type { Arithmetic } from './print.ts';

/** The names of gpu.js's backends, best first. */
export const backendNames: readonly BackendName[] = ['webgpu', 'webgl2', 'headlessgl', 'webasm', 'cpu'];
/** The backends of gpu.js by name, best first: WebGPU, WebGL2, headless WebGL, WebAssembly, and plain JavaScript. */
export type BackendName = 'webgpu' | 'webgl2' | 'headlessgl' | 'webasm' | 'cpu';

/** An available backend of gpu.js. */
export interface Backend {
  readonly name: BackendName;
  readonly gpuJs: GpuJs;
  /**
   * The precision of arithmetic inside a kernel. It is float64 in plain JavaScript, which rounds to float32 only on
   * request.
   */
  readonly arithmetic: Arithmetic;
  /** The functions that kernels may call. */
  readonly functions: readonly KernelFunction[];
  readonly meter: DeviceMeter;
  /** Resolves with the reason when the device is lost. Only `webgpu` and `webgl2` report a loss. */
  readonly lost: Promise<string>;
  /**
   * True if a WebGL2 context is lost: work on it gives zeros even before `lost` resolves. Always false on other backends.
   */
  isLost(): boolean;
  /** Makes a new gpu.js instance for one pipeline, since an instance keeps its kernels until it is destroyed. */
  open(): Gpu;
}

/**
 * Opens one backend.
 *
 * @throws Error that says why the backend is not available, and what to do
 */
export async function openBackend(name: BackendName): Promise<Backend> {
  if (name === 'webgpu') await provideWebGpu();
  const gpuJs = await loadGpuJs();
  const common = {
    name,
    gpuJs,
    meter: new DeviceMeter(),
    arithmetic: 'float32' as const,
    functions: exactFunctions(),
    lost: new Promise<string>(() => {}),
    isLost: () => false,
  };
  const open = () => new gpuJs.GPU({ mode: name });
  switch (name) {
    case 'webgpu': {
      const device = await acquire(gpuJs);
      const lost = device.lost.then(({ message, reason }) => message || reason);
      return { ...common, functions: shaderFunctions(), meter: meterOf(device), lost, open };
    }
    case 'webgl2':
      return webGl2(common);
    case 'headlessgl':
      if (!gpuJs.GPU.isHeadlessGLSupported) {
        throw new Error(
          'gpu: headlessgl needs the package gl (npm install gl) and a display (xvfb-run); the package is missing, or it cannot make a context',
        );
      }
      return { ...common, functions: shaderFunctions(), open };
    case 'webasm':
      if (!gpuJs.GPU.isWebAssemblySupported)
        throw new Error('gpu: webasm needs WebAssembly, which this engine does not have');
      mustCompile('webasm', 'WebAssembly', "'wasm-unsafe-eval'", compileEmptyModule);
      return { ...common, open };
    case 'cpu':
      mustCompile('cpu', 'JavaScript from text', "'unsafe-eval'", () => new Function(''));
      return { ...common, arithmetic: 'float64', open };
  }
}

/** Compiles an empty WebAssembly module. */
function compileEmptyModule(): unknown {
  const scope = globalThis as unknown as {
    WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };
  };
  // The header of a module: \0asm, then version 1.
  return new scope.WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
}

/**
 * Checks that code generation is allowed by compiling the smallest possible program. gpu.js itself would only log the
 * refusal, and fail later without a reason.
 *
 * @throws Error naming the missing permission and an executor to use instead
 */
function mustCompile(name: BackendName, what: string, permission: string, compile: () => unknown): void {
  try {
    compile();
  } catch (cause) {
    throw new Error(
      `gpu: ${name} compiles its kernels to ${what}, which is forbidden here (a Content-Security-Policy without ${permission}); use interpreter({ precision: 'float32' }) instead`,
      { cause },
    );
  }
}

const howToGetWebGpu =
  'a browser has it with a GPU and a page served by https or from localhost; in Node, npm install webgpu (0.6.2 or later) and a Vulkan driver';

/**
 * Returns the WebGPU device that gpu.js uses.
 *
 * @throws Error that says how to get WebGPU if there is none
 */
async function acquire({ WebGPUContext }: GpuJs): Promise<Device> {
  try {
    return (await WebGPUContext.acquire()).device;
  } catch (cause) {
    // The message of gpu.js is about its own functions.
    throw new Error(`gpu: there is no WebGPU device; ${howToGetWebGpu}`, { cause });
  }
}

/**
 * Provides WebGPU in Node by the package `webgpu`, which contains Dawn. gpu.js takes WebGPU from navigator.gpu, and its
 * constants from the global object.
 */
async function provideWebGpu(): Promise<void> {
  const scope = globalThis as { navigator?: { gpu?: unknown }; process?: { versions?: { node?: string } } };
  if (scope.navigator?.gpu) return;
  if (!scope.process?.versions?.node) throw new Error(`gpu: there is no navigator.gpu; ${howToGetWebGpu}`);
  // A variable hides the import from bundlers, since a page does not need it.
  const name = 'webgpu';
  const dawn = (await import(name).catch((cause: unknown) => {
    throw new Error(`gpu: the package webgpu is not installed; ${howToGetWebGpu}`, { cause });
  })) as { create(options: readonly string[]): unknown; globals: object };
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create([]);
  if (scope.navigator) Object.defineProperty(scope.navigator, 'gpu', { value: gpu, configurable: true });
  else Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
}

/** The backend on WebGL2, whose textures and lost contexts are watched. */
function webGl2(common: Omit<Backend, 'open'>): Backend {
  const { gpuJs, meter } = common;
  if (!gpuJs.GPU.isWebGL2Supported) {
    throw new Error(
      'gpu: webgl2 is not available; it needs a browser whose canvas has a webgl2 context with EXT_color_buffer_float',
    );
  }
  let lose: (reason: string) => void = () => {};
  const lost = new Promise<string>(resolve => {
    lose = resolve;
  });
  const contexts = new Set<WebGl2>();
  const open = (): Gpu => {
    const canvas = newCanvas();
    const context = canvas.getContext('webgl2', { alpha: false, depth: false, antialias: false });
    if (!context)
      throw new Error(
        'gpu: webgl2 gave no further context; call dispose() on executors that are no longer used',
      );
    meterTextures(context, meter);
    contexts.add(context);
    const gpu = new gpuJs.GPU({ canvas, context });
    const destroy = gpu.destroy.bind(gpu);
    gpu.destroy = () => {
      contexts.delete(context);
      return destroy();
    };
    // gpu.js also drops the context of an instance when the instance is destroyed. That is not a loss.
    canvas.addEventListener('webglcontextlost', () => {
      if (!contexts.has(context)) return;
      meter.lose();
      lose('webgl context lost');
    });
    return gpu;
  };
  const isLost = () => [...contexts].some(context => context.isContextLost());
  return { ...common, functions: shaderFunctions(), lost, isLost, open };
}

/** The part of a WebGL2 context that is used here. */
interface WebGl2 {
  isContextLost(): boolean;
}

/** The part of a canvas that is used here. */
interface Canvas {
  getContext(kind: 'webgl2', settings: object): WebGl2 | null;
  addEventListener(event: 'webglcontextlost', listener: () => void): void;
}

function newCanvas(): Canvas {
  const scope = globalThis as unknown as {
    document?: { createElement(name: 'canvas'): Canvas };
    OffscreenCanvas: new (width: number, height: number) => Canvas;
  };
  return scope.document?.createElement('canvas') ?? new scope.OffscreenCanvas(1, 1);
}
