import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  // Tests import 'posetape' as a user does and get the sources, not dist/.
  resolve: { conditions: ['posetape:source'] },
  ssr: { resolve: { conditions: ['posetape:source'] } },
  // No test is about time, so none fails on a busy machine: a test waits for a condition, and these limits only end one
  // that hangs.
  // Files share a worker's modules, as loading them again for each file took a fifth of all time: a test puts back what
  // it changes of them and of the process.
  // What needs more than a bare Node has a command of its own: npm run test:gpu, test:browser, test:consumers.
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/gpu/**', 'test/browser/**', 'test/page/**', 'test/consumers/**'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 240_000 } },
    isolate: false,
    globalSetup: ['test/support/seed.ts'],
    setupFiles: ['test/support/setup.ts'],
  },
});

export default config;
