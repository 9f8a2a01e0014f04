import { defineConfig, mergeConfig, type ViteUserConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** The tests that need a browser: `npm run test:browser`. */
const config: ViteUserConfig = mergeConfig(
  { ...shared, test: { ...shared.test, include: [], exclude: [] } },
  defineConfig({ test: { include: ['test/browser/**/*.test.ts'] } }),
);

export default config;
