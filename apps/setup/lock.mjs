import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SetupError, say } from './report.mjs';

/** The holder touches the lock this often; a lock that nobody has touched for `staleMilliseconds` has no holder. */
const beatMilliseconds = 1000;
const staleMilliseconds = 10_000;

/**
 * How long a new holder waits before it trusts its lock: a process that judged the lock before this one to be stale may
 * still remove this one by mistake.
 */
const settleMilliseconds = 250;

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Runs `work` while no other set-up of this tree does: two terminals may start at once. A lock whose holder died is
 * taken over after ten seconds; process ids say nothing, since a container reuses them after a restart.
 * @param {string} root
 * @param {() => Promise<void>} work
 * @throws {SetupError} where the lock can be neither made nor removed
 */
export async function withLock(root, work) {
  const lock = join(root, 'dist', 'setup.lock');
  const token = randomUUID();
  for (let told = false; !(take(lock, token) && (await settled(lock, token))); ) {
    if (!told) say('waiting for another set-up of this folder');
    told = true;
    await sleep(200);
  }
  const release = () => {
    if (holder(lock) === token) rmSync(lock, { force: true });
  };
  const interrupted = (/** @type {NodeJS.Signals} */ signal) => {
    release();
    for (const each of signals) process.off(each, interrupted);
    process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, interrupted);
  const beat = setInterval(() => touch(lock, token), beatMilliseconds);
  try {
    await work();
  } finally {
    clearInterval(beat);
    for (const signal of signals) process.off(signal, interrupted);
    release();
  }
}

/**
 * Makes the lock, or removes one without a holder so that the next try can make it. True if it was made.
 * @param {string} lock
 * @param {string} token
 */
function take(lock, token) {
  try {
    mkdirSync(dirname(lock), { recursive: true });
  } catch (error) {
    throw unusable(lock, error);
  }
  try {
    writeFileSync(lock, token, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw unusable(lock, error);
  }
  try {
    if (Date.now() - statSync(lock).mtimeMs <= staleMilliseconds) return false;
    const aside = `${lock}.${token}`;
    renameSync(lock, aside);
    rmSync(aside, { force: true });
  } catch (error) {
    // ENOENT: the holder released it, or another process took it over, in the meantime.
    if (codeOf(error) !== 'ENOENT') throw unusable(lock, error);
  }
  return false;
}

/**
 * @param {string} lock
 * @param {string} token
 */
async function settled(lock, token) {
  await sleep(settleMilliseconds);
  return holder(lock) === token;
}

/** @param {string} lock */
function holder(lock) {
  try {
    return readFileSync(lock, 'utf8');
  } catch {
    return null;
  }
}

/**
 * @param {string} lock
 * @param {string} token
 */
function touch(lock, token) {
  if (holder(lock) !== token) return;
  const now = new Date();
  try {
    utimesSync(lock, now, now);
  } catch {
    // The folder was deleted under the set-up, which fails for that reason elsewhere.
  }
}

/**
 * @param {string} lock
 * @param {unknown} error
 */
function unusable(lock, error) {
  return new SetupError(
    `The lock ${lock} cannot be used: ${error instanceof Error ? error.message : error}.`,
    'Delete that file if no other set-up of this folder runs, and make sure that you may write to the folder dist.',
  );
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** @param {number} milliseconds */
function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
