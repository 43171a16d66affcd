import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';

const wellFormed = fc.string({ unit: 'binary' });
const anyTokens = fc.array(
  fc.oneof(fc.nat({ max: 259 }), fc.constantFrom(0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80, 256, 257)),
);

test('decoding gives back every well-formed text', () => {
  fc.assert(
    fc.property(wellFormed, (text) => {
      expect(byteTokenizer.decode(byteTokenizer.encode(text))).toBe(text);
    }),
  );
});

test('text never becomes a special token', () => {
  fc.assert(
    fc.property(wellFormed, (text) => {
      expect(byteTokenizer.encode(text).every((token) => token < 256)).toBe(true);
    }),
  );
});

test('a byte order mark is encoded like any other text', () => {
  expect([...byteTokenizer.encode('\uFEFFa')]).toEqual([0xef, 0xbb, 0xbf, 0x61]);
  expect(byteTokenizer.decode([0xef, 0xbb, 0xbf, 0x61])).toBe('\uFEFFa');
});

test('a lone surrogate becomes the replacement character', () => {
  expect(byteTokenizer.decode(byteTokenizer.encode('a\uD800b'))).toBe('a\uFFFDb');
});

test('special tokens have no text, and no character continues across one', () => {
  const { beginning, end, padding } = byteTokenizer;
  expect(byteTokenizer.decode([beginning, 0x68, 0x69, end, padding])).toBe('hi');
  expect(byteTokenizer.decode([0xc3, end, 0xa9])).toBe('\uFFFD\uFFFD');
});

test('a stream emits a character when its last byte arrives', () => {
  const stream = byteTokenizer.stream();
  expect([0xf0, 0x9f, 0x98, 0x80, 0x21].map((token) => stream.push(token))).toEqual(['', '', '', '😀', '!']);
  stream.push(0xe2);
  expect(stream.flush()).toBe('\uFFFD');
});

test('for any tokens, streaming gives the same text as decoding at once', () => {
  fc.assert(
    fc.property(anyTokens, (tokens) => {
      const stream = byteTokenizer.stream();
      const streamed = tokens.map((token) => stream.push(token)).join('') + stream.flush();
      expect(streamed).toBe(byteTokenizer.decode(tokens));
    }),
    { numRuns: 500 },
  );
});

test.each([-1, 260, 1.5, Number.NaN])('%s is refused as a token', (token) => {
  const refusal = expect.objectContaining({ code: 'tokenizer.unknown-token' });
  expect(() => byteTokenizer.decode([token])).toThrow(refusal);
  expect(() => byteTokenizer.stream().push(token)).toThrow(refusal);
});
