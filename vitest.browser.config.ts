import { defineConfig, type ViteUserConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** Tests of wasm() and of the page in headless Chromium, without a GPU. */
const config: ViteUserConfig = defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/{browser,page}/**/*.test.ts'],
    exclude: [],
    // One browser at a time: software renderers take all cores.
    fileParallelism: false,
    isolate: true,
  },
});

export default config;
