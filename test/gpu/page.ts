import { type Machine, openMachine } from './harness.ts';

/*
 * Script of the page. Its global functions give tests access to the harness. Playwright transfers typed arrays, NaN and
 * infinities unchanged.
 */

interface PageScope {
  machines: Machine[];
  openMachine(mode: 'webgpu' | 'webgl2'): Promise<number>;
}

const contexts: WebGl[] = [];

interface WebGl {
  getExtension(name: 'WEBGL_lose_context'): { loseContext(): void } | null;
}

// Records every WebGL context of the page, so that tests can lose them.
const canvas = (
  globalThis as unknown as {
    HTMLCanvasElement: { prototype: { getContext(...args: unknown[]): WebGl | null } };
  }
).HTMLCanvasElement.prototype;
const getContext = canvas.getContext;
canvas.getContext = function (...args: unknown[]) {
  const context = getContext.apply(this, args);
  if (context) contexts.push(context);
  return context;
};

async function lose(mode: 'webgpu' | 'webgl2'): Promise<void> {
  if (mode === 'webgl2') {
    for (const context of contexts.splice(0)) context.getExtension('WEBGL_lose_context')?.loseContext();
    return;
  }
  const { loseWebGpu } = await import('./lose.ts');
  await loseWebGpu();
}

const scope = globalThis as unknown as PageScope;
scope.machines = [];
scope.openMachine = async mode => scope.machines.push(await openMachine(mode, () => lose(mode))) - 1;
