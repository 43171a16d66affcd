import * as v from 'valibot';
import { parseJson } from '../../formats/json.ts';
import type { TokenizerFacts } from '../../formats/tokenizer-config.ts';
import { parseTokenizerJson } from '../../formats/tokenizer-json.ts';

const mergesSchema = v.object({
  model: v.object({ merges: v.array(v.union([v.string(), v.array(v.string())])) }),
});

/**
 * Whether two tokenizers give each token the same number: equal bytes, special tokens and merges. Their files may be written
 * differently, as that of a GGUF file is. Throws `tokenizer.unsupported`.
 */
export function haveSameTokens(one: TokenizerFacts, other: TokenizerFacts): boolean {
  return tokensOf(one) === tokensOf(other);
}

function tokensOf({ file }: TokenizerFacts): string {
  const json = parseJson(file);
  const { tokens, special } = parseTokenizerJson(json);
  const { merges } = v.parse(mergesSchema, json).model;
  return JSON.stringify([
    tokens.map((bytes) => bytes && [...bytes]),
    [...special].sort(([, a], [, b]) => a - b),
    merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))),
  ]);
}
