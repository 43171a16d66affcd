import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { udhrPlugin } from './client/data/udhr-plugin.ts';

export default defineConfig({
  plugins: [udhrPlugin()],
  test: {
    include: ['test/**/*.test.ts'],
    // What was measured for this user's own training is none of the tests' business, nor theirs of its.
    env: { TAPESTRY_CACHE: join(tmpdir(), 'tapestry-tests') },
    // Two workers at most: a software WebGPU adapter already uses every core.
    maxWorkers: 2,
    // A software adapter with a cold shader cache compiles for a while.
    testTimeout: 120_000,
    // The first hook that needs the build makes it.
    hookTimeout: 120_000,
  },
});
