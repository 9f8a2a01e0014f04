import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  // Tests import 'posetape' as a user does and get the sources, not dist/.
  resolve: { conditions: ['posetape:source'] },
  ssr: { resolve: { conditions: ['posetape:source'] } },
  test: { include: ['test/**/*.test.ts'] },
});

export default config;
