import { loadGpuJs } from '../../engine/gpu/gpu-js.ts';
import type { Adapter, Engine } from './names.ts';

/** Names of renderers that compute on the CPU. */
const software = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render/i;

/** Name and kind of the driver that an engine runs on; null if it runs on none. */
export async function adapterOf(engine: Engine): Promise<Adapter | null> {
  if (engine === 'webgpu') {
    const { adapter } = (await (await loadGpuJs()).WebGPUContext.acquire()) as unknown as WithAdapter;
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
    const name = [...new Set([vendor, architecture, device, description])].filter(Boolean).join(', ');
    return { name, isSoftware: isFallbackAdapter === true || software.test(name) };
  }
  if (engine !== 'webgl2') return null;
  const { document } = globalThis as unknown as WithDocument;
  const gl = document.createElement('canvas').getContext('webgl2');
  const renderer = gl?.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL;
  const name = gl && renderer ? gl.getParameter(renderer) : 'not told';
  gl?.getExtension('WEBGL_lose_context')?.loseContext?.();
  return { name, isSoftware: software.test(name) };
}

interface WithAdapter {
  readonly adapter: {
    readonly info: {
      readonly vendor: string;
      readonly architecture: string;
      readonly device: string;
      readonly description: string;
      readonly isFallbackAdapter?: boolean;
    };
  };
}

interface WithDocument {
  readonly document: {
    createElement(name: 'canvas'): {
      getContext(kind: 'webgl2'): {
        getExtension(name: string): { UNMASKED_RENDERER_WEBGL?: number; loseContext?(): void } | null;
        getParameter(name: number): string;
      } | null;
    };
  };
}
