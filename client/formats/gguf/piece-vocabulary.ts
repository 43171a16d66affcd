import { scoresOf } from '../sentencepiece/merges.ts';
import { byteOfPiece } from '../sentencepiece/pieces.ts';
import { type Piece, parsePieces, sentencePieceJson } from '../sentencepiece/tokenizer-json.ts';
import { bad } from './file.ts';
import { type Metadata, unsupported } from './metadata.ts';
import { TokenTable, tokenTypes } from './token-types.ts';
import type { GgufPair } from './writer.ts';

/** The pairs of a SentencePiece vocabulary, which llama.cpp calls `llama`. Throws `gguf.unsupported`. */
export function piecePairs(json: unknown, size: number): Record<string, GgufPair> {
  const { vocabulary, added, merges, prefixes, unknown } = parsePieces(json);
  const table = new TokenTable(size);
  const scores = new Array<number>(size).fill(0);
  for (const [text, id] of vocabulary)
    table.put(text, id, byteOfPiece(text) === undefined ? tokenTypes.normal : tokenTypes.byte);
  for (const { content, id, special } of added)
    table.put(content, id, special ? tokenTypes.control : tokenTypes.userDefined);
  const joined = new Map([...vocabulary].filter(([text]) => byteOfPiece(text) === undefined));
  const own = scoresOf(joined, merges);
  if (own === null) throw unsupported('its merges are in no order that scores of pieces have');
  for (const [id, score] of own) scores[id] = score;
  const unknownId = added.find(({ content }) => content === unknown)?.id;
  if (unknown !== null && unknownId !== undefined) table.put(unknown, unknownId, tokenTypes.unknown);
  return {
    'tokenizer.ggml.model': { type: 'string', value: 'llama' },
    'tokenizer.ggml.pre': { type: 'string', value: 'default' },
    ...table.pairs(),
    'tokenizer.ggml.scores': { type: 'float32s', value: scores },
    'tokenizer.ggml.add_space_prefix': { type: 'bool', value: prefixes },
    ...(unknownId === undefined
      ? {}
      : { 'tokenizer.ggml.unknown_token_id': { type: 'uint32', value: unknownId } }),
  };
}

/** The kinds of pieces by their types in the file. */
const kinds: ReadonlyMap<number, Piece['kind']> = new Map([
  [tokenTypes.normal, 'ordinary'],
  [tokenTypes.byte, 'ordinary'],
  [tokenTypes.unknown, 'special'],
  [tokenTypes.control, 'special'],
  [tokenTypes.userDefined, 'added'],
  [tokenTypes.unused, 'unused'],
]);

/** The tokenizer.json of a SentencePiece vocabulary. Throws `gguf.bad-file` or `gguf.unsupported`. */
export function pieceJson(pairs: Metadata, tokens: readonly string[]): object {
  const types = pairs.numbers('tokenizer.ggml.token_type');
  const scores = pairs.numbers('tokenizer.ggml.scores');
  if (scores.length !== tokens.length || types.length !== tokens.length)
    throw bad('it does not have a score and a type for each token');
  if (pairs.has('tokenizer.ggml.precompiled_charsmap'))
    throw unsupported('its tokenizer changes characters before it encodes them');
  const pieces = tokens.map((text, id): Piece => {
    const kind = kinds.get(types[id] ?? 0);
    if (kind === undefined) throw bad(`the type of the token ${id} is ${types[id]}`);
    return { text, score: scores[id] ?? 0, kind };
  });
  return sentencePieceJson(pieces, pairs.flag('tokenizer.ggml.add_space_prefix', true));
}
