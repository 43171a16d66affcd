import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import { encodeJson, parseJson } from './json.ts';
import type { SpecialTokens } from './llama-config.ts';

/** The names of a model's special tokens in tokenizer_config.json. */
export type SpecialTokenNames = { readonly [Name in keyof SpecialTokens]: string };

/** The facts about a tokenizer that a model's folder records. */
export interface TokenizerFacts extends SpecialTokens {
  readonly kind: 'bytes' | 'file';
  readonly names: SpecialTokenNames;
  /** The ids of all special tokens by their names. */
  readonly special: ReadonlyMap<string, number>;
  /** The Jinja template of chats. */
  readonly chatTemplate: string;
  /** Bytes of the tokenizer.json. */
  readonly file: Uint8Array<ArrayBuffer>;
}

/** The longest known templates have about 20,000 characters. */
const maxTemplateCharacters = 65_536;

/** One turn per line, for tokenizers of bytes: ChatML's markers would take 22 tokens a turn. */
export const plainTemplate =
  '{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}' +
  "{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}{{ '\\n' }}{% endfor %}" +
  '{% if add_generation_prompt %}assistant: {% endif %}';

/**
 * ChatML, for models without a template of their own. An answer ends with the token at which generation stops, which may be
 * another one than `<|im_end|>`.
 */
export const chatMl =
  '{{ bos_token }}{% for m in messages %}' +
  "{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' }}" +
  "{% if m.role == 'assistant' and eos_token != '<|im_end|>' %}{{ eos_token }}{% endif %}{{ '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** Encodes a tokenizer_config.json. `contextLength` is in tokens. */
export function encodeTokenizerConfig(
  { names, chatTemplate }: TokenizerFacts,
  contextLength: number,
): Uint8Array<ArrayBuffer> {
  return encodeJson({
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: names.beginning,
    eos_token: names.end,
    pad_token: names.padding,
    model_max_length: contextLength,
    clean_up_tokenization_spaces: false,
    add_bos_token: true,
    chat_template: chatTemplate,
  });
}

/** A name as a string, or in an object with `content` (older files). */
const name = v.nullish(
  v.pipe(
    v.union([v.string(), v.object({ content: v.string() })]),
    v.transform((token) => (typeof token === 'string' ? token : token.content)),
  ),
);
const template = v.pipe(v.string(), v.maxLength(maxTemplateCharacters));
const schema = v.object({
  bos_token: name,
  eos_token: name,
  pad_token: name,
  /** One template, or several by name; `default` is the one for chats without tools. */
  chat_template: v.nullish(v.union([template, v.array(v.object({ name: v.string(), template }))])),
});

/** The special tokens and the chat template that a tokenizer_config.json names. */
export interface TokenizerConfig {
  readonly names: Partial<SpecialTokenNames>;
  readonly chatTemplate: string | undefined;
}

/** Reads a tokenizer_config.json. Throws `tokenizer.bad-config`. */
export function parseTokenizerConfig(bytes: Uint8Array): TokenizerConfig {
  try {
    const { bos_token, eos_token, pad_token, chat_template } = v.parse(schema, parseJson(bytes));
    return {
      names: {
        ...(bos_token ? { beginning: bos_token } : {}),
        ...(eos_token ? { end: eos_token } : {}),
        ...(pad_token ? { padding: pad_token } : {}),
      },
      chatTemplate: Array.isArray(chat_template)
        ? chat_template.find(({ name }) => name === 'default')?.template
        : (chat_template ?? undefined),
    };
  } catch (cause) {
    throw new TapestryError(
      'tokenizer.bad-config',
      `tokenizer_config.json cannot be read: ${cause instanceof Error ? cause.message : cause}.`,
      "Use the model's own file, or leave it out if the tokenizer has the usual special tokens.",
      { cause },
    );
  }
}
