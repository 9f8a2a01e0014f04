import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';

const executable = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** A headless Chromium, and a server on this machine that it gets its pages from. */
export interface Browsing {
  /**
   * Opens a page that runs a program, and waits for it.
   *
   * @param csp what the page's Content-Security-Policy says of scripts
   */
  open(csp?: string): Promise<Page>;
  close(): Promise<void>;
}

/**
 * Bundles a program for browsers, and starts what it takes to run it in one.
 *
 * @throws Error that says how to install Chromium, where there is none
 */
export async function browse(program: string): Promise<Browsing> {
  if (!existsSync(executable)) {
    throw new Error(
      `there is no Chromium at ${executable}: on Debian or Ubuntu \`apt-get install chromium\`, or set $CHROMIUM to its path`,
    );
  }
  const { outputFiles } = await build({
    entryPoints: [program],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['posetape:source'],
    logLevel: 'error',
  });
  const script = outputFiles[0]?.text ?? '';
  const server = await listening(script);
  const { port } = server.address() as AddressInfo;
  const browser: Browser = await chromium.launch({
    executablePath: executable,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
  });
  return {
    open: async (csp = '') => {
      const page = await browser.newPage();
      const failed: string[] = [];
      page.on('pageerror', error => failed.push(error.message));
      await page.goto(`http://localhost:${port}/?csp=${encodeURIComponent(csp)}`);
      await page
        .waitForFunction(() => 'isReady' in globalThis)
        .catch(cause => {
          throw new Error(`${program} did not get ready: ${failed.join('; ')}`, { cause });
        });
      return page;
    },
    close: async () => {
      await browser.close();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

function listening(script: string): Promise<Server> {
  const html =
    '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="/program.js"></script>';
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const isScript = pathname === '/program.js';
    const csp = searchParams.get('csp');
    response.writeHead(200, {
      'content-type': isScript ? 'text/javascript' : 'text/html',
      ...(csp && { 'content-security-policy': `script-src ${csp}` }),
    });
    response.end(isScript ? script : html);
  });
  return new Promise(resolve => server.listen(0, 'localhost', () => resolve(server)));
}
