import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './report.mjs';

/**
 * What earlier set-ups found out, in dist/setup.json: each answer beside the key it was true for. Deleting dist/ forgets
 * everything, and costs a probe and a build.
 */
export class Remembered {
  /** @type {string} */ #file;
  /** @type {Record<string, { key: string, answer: string }>} */ #answers;

  /**
   * @param {string} file
   * @param {Record<string, { key: string, answer: string }>} answers
   */
  constructor(file, answers) {
    this.#file = file;
    this.#answers = answers;
  }

  /** @param {string} root */
  static read(root) {
    const file = join(root, 'dist', 'setup.json');
    try {
      return new Remembered(file, JSON.parse(readFileSync(file, 'utf8')));
    } catch {
      return new Remembered(file, {});
    }
  }

  /**
   * The answer to `question`, unless it was found under other circumstances.
   * @param {string} question
   * @param {string} key
   */
  answer(question, key) {
    const known = this.#answers[question];
    return known?.key === key ? known.answer : undefined;
  }

  /**
   * @param {string} question
   * @param {string} key
   * @param {string} answer
   */
  keep(question, key, answer) {
    // Another process may have learnt something else meanwhile.
    this.#answers = { ...Remembered.#load(this.#file), [question]: { key, answer } };
    mkdirSync(join(this.#file, '..'), { recursive: true });
    const partial = `${this.#file}.${process.pid}`;
    writeFileSync(partial, `${JSON.stringify(this.#answers, null, 2)}\n`);
    renameSync(partial, this.#file);
  }

  forget() {
    this.#answers = {};
    rmSync(this.#file, { force: true });
  }

  /** @param {string} file */
  static #load(file) {
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      return {};
    }
  }
}

/**
 * Runs `work` while no other set-up of this tree does: two terminals may start at once.
 * @param {string} root
 * @param {() => Promise<void>} work
 */
export async function withLock(root, work) {
  const lock = join(root, 'dist', 'setup.lock');
  mkdirSync(join(root, 'dist'), { recursive: true });
  for (let told = false; !take(lock); ) {
    if (!told) say('waiting for another set-up of this folder');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/**
 * Takes the lock, also from a process that died holding it.
 * @param {string} lock
 */
function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    try {
      process.kill(Number(readFileSync(lock, 'utf8')), 0);
    } catch {
      rmSync(lock, { force: true });
    }
    return false;
  }
}
