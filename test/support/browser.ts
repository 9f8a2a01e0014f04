import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { build } from 'esbuild';

/** Path of Chromium: POSETAPE_CHROMIUM, or the path of Debian's package. */
export const chromiumPath: string = process.env.POSETAPE_CHROMIUM ?? '/usr/bin/chromium';

/**
 * Longest wait for a browser, in milliseconds. It is shorter than a test's time limit, so that the error can name the
 * step that took too long.
 */
export const patience = 240_000;

/** The methods of Playwright's `Page` that are used here. Playwright's own types would need the types of the DOM. */
export interface Page {
  setDefaultTimeout(milliseconds: number): void;
  goto(address: string): Promise<unknown>;
  evaluate<Argument, Result>(
    code: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result>;
  on(event: 'pageerror', listener: (error: Error) => void): unknown;
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): unknown;
}

interface Playwright {
  readonly chromium: {
    launch(options: { executablePath: string; args: readonly string[]; timeout: number }): Promise<{
      newPage(): Promise<Page>;
      newBrowserCDPSession(): Promise<{ send(method: 'SystemInfo.getProcessInfo'): Promise<Processes> }>;
      version(): string;
      close(): Promise<void>;
    }>;
  };
}

/** All processes of the browser, including those of its pages and of its GPU. CPU times are in seconds. */
interface Processes {
  readonly processInfo: readonly { readonly id: number; readonly cpuTime: number }[];
}

/** Open page that runs a bundled module. */
export interface OpenPage {
  readonly page: Page;
  /** Messages of the errors that the page threw or wrote to its console. */
  readonly errors: readonly string[];
  /** The version of the browser. */
  readonly version: string;
  /** CPU time of all processes of the browser so far, in milliseconds. */
  cpuTime(): Promise<number>;
  close(): Promise<void>;
}

const html =
  '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="/script.js"></script>';

/** Output folder that esbuild needs for the paths of its scripts. Nothing is written there. */
const outputFolder = resolve('served');

/** Options of {@link openPage}. */
export interface PageOptions {
  /** Additional flags of Chromium. */
  readonly flags?: readonly string[];
  /** Value of `script-src` in the page's Content-Security-Policy. Default: no policy. */
  readonly scripts?: string;
  /** Other modules to bundle and serve, such as workers: the paths by name. A name `n` is served as `/n.js`. */
  readonly modules?: Readonly<Record<string, string>>;
  /** True to isolate the page from other origins, which is required to share memory with workers. Default false. */
  readonly isIsolated?: boolean;
}

/**
 * Bundles a module, serves it on localhost (a secure context, which WebGPU requires) and opens it in headless Chromium.
 *
 * @throws Error if Chromium is missing, with the command that installs it
 */
export async function openPage(
  entry: string,
  { flags = [], scripts, modules = {}, isIsolated = false }: PageOptions = {},
): Promise<OpenPage> {
  if (!existsSync(chromiumPath)) {
    throw new Error(
      `there is no Chromium at ${chromiumPath}: apt-get install chromium, or set POSETAPE_CHROMIUM to its path`,
    );
  }
  const { outputFiles } = await build({
    entryPoints: { script: entry, ...modules },
    outdir: outputFolder,
    bundle: true,
    splitting: Object.keys(modules).length > 0,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['posetape:source'],
    // gpu.js contains imports of Node's modules, which a page never runs.
    external: ['node:*'],
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [path.slice(outputFolder.length), text]));
  const server = createServer((request, response) => {
    const script = texts.get(request.url ?? '');
    response.setHeader('Content-Type', script === undefined ? 'text/html' : 'text/javascript');
    if (scripts) response.setHeader('Content-Security-Policy', `script-src ${scripts}`);
    if (isIsolated) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    response.end(script ?? html);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { chromium } = (await import('playwright-core' as string)) as Playwright;
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', ...flags],
    timeout: patience,
  });
  const session = await browser.newBrowserCDPSession();
  const page = await browser.newPage();
  page.setDefaultTimeout(patience);
  const errors: string[] = [];
  page.on('pageerror', error => errors.push(error.message));
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return {
    page,
    errors,
    version: browser.version(),
    cpuTime: async () => {
      const { processInfo } = await session.send('SystemInfo.getProcessInfo');
      return 1000 * processInfo.reduce((total, { cpuTime }) => total + cpuTime, 0);
    },
    close: async () => {
      await browser.close();
      server.close();
    },
  };
}
