import { defineConfig, type ViteUserConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** The backends of gpu.js that need more than a bare Node: WebGPU by Dawn, and Chromium. */
const config: ViteUserConfig = defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/gpu/**/*.test.ts'],
    exclude: [],
    globalSetup: ['test/support/seed.ts', 'test/gpu/what-runs.ts'],
    // One after the other: software renderers take all cores.
    fileParallelism: false,
    // A device that one file loses must be no other's.
    isolate: true,
  },
});

export default config;
