import { createHash } from 'node:crypto';
import { Tokenizer as FileEncoder } from '@huggingface/tokenizers';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { corpusFromTexts } from '../../../client/data/corpus.ts';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../client/data/tokenizer-file.ts';
import { byteTokenizerJson } from '../../../client/formats/byte-tokenizer-files.ts';
import { knownSplits } from '../../../client/formats/split-patterns.ts';
import { canonical } from '../../../client/formats/tokenizer-json.ts';
import { bpeFile } from '../../support/data/bpe-file.ts';
import { wordsOf } from '../../support/tokens.ts';

/** A tokenizer that cuts text with this pattern. */
function splitBy(pattern: string) {
  const split = { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  return { pre_tokenizer: { type: 'Sequence', pretokenizers: [split, bytes] } };
}

const high = 69_980;
const tokenizer = tokenizerFromFile(bpeFile(high));

test('a byte-level BPE merges to token ids beyond 16 bits', () => {
  expect([...tokenizer.encode('the other')]).toEqual([0x74, high + 1, high + 6, 0x74, high + 1, 0x72]);
  expect([...tokenizer.encode(' the on')]).toEqual([high + 2, high + 6, 0x6e]);
  expect(tokenizer).toMatchObject({ beginning: 256, end: 257, padding: 258, vocabularySize: 69_991 });
});

test('decoding gives back every text, whole and token by token, and no text becomes a special token', () => {
  const unit = fc.oneof(
    fc.constantFrom('a', 'the', 'ß', '漢', '😀', '\u{10ffff}', '\0', ' ', '\u00a0', 'e\u0301', '\ud800'),
    fc.constantFrom('<|begin|>', '<|end|>', '<|pad|>', ' the', 'é', '\r\n', '  ', '12', '\uFEFF'),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 12 }), (parts) => {
      const text = parts.join('').toWellFormed();
      const tokens = tokenizer.encode(text);
      expect(tokenizer.decode(tokens)).toBe(text);
      const stream = tokenizer.stream();
      expect(Array.from(tokens, stream.push).join('') + stream.flush()).toBe(text);
      expect(tokens.some((token) => token >= 256 && token <= 258)).toBe(false);
    }),
    { numRuns: 150 },
  );
  expect(tokenizer.decode([256, 0x61, 258, 0x62, 257, 65_000])).toBe('ab');
  expect(() => tokenizer.decode([69_992])).toThrow(
    expect.objectContaining({ code: 'tokenizer.unknown-token' }),
  );
});

test('a corpus is tokenized with beginning and end tokens, and its pieces join to the same text', async () => {
  const text = 'There is the one, and there is the other: é 漢字.\n'.repeat(4000);
  const corpus = corpusFromTexts('long', [text, 'short one to be held out']);
  const tokens = wordsOf(await tokenizer.tokenize(corpus.train));
  expect(tokens[0]).toBe(256);
  expect(tokens.at(-1)).toBe(257);
  expect(tokens.filter((token) => token === 256)).toHaveLength(
    tokens.filter((token) => token === 257).length,
  );
  expect(text).toContain(tokenizer.decode(tokens.subarray(0, 3000)));
  expect(tokens.length).toBeLessThan(corpus.train.length * 0.9);
});

test('the byte tokenizer’s tokenizer.json has a known hash, and another reader encodes the same tokens from it', () => {
  const hash = createHash('sha256').update(canonical(byteTokenizerJson())).digest('hex');
  expect(hash).toBe('ecf6d272b70741930402b869c0f05a92be005c57fdf14256bcaf77669c3775ce');
  const other = new FileEncoder(byteTokenizerJson(), { clean_up_tokenization_spaces: false });
  for (const text of ['All human beings', '  é→漢 \n\t .', '\u0000\u007f']) {
    const { ids } = other.encode(text);
    expect(ids).toEqual([byteTokenizer.beginning, ...byteTokenizer.encode(text)]);
    expect(other.decode(ids, { skip_special_tokens: true })).toBe(text);
  }
  expect(tokenizerFromFile(byteTokenizer.file)).toBe(byteTokenizer);
});

test('special tokens are found by the given names, otherwise by the usual ones', () => {
  const added_tokens = ['<s>', '</s>', '[P]'].map((content, index) => ({
    id: 256 + index,
    content,
    special: true,
  }));
  const file = bpeFile(259, { added_tokens });
  expect(tokenizerFromFile(file)).toMatchObject({ beginning: 256, end: 257, padding: 257 });
  expect(tokenizerFromFile(file, { names: { padding: '[P]' } })).toMatchObject({ padding: 258 });
  const missing = expect.objectContaining({ code: 'tokenizer.no-special' });
  expect(() => tokenizerFromFile(file, { names: { end: '<|end|>' } })).toThrow(missing);
  expect(() => tokenizerFromFile(bpeFile(259, { added_tokens: [] }))).toThrow(missing);
});

test.each<[string, string, Uint8Array<ArrayBuffer>]>([
  ['no JSON', 'tokenizer.bad-file', new TextEncoder().encode('{')],
  ['another kind of model', 'tokenizer.unsupported', bpeFile(259, { model: { type: 'Unigram', vocab: [] } })],
  ['a normalizer', 'tokenizer.unsupported', bpeFile(259, { normalizer: { type: 'NFC' } })],
  ['a prefix space', 'tokenizer.unsupported', bpeFile(259, { pre_tokenizer: { type: 'ByteLevel' } })],
  [
    'missing bytes',
    'tokenizer.unsupported',
    bpeFile(259, { model: { type: 'BPE', vocab: { a: 0 }, merges: [] } }),
  ],
  ['a pattern of its own', 'tokenizer.unsupported', bpeFile(259, splitBy('(a+)+$'))],
  ['too many tokens', 'tokenizer.unsupported', bpeFile(2 ** 20)],
])('a file that cannot be used is refused: %s', (_, code, file) => {
  expect(() => tokenizerFromFile(file)).toThrow(expect.objectContaining({ code }));
});

test('each known pattern is read, preserves text and takes little time on long runs', () => {
  const long = ['a', 'A', '1', ' ', '\n', '!', "'", '\r', 'a1 ', ' \n', '漢', 'é'].map((run) =>
    run.repeat(3000 / run.length),
  );
  for (const pattern of knownSplits) {
    const { encode, decode } = tokenizerFromFile(bpeFile(259, splitBy(pattern)));
    const started = performance.now();
    for (const text of long) expect(decode(encode(`${text}x`))).toBe(`${text}x`);
    expect(performance.now() - started, pattern).toBeLessThan(30_000);
  }
});

test('a tokenizer with more tokens than the model is refused', () => {
  expect(() => tokenizerFromFile(bpeFile(), { vocabularySize: 260 })).toThrow(
    expect.objectContaining({ code: 'tokenizer.too-large' }),
  );
  expect(tokenizerFromFile(bpeFile(), { vocabularySize: 512 }).vocabularySize).toBe(512);
});
