import { byteCharacters } from '../../../client/formats/byte-level.ts';

/** Merges that learn a little English, in GPT-2's spelling: Ġ is a space. */
const pairs = ['Ġ t', 'h e', 'Ġt he', 'i n', 'Ġ a', 'e r', 'Ġ o', 'r e', 'Ġthe Ġo', 'Ã ©', '1 2'] as const;

/**
 * tokenizer.json of a small byte-level BPE: bytes are 0 to 255, special tokens 256 to 258, and the merges' tokens follow
 * from `firstMerge` on.
 */
export function bpeFile(firstMerge = 259, change: Record<string, unknown> = {}): Uint8Array<ArrayBuffer> {
  const special = ['<|begin|>', '<|end|>', '<|pad|>'];
  const merged = pairs.map((pair) => pair.replace(' ', ''));
  const vocab = Object.fromEntries([
    ...[...byteCharacters, ...special].map((token, id) => [token, id] as const),
    ...merged.map((token, index) => [token, firstMerge + index] as const),
  ]);
  const file = {
    version: '1.0',
    added_tokens: special.map((content, index) => ({ id: 256 + index, content, special: true })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab, merges: pairs },
    ...change,
  };
  return new TextEncoder().encode(JSON.stringify(file));
}
