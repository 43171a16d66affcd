import { join } from 'node:path';
import { SetupError } from './report.mjs';

/** Commands of `tapestry` that compute on a GPU; the others need no adapter. */
const gpuCommands = new Set(['demo', 'join', 'eval']);

/**
 * The needs of each word beyond the packages and the build, and the program to run then.
 * @param {string} word
 * @param {string[]} args
 * @throws {SetupError} with exit code 2 for an unknown word
 */
export function plan(word, args) {
  const tapestry = join('dist', 'headless', 'tapestry.js');
  switch (word) {
    case 'start':
      return { adapter: !asksForHelp(args), browser: false, python: false, run: [tapestry, 'demo', ...args] };
    case 'tapestry':
      return {
        // Without a word the command offers to try it, which computes.
        adapter: (args.length === 0 || gpuCommands.has(args[0] ?? '')) && !asksForHelp(args),
        browser: false,
        python: false,
        run: [tapestry, ...args],
      };
    case 'test':
      return {
        adapter: true,
        browser: true,
        python: true,
        run: [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...args],
      };
    case 'bench':
      return {
        adapter: true,
        browser: false,
        python: false,
        run: [join('dist', 'headless', 'bench.js'), ...args],
      };
    case 'screenshots':
      return {
        adapter: true,
        browser: true,
        python: false,
        run: [join('test', 'screenshots', 'take.ts'), ...args],
      };
    case 'build':
      return { adapter: false, browser: false, python: false, run: null };
    case 'setup':
      return { adapter: true, browser: true, python: true, run: null };
    default:
      throw new SetupError(
        `There is no command "${word}".`,
        'Use one of: npm start, npm run tapestry -- --help, npm test, npm run bench -- NAME, npm run setup.',
        2,
      );
  }
}

/** @param {string[]} args */
function asksForHelp(args) {
  return args.includes('--help') || args.includes('-h');
}
