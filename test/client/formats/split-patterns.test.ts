import { expect, test } from 'vitest';
import { isKnownSplit } from '../../../client/formats/split-patterns.ts';

// The patterns in the tokenizer.json of published models, as src/llama-vocab.cpp of llama.cpp quotes them ("original regex from
// tokenizer.json") and openai/tiktoken has them, here put together from their parts.
const contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const white = String.raw`\s+(?!\S)|\s+`;
const lines = String.raw`\s*[\r\n]+|${white}`;
const upper = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const lower = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const before = String.raw`[^\r\n\p{L}\p{N}]?`;
const marks = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*`;
const published: Readonly<Record<string, string>> = {
  'GPT-2': String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|${white}`,
  'GPT-4 (cl100k_base) and Llama 3': String.raw`${contraction}|${before}\p{L}+|\p{N}{1,3}|${marks}|${lines}`,
  'Qwen 2 and 3': String.raw`${contraction}|${before}\p{L}+|\p{N}|${marks}|${lines}`,
  'Qwen 3.5': String.raw`${contraction}|${before}[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|${lines}`,
  'GPT-4o (o200k_base)': String.raw`${before}${upper}*${lower}+${contraction}?|${before}${upper}+${lower}*${contraction}?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${lines}`,
  Tekken: String.raw`${before}${upper}*${lower}+|${before}${upper}+${lower}*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${lines}`,
  'DeepSeek V3, digits': String.raw`\p{N}{1,3}`,
  'DeepSeek V3, characters': '[一-龥\u3040-ゟ゠-ヿ]+',
  'DeepSeek V3, words': `[!"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_\`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|${lines}`,
};

test.each(Object.keys(published))('the pattern of %s is known, letter by letter', (name) => {
  expect(isKnownSplit(published[name] ?? '')).toBe(true);
  expect(isKnownSplit(`${published[name]} `)).toBe(false);
});

test('the patterns differ where the models do: in digits, case and marks', () => {
  const words = (name: string, text: string) => text.match(new RegExp(published[name] ?? '', 'gu'));
  const [llama, qwen] = ['GPT-4 (cl100k_base) and Llama 3', 'Qwen 2 and 3'];
  expect(words('GPT-2', "I'll DON'T 12345")).toEqual(['I', "'ll", ' DON', "'", 'T', ' 12345']);
  expect(words(llama, "I'll DON'T 12345")).toEqual(['I', "'ll", ' DON', "'T", ' ', '123', '45']);
  expect(words(qwen, "DON'T 12345")).toEqual(['DON', "'T", ' ', '1', '2', '3', '4', '5']);
  expect(words(qwen, 'e\u0301t')).toEqual(['e', '\u0301t']);
  expect(words('Qwen 3.5', 'e\u0301t')).toEqual(['e\u0301t']);
  expect(words('GPT-4o (o200k_base)', "HTTPServer's")).toEqual(
    ['HTTPServer', "'s"].join('').match(/HTTPServer's/g),
  );
});
