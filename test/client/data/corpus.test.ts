import { expect, test } from 'vitest';
import { corpusFromSplit, corpusFromTexts, tokenizeCorpus } from '../../../client/data/corpus.ts';
import { byteTokenizer, encodeDocuments } from '../../../client/data/tokenizer.ts';
import { wordsOf } from '../../support/tokens.ts';

test('each document is enclosed by beginning and end tokens, in the training and the held-out part alike', async () => {
  const { beginning, end } = byteTokenizer;
  const corpus = corpusFromSplit('digits', [
    { name: 'a', train: '0é', heldOut: '1' },
    { name: 'b', train: '', heldOut: '2' },
    { name: 'c', train: '3', heldOut: '' },
  ]);
  const { train, heldOut } = await tokenizeCorpus(corpus, byteTokenizer);
  expect([...wordsOf(train)]).toEqual([beginning, 0x30, 0xc3, 0xa9, end, beginning, 0x33, end]);
  expect([...wordsOf(heldOut)]).toEqual([beginning, 0x31, end, beginning, 0x32, end]);
});

test('tokens read from the bytes equal what the byte tokenizer encodes, also in long documents', async () => {
  const line = 'The harbour — 港 — lay still; ütopia 😀 was far.\n';
  const { train } = corpusFromTexts('long', [line.repeat(9000), 'short', line.repeat(3)]);
  const read = await byteTokenizer.tokenize(train);
  const encoded = await encodeDocuments(train, byteTokenizer);
  expect(read.length).toBeGreaterThan(400_000);
  expect(wordsOf(read)).toEqual(wordsOf(encoded));
  const window = new Uint32Array(300);
  read.copy(262_000, window);
  expect(window).toEqual(wordsOf(encoded).slice(262_000, 262_300));
});

test('a token above 65,535 is not truncated', async () => {
  const { train } = corpusFromTexts('words', ['some text that is long enough to be cut']);
  const tokens = await encodeDocuments(train, {
    beginning: 69_998,
    end: 69_999,
    prefix: '',
    encode: (text) => Uint32Array.from(text, (_, index) => 66_000 + index),
  });
  expect([...wordsOf(tokens)].slice(0, 3)).toEqual([69_998, 66_000, 66_001]);
  expect(wordsOf(tokens).at(-1)).toBe(69_999);
});
