import { defineConfig, type ViteUserConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** The page, in headless Chromium. */
const config: ViteUserConfig = defineConfig({
  ...shared,
  test: {
    include: ['test/page/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One browser at a time: software renderers take all cores.
    fileParallelism: false,
  },
});

export default config;
