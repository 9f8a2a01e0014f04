import { afterAll, beforeAll, expect, test } from 'vitest';
import { leakAttempts, type OtherServer, startOtherServer } from './leaks.ts';
import { site, write } from './open.ts';

const { open } = site();
let other: OtherServer;
beforeAll(async () => {
  other = await startOtherServer();
});
afterAll(() => other.close());

test('a scorer typed into the editor cannot send anything to another server or to the page’s own', async () => {
  const { page, text } = await open();
  await write(page, leakAttempts([other.url, page.url()]));
  await page.click('#scorer-run');
  await page.waitForSelector('#scorer-run:enabled');
  const results = JSON.parse(await text('scorer-result')) as Record<string, string>;
  expect(Object.keys(results).length).toBeGreaterThan(30);
  expect(Object.entries(results).filter(([, outcome]) => !['refused', 'absent'].includes(outcome))).toEqual(
    [],
  );
  expect(other.connections()).toBe(0);
  await page.close();
});
