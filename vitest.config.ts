import { defineConfig } from 'vitest/config';
import { udhrPlugin } from './client/data/udhr-plugin.ts';

/** For what hangs, never for what is slow: a loaded machine with a cold shader cache takes minutes for some files. */
const timeout = 600_000;

export default defineConfig({
  plugins: [udhrPlugin()],
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // Two workers at most: a software WebGPU adapter already uses every core.
    maxWorkers: 2,
    testTimeout: timeout,
    // The first hook that needs the build makes it.
    hookTimeout: timeout,
    expect: { poll: { timeout: timeout / 2 } },
  },
});
