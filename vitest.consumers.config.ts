import { defineConfig, type ViteUserConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** The package as it is installed: compiled by others' compilers, built by their bundlers, run by their engines. */
const config: ViteUserConfig = defineConfig({
  ...shared,
  test: { ...shared.test, include: ['test/consumers/**/*.test.ts'], exclude: [] },
});

export default config;
