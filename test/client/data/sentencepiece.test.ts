import { Tokenizer as FileEncoder } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderChat } from '../../../client/data/chat-template.ts';
import { corpusFromTexts } from '../../../client/data/corpus.ts';
import { encodeBeginning } from '../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../client/data/tokenizer-file.ts';
import { mergesOf, scoresOf } from '../../../client/formats/sentencepiece/merges.ts';
import { byteOfPiece, bytePiece, spaceMark } from '../../../client/formats/sentencepiece/pieces.ts';
import { sentencePieceJson } from '../../../client/formats/sentencepiece/tokenizer-json.ts';
import { pieceFile, smallPieces } from '../../support/data/piece-file.ts';

const tokenizer = tokenizerFromFile(pieceFile());
const pieces = smallPieces();
const ids = new Map(
  pieces.flatMap(({ text, kind }, id) =>
    kind === 'ordinary' && byteOfPiece(text) === undefined ? [[text, id] as const] : [],
  ),
);

/** SentencePiece's BPE from its definition: the leftmost neighbours with the best score are joined until none are left. */
function byScores(text: string): number[] {
  const symbols = [...text.replaceAll(' ', spaceMark)];
  const scoreAt = (i: number) => {
    const id = ids.get(`${symbols[i]}${symbols[i + 1]}`);
    return i + 1 < symbols.length && id !== undefined ? (pieces[id]?.score ?? 0) : Number.NEGATIVE_INFINITY;
  };
  for (;;) {
    const best = symbols.reduce((most, _, i) => (scoreAt(i) > scoreAt(most) ? i : most), 0);
    if (scoreAt(best) === Number.NEGATIVE_INFINITY) break;
    symbols.splice(best, 2, `${symbols[best]}${symbols[best + 1]}`);
  }
  return symbols.flatMap((symbol) => {
    const id = ids.get(symbol);
    const bytes = () => [...new TextEncoder().encode(symbol)].map((byte) => 3 + byte);
    return id === undefined ? bytes() : [id];
  });
}

const words = fc.stringMatching(/^( ?(the|other|weaver|threads|re|ee|d|\n|é|漢|😀|<s>|<0x41>|0|\t| ))*$/);
const texts = fc.oneof(
  words,
  fc.string({ unit: 'grapheme' }).filter((text) => !text.includes(spaceMark)),
);

test('text becomes the pieces that SentencePiece joins by score, and comes back unchanged', () => {
  expect(tokenizer).toMatchObject({ beginning: 1, end: 2, prefix: ' ', kind: 'file' });
  expect(tokenizer.encode('the other').length).toBeLessThan(4);
  fc.assert(
    fc.property(texts, (text) => {
      const tokens = [...tokenizer.encode(text)];
      expect(tokens).toEqual(byScores(text));
      expect(tokenizer.decode(tokens)).toBe(text);
    }),
    { seed: 5, numRuns: 300 },
  );
});

test('a text from its beginning has the tokens that another reader of the whole file makes', () => {
  const other = new FileEncoder(sentencePieceJson(pieces, true), {});
  for (const text of ['the other one', ' two  spaces', 'é漢😀\n\tx', 'over and under the warp']) {
    const { ids: expected } = other.encode(text, { add_special_tokens: false });
    expect([...encodeBeginning(tokenizer, text)]).toEqual([1, ...expected]);
    expect(other.decode(expected)).toBe(text);
  }
  expect([...encodeBeginning(tokenizer, '')]).toEqual([1]);
});

test('names of special tokens and of bytes in text stay text', () => {
  for (const text of ['<s>', 'a </s> b', '<unk>', '<0x0A>'])
    expect(tokenizer.encode(text).every((id) => id > 2 && pieces[id]?.text !== text)).toBe(true);
});

test('documents begin with the prefix once, however long they are', async () => {
  const text = 'the weaver weaves the reed\n'.repeat(6000);
  const { train } = corpusFromTexts('long', [text, 'held out']);
  const tokens = await tokenizer.tokenize(train);
  const read = new Uint32Array(tokens.length);
  tokens.copy(0, read);
  const first = read.subarray(1, read.indexOf(2));
  expect(` ${text}`.startsWith(tokenizer.decode(first))).toBe(true);
  expect(first.length).toBeLessThan(text.length / 2);
});

test('in a chat, text after a special token begins with the prefix', () => {
  const chatTemplate = "{% for m in messages %}{{ '<s>' + m.content + '</s>' }}{% endfor %}";
  const { tokens } = renderChat({ ...tokenizer, chatTemplate }, [
    { role: 'user', content: 'the other' },
    { role: 'assistant', content: 'one' },
  ]);
  expect([...tokens]).toEqual([1, ...tokenizer.encode(' the other'), 2, 1, ...tokenizer.encode(' one'), 2]);
});

test('merges and scores say the same, and merges in an order that no scores have are told apart', () => {
  const merges = mergesOf(ids, (id) => pieces[id]?.score ?? 0);
  const scores = scoresOf(ids, merges);
  expect(scores).not.toBeNull();
  expect(mergesOf(ids, (id) => scores?.get(id) ?? 0)).toEqual(merges);
  expect(scoresOf(ids, merges.slice(1).concat(merges.slice(0, 1)))).not.toBeNull();
  const splits = new Map(merges.map(([a, b]) => [a + b, merges.filter(([c, d]) => c + d === a + b)]));
  const [several] = [...splits.values()].filter(({ length }) => length > 1);
  expect(several).toBeDefined();
  // One of a piece's pairs is missing, or comes later than those of other pieces.
  const without = merges.filter((merge) => merge !== several?.[1]);
  expect(scoresOf(ids, without)).toBeNull();
  expect(scoresOf(ids, [...without, several?.[1] ?? ['', '']])).toBeNull();
});

test('a newer file, whose pre-tokenizer writes the marks, gives the same tokens', () => {
  const pre_tokenizer = { type: 'Metaspace', replacement: spaceMark, prepend_scheme: 'first', split: false };
  const newer = tokenizerFromFile(pieceFile(true, { normalizer: null, pre_tokenizer }));
  expect(newer.prefix).toBe(' ');
  expect(newer.encode('the other é')).toEqual(tokenizer.encode('the other é'));
  expect(tokenizerFromFile(pieceFile(false)).prefix).toBe('');
});

test.each<[string, Record<string, unknown>]>([
  ['other characters', { normalizer: { type: 'Sequence', normalizers: [{ type: 'NFKC' }] } }],
  ['no marks', { normalizer: null }],
  [
    'words apart',
    {
      normalizer: null,
      pre_tokenizer: { type: 'Metaspace', replacement: spaceMark, prepend_scheme: 'always', split: true },
    },
  ],
  [
    'a missing byte',
    { model: { type: 'BPE', byte_fallback: true, vocab: { [bytePiece(0)]: 3 }, merges: [] } },
  ],
])('a file that cannot be used is refused: %s', (_, change) => {
  expect(() => tokenizerFromFile(pieceFile(true, change))).toThrow(
    expect.objectContaining({ code: 'tokenizer.unsupported' }),
  );
});
