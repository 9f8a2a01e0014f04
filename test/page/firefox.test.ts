import { boltzmann, combinePoses } from 'posetape/combine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixed } from '../../examples/browser/draw/numbers.ts';
import { score, vinaWeights } from '../../examples/vina/score.ts';
import { buildPage, outdir } from '../../scripts/page-build.ts';
import { type FirefoxPage, hasFirefox, launchFirefox } from '../support/firefox.ts';
import { type Served, serve } from './browser.ts';
import { leakAttempts, startOtherServer } from './leaks.ts';
import { ensemble } from './open.ts';

// These tests are skipped without Firefox: apt-get install firefox-esr, or set POSETAPE_FIREFOX to its path.
describe.runIf(hasFirefox)('the page in Firefox', () => {
  let page: FirefoxPage;
  let served: Served;
  beforeAll(async () => {
    await buildPage();
    [page, served] = await Promise.all([launchFirefox(), serve(outdir)]);
    await page.goto(served.url);
  });
  afterAll(async () => {
    await page?.close();
    await served?.close();
  });

  const text = (id: string) =>
    page.run<string>('return document.getElementById(arguments[0]).textContent', id);

  test('computes the same ΔG as Node', async () => {
    await page.until("return 'firstResult' in document.documentElement.dataset");
    const { value } = await combinePoses({
      poses: ensemble.poses,
      params: vinaWeights(),
      score,
      combination: boltzmann({ kT: 0.593 }),
    });
    expect(await text('value')).toBe(fixed(value, 4));
  });

  test('draws the charts, and the poses or a message that WebGL is missing', async () => {
    for (const chart of ['curve', 'shares']) {
      await page.until('return document.querySelectorAll(arguments[0]).length > 3', `#${chart} svg path`);
    }
    // Headless Firefox has no WebGL.
    await page.until(
      "return document.querySelector('#viewer canvas, #viewer:not(:empty)')?.textContent !== 'Loading the 3D view …'",
    );
    const view = await text('viewer');
    if (view !== '') expect(view).toMatch(/^The 3D view could not start: it needs WebGL/);
  });

  test('does not let a scorer typed into the editor send anything away', async () => {
    const other = await startOtherServer();
    await page.run("document.getElementById('scorer').scrollIntoView()");
    await page.until("return document.querySelector('#editor .cm-content')");
    await page.run(
      `const editor = document.querySelector('#editor .cm-content');
      editor.focus();
      document.execCommand('selectAll');
      document.execCommand('insertText', false, arguments[0]);
      // The editor notices the change asynchronously.
      await new Promise(resolve => setTimeout(resolve, 100));
      document.getElementById('scorer-run').click();`,
      leakAttempts([other.url, served.url]),
    );
    await page.until("return document.getElementById('scorer-run').disabled === false");
    const results = JSON.parse(await text('scorer-result')) as Record<string, string>;
    expect(Object.keys(results).length).toBeGreaterThan(30);
    expect(Object.entries(results).filter(([, outcome]) => !['refused', 'absent'].includes(outcome))).toEqual(
      [],
    );
    expect(other.connections()).toBe(0);
    other.close();
  });
});
