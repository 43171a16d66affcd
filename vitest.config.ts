import { defineConfig } from 'vitest/config';
import { udhrPlugin } from './client/data/udhr-plugin.ts';

export default defineConfig({
  plugins: [udhrPlugin()],
  test: {
    include: ['test/**/*.test.ts'],
    // Two workers at most: a software WebGPU adapter already uses every core.
    maxWorkers: 2,
    testTimeout: 60_000,
    // The first hook that needs the build makes it.
    hookTimeout: 120_000,
  },
});
