import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Only what hangs takes as long: longer than a test waits for one thing (test/support/patience.ts), which then says
    // what it waited for.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000 } },
    // Two cores, and many tests start a whole process tree: more workers only make each of them wait.
    maxWorkers: 2,
    pool: 'forks',
  },
});
