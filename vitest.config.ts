import { defineConfig } from 'vitest/config';
import { udhrPlugin } from './client/data/udhr/plugin.ts';
import { SlowestFirst } from './test/support/slowest-first.ts';

/** Ends a test that hangs, never one that is slow: on a loaded machine with a cold shader cache some files take minutes. */
const timeout = 600_000;

/** Files that change their process for all that runs in it: the environment that a driver reads, or mocked modules. */
const alone = ['test/platform/**/*.test.ts', 'test/system/**/*.test.ts', 'test/shaders/**/*.test.ts'];

export default defineConfig({
  plugins: [udhrPlugin()],
  test: {
    // Else style sheets are read as empty, and the page before the browser's warning would be tested without its own.
    css: { include: /\.css/ },
    reporters: [
      'default',
      'test/support/slowest-files.ts',
      ['json', { outputFile: 'test-results/report.json' }],
    ],
    // On two cores a whole run with two workers left half of their time unused: files wait for browsers, processes and clocks.
    maxWorkers: 3,
    sequence: { sequencer: SlowestFirst },
    setupFiles: ['test/setup.ts'],
    testTimeout: timeout,
    // The first hook that needs the build makes it.
    hookTimeout: timeout,
    expect: { poll: { timeout: timeout / 2 } },
    // A worker that used a software GPU dies late, with nothing open: the kernel frees its memory in the thread that ends last, and that is the one
    // of Mesa's shader cache, whose priority is the least there is. While other tests keep the processors busy it took up to 27 s.
    teardownTimeout: 120_000,
    projects: [
      { extends: true, test: { name: 'alone', include: alone } },
      // A worker loads each module once for all of these files.
      {
        extends: true,
        test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: alone, isolate: false },
      },
    ],
  },
});
