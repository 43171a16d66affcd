import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Two workers at most: a software WebGPU adapter already uses every core.
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
