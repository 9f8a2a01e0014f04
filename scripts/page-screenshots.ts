// npm run page:screenshots: takes the README's pictures of the page: light, dark and on a phone.
import { mkdirSync, statSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { command } from '../bench/support/command.ts';
import { launch, serve } from '../test/page/browser.ts';
import { buildPage, outdir } from './page-build.ts';

const { out: folder } = command('page:screenshots', {
  does: 'Builds the page and takes the README’s pictures of it in headless Chromium: light, dark and on a phone.',
  takes: 'about a minute',
  writes: `static files to ${outdir}, and light.png, dark.png and phone.png`,
})
  .option('--out <folder>', 'folder of the pictures', 'examples/browser/screenshots')
  .parse()
  .opts<{ out: string }>();

interface Picture {
  readonly name: string;
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
  /** Id of the first element in the picture. Default: the picture begins at the top of the page. */
  readonly from?: string;
  /** Id of the last element in the picture. */
  readonly to: string;
  /** Actions before the screenshot is taken. */
  prepare(page: Page): Promise<void>;
}

const pictures: readonly Picture[] = [
  { name: 'light', colorScheme: 'light', width: 1080, to: 'combination', prepare: warm },
  {
    name: 'dark',
    colorScheme: 'dark',
    width: 1080,
    from: 'tape',
    to: 'memory',
    prepare: async page => {
      await warm(page);
      await page.locator('#tape .cell').nth(64).hover();
      await page.click('#memory-run');
      await page.getByText('At N = 1024').waitFor({ timeout: 120_000 });
      await page.locator('#tape-step').press('ArrowRight');
    },
  },
  { name: 'phone', colorScheme: 'light', width: 390, to: 'combination', prepare: warm },
];

/** Raises the temperature, so that more poses have visible weights. */
async function warm(page: Page): Promise<void> {
  await page.locator('#viewer canvas').waitFor();
  await page.locator('#shares svg').waitFor();
  const slider = page.locator('#setting');
  for (let step = 0; step < 16; step++) await slider.press('ArrowRight');
}

await buildPage();
mkdirSync(folder, { recursive: true });
const [browser, served] = await Promise.all([launch(), serve(outdir)]);
for (const picture of pictures) await take(browser, served.url, picture);
await browser.close();
await served.close();

async function take(browser: Browser, url: string, picture: Picture): Promise<void> {
  const { name, colorScheme, width, from, to } = picture;
  const page = await browser.newPage({
    viewport: { width, height: 1000 },
    colorScheme,
    reducedMotion: 'reduce',
  });
  await page.goto(url);
  await page.waitForSelector('html[data-first-result]');
  await picture.prepare(page);
  await page.mouse.move(0, 0);
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  // Waits until the 3D view has drawn its last frame.
  await page.waitForTimeout(2000);
  const [top, bottom] = await Promise.all([from ? edge(page, from, 'top') : 0, edge(page, to, 'bottom')]);
  const margin = 24;
  const y = Math.max(top - margin, 0);
  const path = `${folder}/${name}.png`;
  const clip = { x: 0, y, width, height: bottom + margin - y };
  await page.screenshot({ path, clip, fullPage: true });
  console.log(`${path}  ${width} × ${Math.round(clip.height)}  ${Math.round(statSync(path).size / 1000)} kB`);
  await page.close();
}

/** Returns the position of an element's top or bottom edge, in pixels from the top of the page. */
function edge(page: Page, id: string, side: 'top' | 'bottom'): Promise<number> {
  return page
    .locator(`#${id}`)
    .evaluate((element, which) => element.getBoundingClientRect()[which] + scrollY, side);
}
