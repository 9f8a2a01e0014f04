import { describe, expect, test } from 'vitest';
import { site, violations } from './open.ts';

const { open } = site();

describe.each([
  { name: 'light', options: { colorScheme: 'light' } },
  { name: 'dark', options: { colorScheme: 'dark' } },
  { name: 'a phone’s width', options: { width: 360, colorScheme: 'light' } },
] as const)('the page in $name', ({ options }) => {
  test('passes axe’s checks (contrast, labels, roles), and does not scroll sideways', async () => {
    const { page, expectNoComplaints } = await open(options);
    await page.locator('#viewer canvas').waitFor();
    await page.locator('#scorer').scrollIntoViewIfNeeded();
    await page.locator('#editor .cm-content').waitFor();
    await page.locator('input[name=combination][value=gated]').check();
    await page.click('#numbers summary');
    await page.selectOption('#memory-largest', '64');
    for (const id of ['memory', 'scorer']) {
      await page.click(`#${id}-run`);
      await page.waitForSelector(`#${id}-run:enabled`);
    }
    expect(await violations(page)).toEqual([]);
    const [contentWidth, pageWidth] = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return [scrollWidth, clientWidth];
    });
    expect(contentWidth, 'wider than the page').toBeLessThanOrEqual(pageWidth as number);
    expectNoComplaints();
    await page.close();
  });
});

test('on a phone, a table wider than the screen has a hint to scroll, until its end is reached', async () => {
  const { page } = await open({ width: 360 });
  await page.locator('#executors').scrollIntoViewIfNeeded();
  await page.click('#executors-run');
  await page.waitForSelector('#executors-run:enabled');
  const scroll = page.locator('.scroll:has(#executors-table)');
  const hint = () => scroll.evaluate(element => getComputedStyle(element, '::before').content);
  await expect.poll(hint).toMatch(/Scroll sideways/);
  await scroll.evaluate(element => element.scrollTo({ left: element.scrollWidth }));
  await expect.poll(hint).toBe('none');
  await page.close();
});

test('the Tab key reaches every control, in visual order', async () => {
  const { page } = await open();
  await page.locator('#editor').scrollIntoViewIfNeeded();
  await page.locator('#editor .cm-content').waitFor();
  await page.locator('body').press('Home');
  const reached: string[] = [];
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    // Tab moves the focus out of the editor, too.
    const id = await page.evaluate(() => {
      const { activeElement: active } = document;
      return active?.closest('#editor')
        ? 'editor'
        : active?.classList.contains('cell')
          ? 'cell'
          : (active?.id ?? '');
    });
    if (id !== '' && id !== reached.at(-1)) reached.push(id);
    if (id === 'executors-run') break;
  }
  const order = [
    'theme',
    'viewer',
    'pose-previous',
    'pose',
    'pose-next',
    'forces',
    'own',
    'setting',
    'tape-play',
    'tape-back',
    'tape-step',
    'tape-forward',
    'cell',
    'memory-run',
    'memory-largest',
    'memory-per-tape',
    'scorer-run',
    'scorer-reset',
    'editor',
    'executors-run',
  ];
  expect(reached.filter(id => order.includes(id))).toEqual(order);
  await page.close();
});

test('the theme button switches to light and dark, and a reload keeps the choice', async () => {
  const { page, expectNoComplaints } = await open();
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.click('#theme');
  expect(await page.textContent('#theme')).toBe('Theme: light');
  expect(await background()).toBe(light);
  await page.click('#theme');
  expect(await page.textContent('#theme')).toBe('Theme: dark');
  expect(await background()).not.toBe(light);
  await page.reload();
  expect(await page.textContent('#theme')).toBe('Theme: dark');
  expectNoComplaints();
  await page.close();
});
