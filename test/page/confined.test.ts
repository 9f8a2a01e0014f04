import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Elsewhere, leaking, listenElsewhere } from './leaks.ts';
import { site, write } from './open.ts';

const { open } = site();
let elsewhere: Elsewhere;
beforeAll(async () => {
  elsewhere = await listenElsewhere();
});
afterAll(() => elsewhere.close());

test('what a reader types cannot send anything away, nor to the page’s own server', async () => {
  const { page, text } = await open();
  await write(page, leaking([elsewhere.url, page.url()]));
  await page.click('#scorer-run');
  await page.waitForSelector('#scorer-run:enabled');
  const results = JSON.parse(await text('scorer-result')) as Record<string, string>;
  expect(Object.keys(results).length).toBeGreaterThan(30);
  expect(Object.entries(results).filter(([, came]) => !['refused', 'absent'].includes(came))).toEqual([]);
  expect(elsewhere.connections()).toBe(0);
  await page.close();
});
