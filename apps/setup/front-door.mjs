// The front door does the set-up that a command still needs and then runs it with the pinned Node. The decisions are in the
// files beside it, so that tests import those.
//
// This folder is plain JavaScript, unlike the rest: it runs before anything is installed, on the Node that the machine
// happens to have (20 or newer), which does not read TypeScript. It uses Node's own modules and nothing else. Everything
// it says goes to stderr, so that a command's stdout is the command's own.

import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { adapterNeeds } from './adapter.mjs';
import { browserNeeds } from './browser.mjs';
import { buildIfChanged } from './build.mjs';
import { withLock } from './lock.mjs';
import { withoutWarnings } from './native-warnings.mjs';
import { environment, installPackages, packagesInstalled, pinnedNode } from './packages.mjs';
import { plan } from './plan.mjs';
import { pythonNeeds } from './python.mjs';
import { Remembered } from './remembered.mjs';
import { SetupError, say } from './report.mjs';
import { requireNode, requirePath } from './requirements.mjs';
import { distribution, installOrTell, runtimeNeeds } from './system.mjs';

/**
 * Brings the machine to where the command can run. Each step that is already done costs milliseconds.
 * @param {string} root
 * @param {{ adapter: boolean, browser: boolean, python: boolean }} needs
 * @param {boolean} fresh whether to forget remembered answers
 */
async function setUp(root, needs, fresh) {
  if (!packagesInstalled(root)) {
    await withLock(root, async () => {
      if (packagesInstalled(root)) return;
      const libraries = runtimeNeeds(distribution());
      if (libraries.length > 0) await installOrTell(libraries);
      await installPackages(root);
    });
  }
  const remembered = Remembered.read(root);
  if (fresh) remembered.forget();
  const missing = async () => [
    ...(needs.adapter ? await adapterNeeds(root, remembered) : []),
    ...(needs.browser ? await browserNeeds(root, remembered) : []),
    ...(needs.python ? pythonNeeds(remembered) : []),
  ];
  const wanted = await missing();
  if (wanted.length > 0) {
    await installOrTell(wanted);
    const [left] = await missing();
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
 * Runs a program of this project with the pinned Node in this process's place, as far as signals and the exit code go. Its
 * stderr passes through here, where native warnings are left out. A terminal is handed on as descriptor 3 as well: the
 * command line writes to it directly, since a pipe knows neither colours nor columns.
 * @param {{ root: string, folder: string, node: string }} place `folder` is the one that relative paths of `args` mean
 * @param {readonly string[]} words the program, relative to the root, and its arguments
 * @returns {Promise<number>}
 */
export function runInPlace({ root, folder, node }, [program = '', ...args]) {
  const path = [join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter);
  const terminal = process.stderr.isTTY ? { TAPESTRY_TERMINAL: '3' } : {};
  const child = spawn(node, [join(root, program), ...args], {
    cwd: folder,
    stdio: ['inherit', 'inherit', 'pipe', process.stderr.isTTY ? 2 : 'ignore'],
    env: { ...environment(), ...terminal, PATH: path },
  });
  // The reader of this process's stderr went away: nobody is left to show an error to.
  process.stderr.on('error', () => {});
  const passedOn = withoutWarnings(child.stderr ?? [], (text) => process.stderr.write(text));
  // A terminal sends Ctrl-C to the child as well; the command line takes two that come together as one.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      const exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
      passedOn.then(() => resolve(exitCode), reject);
    });
  });
}

/**
 * Sets a checkout up for a word and runs it. `folder` is the one that relative paths mean.
 * @param {string} root
 * @param {string} folder
 * @param {string} word
 * @param {string[]} args
 * @throws {SetupError}
 */
export async function open(root, folder, word, args) {
  requireNode(process.versions.node);
  const planned = plan(word, args);
  requirePath(root);
  await setUp(root, planned, word === 'setup');
  if (planned.run === null) say('everything is in place');
  else process.exitCode = await runInPlace({ root, folder, node: pinnedNode(root) }, planned.run);
}

/**
 * Runs the front door; says an error that a person can do something about, and sets the exit code.
 * @param {() => Promise<void>} work
 */
export async function orTell(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    say(`next: ${error.next}`);
    process.exitCode = error.exitCode;
  }
}
