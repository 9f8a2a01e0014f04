import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  // Tests import 'posetape' as a user does and get the sources, not dist/.
  resolve: { conditions: ['posetape:source'] },
  ssr: { resolve: { conditions: ['posetape:source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    // Tests that need more than Node have their own commands: npm run test:gpu, test:browser, test:consumers.
    exclude: ['test/gpu/**', 'test/browser/**', 'test/page/**', 'test/consumers/**'],
    // Tests wait for conditions, not for times, so that none fails on a busy machine. These limits only end a test that
    // hangs.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 240_000 } },
    // Test files in one worker share loaded modules, which saves a fifth of the time. A test must undo its changes to
    // modules and to the process.
    isolate: false,
    globalSetup: ['test/support/seed.ts'],
    setupFiles: ['test/support/setup.ts'],
  },
});

export default config;
