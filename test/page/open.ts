import { readFileSync } from 'node:fs';
import axe from 'axe-core';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Ensemble, ensembleOf, type PdbqtFile } from '../../program/vina/ensemble.ts';
import { buildPage, outdir } from '../../scripts/page-build.ts';
import { patience } from '../support/browser.ts';
import { launch, type Served, serve } from './browser.ts';

const data = 'examples/vina/data/imatinib-abl';
const file = (name: string): PdbqtFile => ({ name, text: readFileSync(`${data}/${name}`, 'utf8') });

/** Files that the page shows at first, and the ensemble that Node computes from them. */
export const receptor: PdbqtFile = file('pocket.pdbqt');
export const posesFile: PdbqtFile = file('poses.pdbqt');
export const ensemble: Ensemble = ensembleOf(receptor, posesFile);

/** The page in a browser, whose errors and requests are recorded. */
export interface Opened {
  readonly page: Page;
  /** Returns the text of the element with this id. */
  text(id: string): Promise<string>;
  /** Waits until the text of the element with this id is as expected. */
  shows(id: string, expected: string | RegExp): Promise<void>;
  /** Waits until the rows of a table are as expected. A table that was just opened is filled asynchronously. */
  showsRows(id: string, expected: readonly (readonly string[])[]): Promise<void>;
  /** Fails if there were console errors or warnings, failed requests, or requests to another server. */
  expectNoComplaints(): void;
}

export interface OpenOptions {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
  /** Function that runs in the page before its own scripts. */
  readonly before?: () => void;
}

/** Builds and serves the page and starts a browser before the tests of a file. Tests open the page by `open`. */
export function site(flags: readonly string[] = []): { open(options?: OpenOptions): Promise<Opened> } {
  let [browser, served]: [Browser?, Served?] = [];
  beforeAll(async () => {
    await buildPage();
    [browser, served] = await Promise.all([launch(flags), serve(outdir)]);
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });
  return { open: options => openPage(browser as Browser, (served as Served).url, options) };
}

/** Opens the page and waits for its first result. */
async function openPage(
  browser: Browser,
  url: string,
  { width = 1280, colorScheme = 'light', before }: OpenOptions = {},
): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  page.setDefaultTimeout(patience);
  const complaints: string[] = [];
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', error => complaints.push(error.message));
  page.on('request', request => {
    if (!/^(?:data|blob):/.test(request.url()) && !request.url().startsWith(url)) {
      complaints.push(`asked for ${request.url()}`);
    }
  });
  page.on('requestfailed', request => complaints.push(`could not get ${request.url()}`));
  if (before) await page.addInitScript(before);
  await page.goto(url);
  await page.waitForSelector('html[data-first-result]');
  const element = (id: string): Locator => page.locator(`#${id}`);
  return {
    page,
    text: async id => (await element(id).textContent()) ?? '',
    shows: (id, expected) =>
      expect
        .poll(() => element(id).textContent())
        [typeof expected === 'string' ? 'toBe' : 'toMatch'](expected as string & RegExp),
    showsRows: (id, expected) => expect.poll(() => rowsOf(page, id)).toEqual(expected),
    expectNoComplaints: () => expect(complaints).toEqual([]),
  };
}

/** Texts of the cells of a table's body, by row, all read at once. */
export function rowsOf(page: Page, id: string): Promise<string[][]> {
  return page
    .locator(`#${id} tbody tr`)
    .evaluateAll(rows =>
      rows.map(row => [...row.querySelectorAll('th, td')].map(cell => cell.textContent ?? '')),
    );
}

/** Violations of rules on contrast, labels and roles that axe finds on a page in its current state. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' ')}`,
    );
  });
}

/** Replaces the text of the editor. */
export async function write(page: Page, source: string): Promise<void> {
  await page.locator('#scorer').scrollIntoViewIfNeeded();
  const editor = page.locator('#editor .cm-content');
  await editor.click();
  await page.keyboard.press('Control+A');
  // The text is pasted, since the editor completes brackets that are typed.
  await editor.evaluate((element, pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', pasted);
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, source);
}
