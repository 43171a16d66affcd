import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { characterTokenizer } from '../../../client/data/character-tokenizer.ts';

describe('characterTokenizer', () => {
  test('numbers the characters of the text in their order', () => {
    const { encode, vocabularySize, beginning, end, padding } =
      characterTokenizer('abba, cad\u{1F600}\uFFFD');
    expect(Array.from(encode(' ,abcd\uFFFD\u{1F600}'))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([beginning, end, padding, vocabularySize]).toEqual([8, 9, 10, 12]);
  });

  test('decodes any text made of its own characters, whole or token by token', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        const tokenizer = characterTokenizer(text);
        const tokens = tokenizer.encode(text);
        expect(tokenizer.decode(tokens)).toBe(text);
        const stream = tokenizer.stream();
        expect(Array.from(tokens, stream.push).join('') + stream.flush()).toBe(text);
        expect(tokenizer.vocabularySize % 4).toBe(0);
        expect(Math.max(...tokens)).toBeLessThan(tokenizer.beginning);
      }),
    );
  });

  test('special tokens have no text', () => {
    const { decode, beginning, end, padding } = characterTokenizer('ab');
    expect(decode([beginning, 0, end, padding, 1])).toBe('ab');
  });

  test('refuses characters and tokens that it does not know', () => {
    const { encode, decode } = characterTokenizer('ab');
    expect(() => encode('abc')).toThrow(expect.objectContaining({ code: 'tokenizer.unknown-character' }));
    for (const token of [-1, 8, 0.5])
      expect(() => decode([token])).toThrow(expect.objectContaining({ code: 'tokenizer.unknown-token' }));
  });
});
