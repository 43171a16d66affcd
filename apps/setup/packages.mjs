import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, say } from './report.mjs';

/**
 * The Node that package-lock.json pins. A machine's own may be older: it only has to run this folder.
 * @param {string} root
 */
export function pinnedNode(root) {
  const folder = join(root, 'node_modules', 'node', 'bin');
  return join(folder, process.platform === 'win32' ? 'node.exe' : 'node');
}

/**
 * Whether node_modules is what package-lock.json says. npm leaves its own record of what it installed, written last; so
 * an install by hand counts, one cut off half way does not.
 * @param {string} root
 */
export function packagesInstalled(root) {
  if (!existsSync(pinnedNode(root))) return false;
  const locked = lockfile(join(root, 'package-lock.json'));
  const installed = lockfile(join(root, 'node_modules', '.package-lock.json'));
  return samePackages(locked, installed);
}

/** @typedef {Record<string, { version?: string, integrity?: string, optional?: boolean }>} Packages */

/**
 * Packages for other platforms are optional, so their absence says nothing; any other version does.
 * @param {Packages} locked
 * @param {Packages} installed
 */
export function samePackages(locked, installed) {
  return Object.entries(locked).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found === undefined) return wanted.optional === true;
    return (
      found.version === wanted.version &&
      (wanted.integrity === undefined || found.integrity === wanted.integrity)
    );
  });
}

/**
 * @param {string} file
 * @returns {Packages}
 */
function lockfile(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}

/**
 * Both kinds of dependencies are asked for by name: NODE_ENV=production, or npm's own settings, would leave out the
 * build tools and the pinned Node.
 */
export const installArguments = [
  'ci',
  '--include=dev',
  '--include=optional',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
];

/** The environment of everything that set-up runs: NODE_ENV is for programs that are deployed, and would change the build. */
export function environment() {
  const { NODE_ENV: _, ...rest } = process.env;
  return rest;
}

/** @param {string} root */
export async function installPackages(root) {
  say(
    'installing the locked npm packages into node_modules (the pinned Node and Deno among them; about 800 MB)',
  );
  const started = Date.now();
  const code = await run('npm', installArguments, root);
  if (code !== 0)
    throw new SetupError(
      `npm ci ended with code ${code}.`,
      'Read what npm says above; most often the network or a proxy is in the way. Then run the same command again.',
    );
  await installPinnedNode(root);
  say(`packages installed in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

/**
 * The `node` package fetches its binary in an install script. Where npm is told to run none, run that one.
 * @param {string} root
 */
async function installPinnedNode(root) {
  if (!runs(pinnedNode(root))) {
    say('install scripts were not run; fetching the pinned Node by its own script');
    await run(process.execPath, ['installArchSpecificPackage.js'], join(root, 'node_modules', 'node'));
  }
  if (!runs(pinnedNode(root)))
    throw new SetupError(
      'The pinned Node is not in node_modules.',
      'Run "npm rebuild node" and read what it says; npm must be allowed to run install scripts.',
    );
}

/** @param {string} file */
function runs(file) {
  return spawnSync(file, ['--version'], { stdio: 'ignore' }).status === 0;
}

/**
 * Runs a program with its output on stderr; its exit code.
 * @param {string} program
 * @param {string[]} args
 * @param {string} folder
 * @returns {Promise<number>}
 */
export function run(program, args, folder) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: folder,
      env: environment(),
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
    child.on('error', () => resolve(127));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
