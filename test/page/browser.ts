import { existsSync } from 'node:fs';
import { context } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { chromiumPath, patience } from '../support/browser.ts';

// These flags run WebGL in software, stop background requests, and turn off the sandbox, since CI runs as root.
const args = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];

/**
 * Starts a headless Chromium.
 *
 * @param flags additional flags, besides those that all tests need
 * @throws Error that says how to install Chromium, if Chromium is missing
 */
export function launch(flags: readonly string[] = []): Promise<Browser> {
  if (!existsSync(chromiumPath)) {
    throw new Error(
      `there is no Chromium at ${chromiumPath}: apt-get install chromium, or set POSETAPE_CHROMIUM to its path`,
    );
  }
  return chromium.launch({ executablePath: chromiumPath, args: [...args, ...flags], timeout: patience });
}

/** A folder served on this machine. */
export interface Served {
  /** URL of the folder, with a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a folder as static files on a free port of this machine. */
export async function serve(folder: string): Promise<Served> {
  const server = await context({});
  const { port } = await server.serve({ servedir: folder, host: '127.0.0.1', port: 0 });
  return { url: `http://127.0.0.1:${port}/`, close: () => server.dispose() };
}
