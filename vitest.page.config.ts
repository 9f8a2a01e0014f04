import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  // As in vitest.config.ts.
  resolve: { conditions: ['posetape:source'] },
  ssr: { resolve: { conditions: ['posetape:source'] } },
  // One browser at a time: they would share the same few cores.
  test: {
    include: ['test/page/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});

export default config;
