import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode } from './packages.mjs';
import { say } from './report.mjs';
import { distribution, distributionChromium } from './system.mjs';

/** A download that prints nothing for this long is ended. */
const silentMilliseconds = 45_000;

/**
 * Lists the packages to install until the tests have a Chromium. Any that runs will do; where there is none, Playwright's
 * own is tried first, since it needs no administrator.
 * @param {string} root
 * @param {import('./remembered.mjs').Remembered} remembered
 * @returns {Promise<import('./system.mjs').Need[]>}
 */
export async function browserNeeds(root, remembered) {
  const known = remembered.answer('browser', 'path');
  if (known !== undefined && existsSync(known)) return [];
  let found = findChromium(root);
  if (found === null && !tried) {
    tried = true;
    say(
      "missing: Chromium: the tests join a run from a real browser tab; trying Playwright's own (about 170 MB)",
    );
    await download(root);
    found = findChromium(root);
  }
  if (found === null) return [distributionChromium(distribution())];
  say(`Chromium: ${found}`);
  remembered.keep('browser', 'path', found);
  return [];
}

/** A download that failed once in this set-up is not tried again. */
let tried = false;

/**
 * A Chromium that runs: Playwright's, else the distribution's. test/apps/pages/browser.ts looks in the same places.
 * @param {string} root
 */
function findChromium(root) {
  const asked = spawnSync(
    pinnedNode(root),
    [
      '--input-type=module',
      '--eval',
      "import { chromium } from 'playwright'; console.log(chromium.executablePath())",
    ],
    { cwd: root, encoding: 'utf8' },
  );
  const runs = (/** @type {string} */ file) =>
    existsSync(file) && spawnSync(file, ['--version'], { stdio: 'ignore', timeout: 30_000 }).status === 0;
  return [(asked.stdout ?? '').trim(), '/usr/bin/chromium'].find((file) => file !== '' && runs(file)) ?? null;
}

/**
 * Playwright's own download, ended when it falls silent: behind some networks it never answers.
 * @param {string} root
 * @returns {Promise<void>}
 */
function download(root) {
  return new Promise((resolve) => {
    const child = spawn(
      pinnedNode(root),
      [join('node_modules', 'playwright', 'cli.js'), 'install', 'chromium'],
      { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let timer = setTimeout(() => child.kill('SIGKILL'), silentMilliseconds);
    const heard = (/** @type {Buffer} */ chunk) => {
      process.stderr.write(chunk);
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), silentMilliseconds);
    };
    child.stdout.on('data', heard);
    child.stderr.on('data', heard);
    child.on('error', () => resolve());
    child.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
