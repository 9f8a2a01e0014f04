import { defineConfig, type ViteUserConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** Tests of the installed package with other compilers, bundlers and engines. */
const config: ViteUserConfig = defineConfig({
  ...shared,
  test: { ...shared.test, include: ['test/consumers/**/*.test.ts'], exclude: [] },
});

export default config;
