import type { Hash } from '../hex.ts';
import { wordList } from './word-list.ts';

/**
 * The first 40 bits of a certificate's SHA-256 as four words, ten bits each, that people can compare by eye or say aloud. They are
 * for people alone: programs compare the whole fingerprint.
 */
export function fingerprintWords(fingerprint: Hash): string {
  const bits = Number.parseInt(fingerprint.slice(0, 10), 16);
  return [30, 20, 10, 0].map((shift) => wordList[Math.floor(bits / 2 ** shift) % wordList.length]).join(' ');
}
