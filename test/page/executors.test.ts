import { boltzmann, combinePoses } from 'posetape/combine';
import { describe, expect, test } from 'vitest';
import { executorChoices } from '../../examples/browser/executors.ts';
import { score, vinaWeights } from '../../examples/vina/score.ts';
import { ensemble, rowsOf, site, violations } from './open.ts';

// These flags run WebGPU in software, for which libvulkan must be installed.
const webgpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

describe.each([
  { browser: 'without flags', flags: [], mayLack: /^gpu/ },
  { browser: 'with WebGPU in software', flags: webgpu, mayLack: /^$/ },
])('the executors panel, in a browser $browser,', ({ flags, mayLack }) => {
  const { open } = site(flags);

  test('runs every executor, shows that they agree, and says why one cannot run', async () => {
    const { page, shows, expectNoComplaints } = await open();
    await page.locator('#executors').scrollIntoViewIfNeeded();
    await page.click('#executors-run');
    await shows('executors-doing', /^Done/);
    const rows = await rowsOf(page, 'executors-table');
    expect(rows.length).toBe(executorChoices.length);
    const { value } = await combinePoses({
      poses: ensemble.poses,
      params: vinaWeights(),
      score,
      combination: boltzmann({ kT: 0.593 }),
    });
    for (const [name = '', ...cells] of rows) {
      if (cells.length === 1) {
        // Only an executor that the browser may lack may fail, and it must give a reason.
        expect(name).toMatch(mayLack);
        expect(cells[0]).toMatch(/^gpu: .{20}/);
        expect(cells[0], 'the reason names internals of gpu.js').not.toMatch(
          /isWebGPUAvailable|GPU\.|\bawait\b/,
        );
        continue;
      }
      const [time, , ran = '', , shown = '', difference = ''] = cells.map(cell => cell.replaceAll('−', '-'));
      const isFloat64 = ran.endsWith('float64');
      expect(name).toContain(isFloat64 ? 'float64' : 'float32');
      expect(Number(time)).toBeGreaterThan(0);
      // The page shows four digits.
      expect(Math.abs(Number(shown) - value)).toBeLessThan(isFloat64 ? 6e-5 : 2e-4);
      expect(Number(difference)).toBeLessThan(isFloat64 ? 1e-12 : 1e-5);
    }
    expect(await violations(page)).toEqual([]);
    expectNoComplaints();
    await page.close();
  });
});
