import { defineConfig, type ViteUserConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** The tests that need a browser and no GPU. */
const config: ViteUserConfig = defineConfig({
  ...shared,
  test: { ...shared.test, include: ['test/browser/**/*.test.ts'], exclude: [] },
});

export default config;
