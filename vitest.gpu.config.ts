import { defineConfig, type ViteUserConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** Tests of the backends of gpu.js that need more than Node: WebGPU by Dawn, and those in Chromium. */
const config: ViteUserConfig = defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/gpu/**/*.test.ts'],
    exclude: [],
    globalSetup: ['test/support/seed.ts', 'test/gpu/what-runs.ts'],
    // One file at a time: software renderers take all cores.
    fileParallelism: false,
    // A file that loses its device must not affect others.
    isolate: true,
  },
});

export default config;
