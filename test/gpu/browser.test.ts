import type { Tensor } from 'posetape';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenPage, openPage } from '../support/browser.ts';
import type { Machine } from './harness.ts';
import { backendLaws } from './laws.ts';

const webgpuFlags = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-unsafe-swiftshader',
];

/** Global scope of the page. */
interface PageScope {
  readonly machines: Machine[];
  openMachine(mode: 'webgpu' | 'webgl2'): Promise<number>;
}

describe('in headless Chromium', () => {
  let open: OpenPage;
  beforeAll(async () => {
    open = await openPage('test/gpu/page.ts', { flags: webgpuFlags });
  });
  afterAll(() => open?.close());

  for (const mode of ['webgpu', 'webgl2'] as const) {
    backendLaws({
      name: `gpu({ mode: '${mode}' }) in Chromium`,
      open: () => machineIn(open, mode),
      tolerance: 1e-4,
      functionTolerance: 4e-6,
      networkPoseStride: 1,
      programDivisor: mode === 'webgpu' ? 5 : 20,
      hasOneLaunchPerPose: mode === 'webgpu',
      hasDevice: true,
    });
  }

  test('the page has reported no errors', () => {
    expect(open.errors).toEqual([]);
  });
});

/** Machine that forwards each call to one in the page. */
async function machineIn({ page }: OpenPage, mode: 'webgpu' | 'webgl2'): Promise<Machine> {
  const index = await page.evaluate(mode => (globalThis as unknown as PageScope).openMachine(mode), mode);
  const call = <Name extends keyof Machine>(name: Name, ...args: Parameters<Machine[Name]>) =>
    page.evaluate(
      ({ index, name, args }) => {
        const machine = (globalThis as unknown as PageScope).machines[index] as Machine;
        return (machine[name] as (...args: unknown[]) => unknown)(...args);
      },
      { index, name, args: args as unknown[] },
    ) as Promise<Awaited<ReturnType<Machine[Name]>>>;
  return {
    run: task => call('run', task) as Promise<Tensor[]>,
    runAll: cases => call('runAll', cases),
    combine: request => call('combine', request),
    report: () => call('report'),
    dispose: () => call('dispose'),
  };
}
