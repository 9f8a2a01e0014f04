import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { chromiumPath, patience } from '../support/browser.ts';

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

/** The methods of Playwright that are used here. The types that Playwright exports would need those of the DOM. */
interface Playwright {
  readonly chromium: {
    launch(options: object): Promise<{
      newPage(): Promise<{
        goto(address: string): Promise<unknown>;
        on(event: 'pageerror', listener: (error: Error) => void): unknown;
        waitForFunction(code: string, argument: undefined, options: object): Promise<unknown>;
        title(): Promise<string>;
      }>;
      close(): Promise<void>;
    }>;
  };
}

/** Serves a folder, opens its page, and returns the title that replaces `…`, or the message of the page's error. */
export async function titleOf(folder: string): Promise<string> {
  const server = createServer((request, response) => {
    const path = join(folder, request.url === '/' ? 'index.html' : (request.url as string));
    if (!existsSync(path)) return response.writeHead(404).end();
    return response.setHeader('Content-Type', types[extname(path)] as string).end(readFileSync(path));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { chromium } = (await import('playwright-core' as string)) as Playwright;
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox'],
    timeout: patience,
  });
  try {
    const page = await browser.newPage();
    const failed = new Promise<string>(resolve => page.on('pageerror', ({ message }) => resolve(message)));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const named = page
      .waitForFunction("document.title !== '…'", undefined, { timeout: patience })
      .then(() => page.title());
    return await Promise.race([failed, named]);
  } finally {
    await browser.close();
    server.close();
  }
}
