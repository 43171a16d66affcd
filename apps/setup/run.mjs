// The front door: `npm start`, `npm run tapestry`, `npm test` and `npm run bench` all come through here. It does whatever
// set-up the command still needs and then runs it with the pinned Node.
//
// This folder is plain JavaScript, unlike the rest: it runs before anything is installed, on the Node that the machine
// happens to have (20 or newer), which does not read TypeScript. It uses Node's own modules and nothing else. Everything
// it says goes to stderr, so that a command's stdout is the command's own.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { adapterNeeds } from './adapter.mjs';
import { browserNeeds } from './browser.mjs';
import { buildIfChanged } from './build.mjs';
import { installPackages, packagesInstalled, pinnedNode } from './packages.mjs';
import { Remembered, withLock } from './remembered.mjs';
import { SetupError, say } from './report.mjs';
import { distribution, installOrTell, runtimeNeeds } from './system.mjs';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..', '..');

/** Commands of `tapestry` that compute on a GPU; the others need no adapter. */
const gpuCommands = new Set(['demo', 'join', 'eval']);

/**
 * What each word needs beyond the packages and the build, and what is then run.
 * @param {string} word
 * @param {string[]} args
 */
export function plan(word, args) {
  const tapestry = join('dist', 'headless', 'tapestry.js');
  switch (word) {
    case 'start':
      return { adapter: !asksForHelp(args), browser: false, run: [tapestry, 'demo', ...args] };
    case 'tapestry':
      return {
        adapter: gpuCommands.has(args[0] ?? '') && !asksForHelp(args),
        browser: false,
        run: [tapestry, ...args],
      };
    case 'test':
      return {
        adapter: true,
        browser: true,
        run: [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...args],
      };
    case 'bench':
      return { adapter: true, browser: false, run: [join('dist', 'headless', 'bench.js'), ...args] };
    case 'setup':
      return { adapter: true, browser: true, run: null };
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

/**
 * Brings the machine to where the command can run. Each step that is already done costs milliseconds.
 * @param {{ adapter: boolean, browser: boolean }} needs
 * @param {boolean} afresh whether remembered answers count
 */
async function setUp(needs, afresh) {
  if (!packagesInstalled(root)) {
    await withLock(root, async () => {
      if (packagesInstalled(root)) return;
      const libraries = runtimeNeeds(distribution());
      if (libraries.length > 0) await installOrTell(libraries);
      await installPackages(root);
    });
  }
  const remembered = Remembered.read(root);
  if (afresh) remembered.forget();
  const wanted = [];
  if (needs.adapter) wanted.push(...(await adapterNeeds(root, remembered)));
  if (needs.browser) wanted.push(...(await browserNeeds(root, remembered)));
  if (wanted.length > 0) {
    await installOrTell(wanted);
    const still = [];
    if (needs.adapter) still.push(...(await adapterNeeds(root, remembered)));
    if (needs.browser) still.push(...(await browserNeeds(root, remembered)));
    const [left] = still;
    if (left !== undefined)
      throw new SetupError(
        `After installing ${left.packages.join(' ')} there is still no ${left.what}.`,
        left.otherwise,
        6,
      );
  }
  await buildIfChanged(root);
}

/**
 * Runs a program with the pinned Node in this process's place, as far as signals and the exit code go.
 * @param {string[]} args
 * @returns {Promise<number>}
 */
function runPinned(args) {
  const path = `${join(root, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`;
  const child = spawn(pinnedNode(root), args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  // A terminal sends Ctrl-C to the child as well; the command line takes two that come together as one.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

async function main() {
  const [word = '', ...args] = process.argv.slice(2);
  const planned = plan(word, args);
  await setUp(planned, word === 'setup');
  if (planned.run === null) say('everything is in place');
  else process.exitCode = await runPinned(planned.run);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  main().catch((error) => {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    say(`next: ${error.next}`);
    process.exitCode = error.exitCode;
  });
}
