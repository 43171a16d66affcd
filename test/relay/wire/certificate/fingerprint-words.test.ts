import { expect, test } from 'vitest';
import { sha256Hex } from '../../../../client/sha256.ts';
import { fingerprintWords } from '../../../../relay/wire/certificate/fingerprint-words.ts';
import { wordList } from '../../../../relay/wire/certificate/word-list.ts';

test('the list has 1024 distinct, short words of plain letters', () => {
  expect(new Set(wordList).size).toBe(1024);
  expect(wordList.filter((word) => !/^[a-z]{3,8}$/.test(word))).toEqual([]);
});

test('the list stays as it is, since people compare words of two versions', () => {
  expect(sha256Hex(wordList.join(' '))).toBe(
    'af59a0373ab2285ef061a0b8bf96e2ee9ec234c02d556f7b34cee37e7fe9de64',
  );
});

test.each([
  ['00000000000000', [0, 0, 0, 0]],
  ['ffffffffff0000', [1023, 1023, 1023, 1023]],
  // 0000000001 0000000010 0000000011 1000000000
  ['0040200e000000', [1, 2, 3, 512]],
])('%s… is the words at %j', (start, places) => {
  expect(fingerprintWords(start.padEnd(64, '0'))).toBe(places.map((place) => wordList[place]).join(' '));
});

test('each of the first 40 bits changes the words', () => {
  const zero = fingerprintWords('0'.repeat(64));
  const flipped = Array.from({ length: 40 }, (_, bit) =>
    fingerprintWords((1n << BigInt(255 - bit)).toString(16).padStart(64, '0')),
  );
  expect(new Set([zero, ...flipped]).size).toBe(41);
});
