import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gguf } from '@huggingface/gguf';
import { expect, test } from 'vitest';
import { tokenizerFromFile } from '../../../../client/data/tokenizer-file.ts';
import type { GgufValue } from '../../../../client/formats/gguf/file.ts';
import { Metadata } from '../../../../client/formats/gguf/metadata.ts';
import { tokenTypes } from '../../../../client/formats/gguf/token-types.ts';
import { parseVocabulary, vocabularyPairs } from '../../../../client/formats/gguf/vocabulary.ts';
import { encodeGguf } from '../../../../client/formats/gguf/writer.ts';
import { pieceFile, smallPieces } from '../../../support/data/piece-file.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const text = 'the weaver  weaves é漢 <s> the other thread';
const tokenizer = tokenizerFromFile(pieceFile());
const size = tokenizer.vocabularySize + 3;

test.each([true, false])(
  'a SentencePiece vocabulary is read by another parser, and comes back; with a prefix: %s',
  async (prefixes) => {
    const own = tokenizerFromFile(pieceFile(prefixes));
    const path = join(temporaryFolder(), 'vocabulary.gguf');
    await writeFile(path, Buffer.concat([...encodeGguf(vocabularyPairs(own, size), [])]));
    const { metadata } = await gguf(path, { allowLocalFile: true });
    expect(metadata).toMatchObject({
      'tokenizer.ggml.model': 'llama',
      'tokenizer.ggml.add_space_prefix': prefixes,
      'tokenizer.ggml.bos_token_id': 1,
      'tokenizer.ggml.eos_token_id': 2,
      'tokenizer.ggml.unknown_token_id': 0,
    });
    const list = (key: string) => {
      const value: unknown = Reflect.get(metadata, `tokenizer.ggml.${key}`);
      return Array.isArray(value) ? value : [];
    };
    expect(list('tokens').slice(0, size - 3)).toEqual(smallPieces().map(({ text }) => text));
    const types = list('token_type');
    expect(types.slice(0, 4)).toEqual([
      tokenTypes.unknown,
      tokenTypes.control,
      tokenTypes.control,
      tokenTypes.byte,
    ]);
    expect(types.slice(259, 262)).toEqual([tokenTypes.normal, tokenTypes.normal, tokenTypes.normal]);
    expect(types.slice(-3)).toEqual([tokenTypes.unused, tokenTypes.unused, tokenTypes.unused]);
    const scores = list('scores');
    expect(scores).toHaveLength(size);
    expect(scores[259]).toBeGreaterThan(scores[260]);

    const { file, names } = parseVocabulary(new Metadata(new Map(Object.entries(metadata))));
    const read = tokenizerFromFile(file, { names, vocabularySize: size });
    expect(read).toMatchObject({ names: own.names, prefix: own.prefix, vocabularySize: size });
    expect(read.encode(text)).toEqual(own.encode(text));
    expect(read.decode(own.encode(text))).toBe(text);
  },
);

const pairs = Object.entries(vocabularyPairs(tokenizer, size)).map(
  ([key, { value }]): [string, GgufValue] => [key, value],
);

test.each<[string, string, GgufValue | undefined]>([
  ['gguf.bad-file', 'scores', undefined],
  ['gguf.bad-file', 'scores', [0, 1]],
  ['gguf.bad-file', 'token_type', new Array(size).fill(9)],
  ['gguf.bad-file', 'add_space_prefix', 'yes'],
  ['gguf.unsupported', 'precompiled_charsmap', [1]],
  ['gguf.unsupported', 'model', 'bert'],
])('%s: %s', (code, key, value) => {
  const changed = new Map(pairs);
  if (value === undefined) changed.delete(`tokenizer.ggml.${key}`);
  else changed.set(`tokenizer.ggml.${key}`, value);
  expect(() => parseVocabulary(new Metadata(changed))).toThrow(expect.objectContaining({ code }));
});

test('merges in an order that no scores have are not written as scores', () => {
  const json = JSON.parse(new TextDecoder().decode(tokenizer.file));
  // A pair that is listed twice joins its piece both early and late.
  json.model.merges.push(json.model.merges[0]);
  const broken = { ...tokenizer, file: new TextEncoder().encode(JSON.stringify(json)) };
  expect(() => vocabularyPairs(broken, size)).toThrow(expect.objectContaining({ code: 'gguf.unsupported' }));
});
