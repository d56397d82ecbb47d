import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    pool: 'forks',
    // Half of the tests wait for other processes: a core less than there are would be left idle.
    maxWorkers: '100%',
    restoreMocks: true,
    globalSetup: 'test/support/shared-directory.ts',
  },
});
