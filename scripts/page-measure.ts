// npm run page:measure: the size of the page, and the time to its first result in headless Chromium.
import { command, whole } from '../bench/support/command.ts';
import { launch, serve } from '../test/page/browser.ts';
import { buildPage, outdir } from './page-build.ts';
import { libraryWeights, pageWeights, type Weight } from './page-weight.ts';

const { loads } = command('page:measure', {
  does: 'Builds the page, and measures its size and the time to its first result in headless Chromium.',
  takes: 'about half a minute',
  writes: `static files to ${outdir}, and its measurements to stdout`,
})
  .option('--loads <count>', 'number of page loads', whole, 9)
  .parse()
  .opts<{ loads: number }>();

const { first, later } = pageWeights(await buildPage());
table('Loaded at once', first);
table('Loaded after the first result or when needed', later);
table('The library', await libraryWeights(), false);
console.log(
  `Time from requesting the page to its first result (64 poses, value and gradient), ${loads} loads:`,
);
console.log(`  ${(await firstResults()).join(' ')} ms`);

/** Loads the page repeatedly, each time in a fresh profile, and returns the sorted milliseconds. */
async function firstResults(): Promise<number[]> {
  const [browser, served] = await Promise.all([launch(), serve(outdir)]);
  const times: number[] = [];
  for (let load = 0; load < loads; load++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(served.url);
    await page.waitForSelector('html[data-first-result]');
    times.push(Number(await page.locator('html').getAttribute('data-first-result')));
    await context.close();
  }
  await browser.close();
  await served.close();
  return times.sort((a, b) => a - b);
}

function table(title: string, weights: readonly Weight[], hasTotal = true): void {
  const total = { what: 'total', bytes: sum(weights, 'bytes'), gzip: sum(weights, 'gzip') };
  const rows = hasTotal ? [...weights, total] : weights;
  const width = Math.max(...rows.map(({ what }) => what.length));
  console.log(`${title}:`);
  for (const { what, bytes, gzip } of rows) {
    console.log(`  ${what.padEnd(width)}  ${kilobytes(bytes)} kB  ${kilobytes(gzip)} kB gzip`);
  }
  console.log();
}

function sum(weights: readonly Weight[], key: 'bytes' | 'gzip'): number {
  return weights.reduce((total, weight) => total + weight[key], 0);
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(1).padStart(7);
}
