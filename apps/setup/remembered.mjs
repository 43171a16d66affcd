import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Answers of earlier set-ups, in dist/setup.json: each beside the circumstances it was found under. Deleting dist/
 * forgets everything, and costs a probe and a build.
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
    // Another process may have added answers since.
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
