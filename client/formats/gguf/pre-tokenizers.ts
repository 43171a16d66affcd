/** How llama.cpp names the splitting of text into words (`tokenizer.ggml.pre`), and the same in tokenizer.json. */
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
const gpt2 = { ...byteLevel, use_regex: true };

const splitBy = (...patterns: readonly string[]) => ({
  type: 'Sequence',
  pretokenizers: [
    ...patterns.map((Regex) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false })),
    byteLevel,
  ],
});

const llama3 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const qwen2 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** The first name with a splitting is the one that is written. */
const named: readonly (readonly [string, object])[] = [
  ['gpt-2', gpt2],
  ['llama-bpe', splitBy(llama3)],
  ['llama3', splitBy(llama3)],
  ['qwen2', splitBy(qwen2)],
  ['smollm', { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, gpt2] }],
];

/** The `pre_tokenizer` of tokenizer.json for a name of llama.cpp; null for an unknown one. */
export function preTokenizerOf(name: string): object | null {
  return named.find(([each]) => each === name)?.[1] ?? null;
}

/** The name of llama.cpp for a `pre_tokenizer`; null if it has none. */
export function preTokenizerName(preTokenizer: unknown): string | null {
  const wanted = shapeOf(preTokenizer);
  return named.find(([, each]) => shapeOf(each) === wanted)?.[0] ?? null;
}

/** What of a pre-tokenizer decides where text is split. */
function shapeOf(preTokenizer: unknown): string {
  return JSON.stringify(preTokenizer, (key, value: unknown) =>
    key === 'trim_offsets' || key === 'add_prefix_space' || key === 'invert' ? undefined : value,
  );
}
