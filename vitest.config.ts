import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores, and many tests start a whole process tree: more workers only make each of them wait.
    maxWorkers: 2,
    pool: 'forks',
  },
});
