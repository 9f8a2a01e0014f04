import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  // Tests import 'posetape' as a user does and get the sources, not dist/.
  resolve: { conditions: ['posetape:source'] },
  ssr: { resolve: { conditions: ['posetape:source'] } },
  // No test is about time, so none fails on a busy machine.
  // What needs more than a bare Node has a command of its own: npm run test:gpu, npm run test:browser.
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/gpu/**', 'test/browser/**', 'test/page/**'],
    testTimeout: 300_000,
    globalSetup: ['test/support/seed.ts'],
    setupFiles: ['test/support/setup.ts'],
  },
});

export default config;
