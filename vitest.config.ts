import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  // Tests import 'posetape' as a user does and get the sources, not dist/.
  resolve: { conditions: ['posetape:source'] },
  ssr: { resolve: { conditions: ['posetape:source'] } },
  // No test is about time, so none fails on a busy machine.
  test: {
    include: ['test/**/*.test.ts'],
    // They need a browser, and have a command of their own.
    exclude: ['test/browser/**'],
    testTimeout: 300_000,
    globalSetup: 'test/support/seed.ts',
  },
});

export default config;
