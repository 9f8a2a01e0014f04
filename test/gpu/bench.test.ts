import { describe, expect, test } from 'vitest';
import { PageTrial } from '../../bench/gpu/in-page.ts';
import { phasesOf } from '../../bench/gpu/names.ts';
import { Trial } from '../../bench/gpu/trial.ts';
import { useSoftwareDriver } from './driver.ts';

useSoftwareDriver();

describe('the benchmark sees each part of a pose', () => {
  const tiny = { workload: 'tiny' } as const;

  test('on webgpu in Node', async () => {
    let ticks = 0;
    const trial = await Trial.open(tiny, 'webgpu', () => ticks++);
    await trial.first();
    const { phases } = await trial.round();
    for (const phase of phasesOf.webgpu) expect(phases[phase], phase).toBeGreaterThan(0);
    const { launches, readbacks, adapter } = await trial.facts();
    expect([launches, readbacks]).toEqual([1, 1]);
    expect(adapter?.name).not.toBe('');
  });

  test.each(['webgpu', 'webgl2'] as const)('on %s in Chromium', async engine => {
    const trial = await PageTrial.start(tiny, engine, 'software');
    try {
      await trial.first();
      await trial.warmUp();
      const { phases, cpu } = await trial.round();
      // A clock of a page has steps, so a part that is short may read 0.
      for (const phase of phasesOf[engine]) expect(phases[phase], phase).toBeGreaterThanOrEqual(0);
      expect(phases.readback).toBeGreaterThan(0);
      expect(cpu).toBeGreaterThan(0);
      expect((await trial.facts()).readbacks).toBe(engine === 'webgpu' ? 1 : 2);
      expect(trial.version).toMatch(/^\d+\./);
    } finally {
      await trial.stop();
    }
  });
});
