import { defineConfig, type ViteUserConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** Tests that need headless Chromium but no GPU: wasm() and workers in a browser, and the page. */
const config: ViteUserConfig = defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/{browser,page}/**/*.test.ts'],
    exclude: [],
    // One file at a time, as a software renderer uses all cores.
    fileParallelism: false,
    isolate: true,
  },
});

export default config;
