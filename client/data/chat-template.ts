import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { TapestryError } from '../errors.ts';
import type { ModelTokenizer } from './tokenizer.ts';

/** The roles that a template may place. A closed list, because templates write roles into special tokens: `<|user|>`. */
export const chatRoles = ['system', 'developer', 'user', 'assistant', 'tool'] as const;

export interface ChatMessage {
  readonly role: (typeof chatRoles)[number];
  readonly content: string;
}

/** What the rendering of a chat needs of a model's tokenizer. */
export type ChatTokenizer = Pick<ModelTokenizer, 'encode' | 'prefix' | 'special' | 'names' | 'chatTemplate'>;

export interface RenderedChat {
  readonly tokens: Uint32Array<ArrayBuffer>;
  /** For each token 1 if the assistant wrote it, so that training on answers gives it loss, else 0. */
  readonly carriesLoss: Uint8Array<ArrayBuffer>;
}

/** The most numbers that `range` gives a template, so that a hostile one cannot fill the memory. */
const maxRange = 65_536;

/**
 * Renders messages with the chat template of a model's tokenizer. Only the template places special tokens: a name such as
 * `<|end|>` inside a message stays text. The assistant's spans are those that the template marks with `{% generation %}`;
 * in other templates they are what an answer adds to the prompt before it.
 *
 * `prompt` also renders the beginning of the next answer.
 * @throws TapestryError `chat.bad-template`, `chat.no-prefix` or `chat.bad-text`
 */
export function renderChat(
  tokenizer: ChatTokenizer,
  messages: readonly ChatMessage[],
  { prompt = false }: { readonly prompt?: boolean } = {},
): RenderedChat {
  const template = templateOf(tokenizer);
  const [guard, begin, end] = unusedCharacters(template.source, messages);
  const guarded = messages.map(({ role, content }) => ({
    role,
    content: guardNames(content, tokenizer.special, guard),
  }));
  const render = (count: number, withPrompt: boolean) =>
    template.render(guarded.slice(0, count), withPrompt, [begin, end]);
  const whole = render(messages.length, prompt);
  const marked = withoutMarks(whole, begin, end);
  if (template.marksAnswers) return encodeParts(tokenizer, marked.text, marked.spans, guard);
  const spans = messages.flatMap(({ role }, i) =>
    role === 'assistant' ? [answerSpan(marked.text, i, render, tokenizer.special)] : [],
  );
  return encodeParts(tokenizer, marked.text, spans, guard);
}

/** Offsets in a rendered text; `end` is not included. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** A parsed template. */
interface ChatTemplate {
  readonly source: string;
  readonly marksAnswers: boolean;
  /** `marks` are written where a `{% generation %}` begins and ends. */
  render(messages: readonly ChatMessage[], prompt: boolean, marks: readonly [string, string]): string;
}

const parsed = new WeakMap<ChatTokenizer, ChatTemplate>();

function templateOf(tokenizer: ChatTokenizer): ChatTemplate {
  const before = parsed.get(tokenizer);
  if (before !== undefined) return before;
  const made = parseTemplate(tokenizer.chatTemplate, tokenizer.names);
  parsed.set(tokenizer, made);
  return made;
}

/** A tag of transformers, with the white space that jinja's `lstrip_blocks` and `trim_blocks` remove around it. */
const generationTag = /(^[ \t]*)?\{%(-?)\s*(end)?generation\s*(-?)%\}\n?/gm;

function parseTemplate(source: string, names: ChatTokenizer['names']): ChatTemplate {
  const marked = source.replace(
    generationTag,
    (_, _line, before: string, closing: string | undefined, after: string) =>
      `{{${before} ${closing ? 'generation_end' : 'generation_begin'} ${after}}}`,
  );
  try {
    const program = parse(tokenize(marked, { lstrip_blocks: true, trim_blocks: true }));
    return {
      source,
      marksAnswers: marked !== source,
      render(messages, prompt, [begin, end]) {
        const variables = {
          messages,
          add_generation_prompt: prompt,
          bos_token: names.beginning,
          eos_token: names.end,
          pad_token: names.padding,
          generation_begin: begin,
          generation_end: end,
        };
        try {
          return new Interpreter(environmentOf(variables)).run(program).toString();
        } catch (cause) {
          throw badTemplate('cannot render these messages', cause);
        }
      },
    };
  } catch (cause) {
    throw badTemplate('cannot be read', cause);
  }
}

/** A template's variables. It is told no date: equal messages give equal tokens on every day. */
function environmentOf(variables: Readonly<Record<string, unknown>>): Environment {
  const environment = new Environment();
  const constants = { true: true, false: false, none: null, True: true, False: false, None: null };
  const functions = {
    range: boundedRange,
    raise_exception: (reason: string) => {
      throw new Error(reason);
    },
  };
  for (const [name, value] of Object.entries({ ...constants, ...functions, ...variables }))
    environment.set(name, value);
  return environment;
}

function boundedRange(first: number, last?: number, step = 1): number[] {
  const [start, stop] = typeof last === 'number' ? [first, last] : [0, first];
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (!(count <= maxRange)) throw new Error(`range() gives at most ${maxRange} numbers`);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

/** Three private characters that neither the template nor a message holds. */
function unusedCharacters(
  template: string,
  messages: readonly ChatMessage[],
): readonly [string, string, string] {
  const used = new Set([template, ...messages.map(({ content }) => content)].join(''));
  const free: string[] = [];
  for (let code = 0xe000; code < 0xf900 && free.length < 3; code++) {
    const character = String.fromCharCode(code);
    if (!used.has(character)) free.push(character);
  }
  const [guard, begin, end] = free;
  if (guard !== undefined && begin !== undefined && end !== undefined) return [guard, begin, end];
  throw new TapestryError(
    'chat.bad-text',
    'The messages use all private characters of Unicode, so that none is left to mark them with.',
    'Remove the characters U+E000 to U+F8FF from the messages.',
  );
}

/**
 * Breaks with `guard` each name of a special token in a message, and each part of a name that the template's text before or
 * after the message could complete.
 */
function guardNames(content: string, special: ReadonlyMap<string, number>, guard: string): string {
  const names = [...special.keys()];
  let guarded = content;
  for (const name of names) guarded = guarded.replaceAll(name, `${name[0]}${guard}${name.slice(1)}`);
  const text = guarded.trim();
  const completed = names.some(
    (name) =>
      name.includes(text) || someCut(name, (head, tail) => text.startsWith(tail) || text.endsWith(head)),
  );
  return completed && text !== '' ? guarded.replace(text, () => guard + text + guard) : guarded;
}

/** True if `holds` for the two parts of a name cut at any place. */
function someCut(name: string, holds: (head: string, tail: string) => boolean): boolean {
  for (let at = 1; at < name.length; at++) if (holds(name.slice(0, at), name.slice(at))) return true;
  return false;
}

/** The text between the marks of generation, and where it is once the marks are removed. */
function withoutMarks(marked: string, begin: string, end: string): { text: string; spans: Span[] } {
  const spans: Span[] = [];
  let text = '';
  let start = 0;
  for (const part of marked.split(new RegExp(`([${begin}${end}])`))) {
    if (part === begin) start = text.length;
    else if (part === end) spans.push({ start, end: text.length });
    else text += part;
  }
  return { text, spans };
}

/**
 * What message `index` adds to the messages before it, without the white space after its last special token: generation stops
 * at that token. The prompt before it is rendered as for generation, else without the beginning of an answer.
 */
function answerSpan(
  text: string,
  index: number,
  render: (count: number, prompt: boolean) => string,
  special: ReadonlyMap<string, number>,
): Span {
  const through = render(index + 1, false);
  const before = [true, false]
    .map((prompt) => render(index, prompt))
    .find((each) => through.startsWith(each));
  if (before === undefined || !text.startsWith(through))
    throw new TapestryError(
      'chat.no-prefix',
      `The template renders message ${index + 1} differently where other messages follow, so that the tokens that the assistant wrote are unknown.`,
      'Mark them in the template with {% generation %} and {% endgeneration %}, or give examples with one answer each.',
    );
  const trimmed = through.trimEnd();
  const closed = [...special.keys()].some((name) => trimmed.endsWith(name));
  return { start: before.length, end: closed ? Math.max(before.length, trimmed.length) : through.length };
}

/** Encodes the text between special tokens and borders of spans, each part alone, as generation would; text after a special token begins with the tokenizer's prefix. */
function encodeParts(
  { encode, prefix, special }: ChatTokenizer,
  text: string,
  spans: readonly Span[],
  guard: string,
): RenderedChat {
  const tokens: number[] = [];
  const carriesLoss: number[] = [];
  const put = (ids: Iterable<number>, loss: boolean) => {
    for (const id of ids) {
      tokens.push(id);
      carriesLoss.push(loss ? 1 : 0);
    }
  };
  let begins = true;
  const putWords = (words: string, loss: boolean) => {
    if (words === '') return;
    put(encode((begins ? prefix : '') + words.replaceAll(guard, '')), loss);
    begins = false;
  };
  const putText = (part: string, loss: boolean) => {
    let at = 0;
    for (const { 0: name, index } of part.matchAll(namesOf(special))) {
      putWords(part.slice(at, index), loss);
      put([special.get(name) ?? 0], loss);
      begins = true;
      at = index + name.length;
    }
    putWords(part.slice(at), loss);
  };
  let at = 0;
  for (const { start, end } of spans) {
    putText(text.slice(at, start), false);
    putText(text.slice(start, end), true);
    at = end;
  }
  putText(text.slice(at), false);
  return { tokens: Uint32Array.from(tokens), carriesLoss: Uint8Array.from(carriesLoss) };
}

/** Matches the names of special tokens, the longest first. */
function namesOf(special: ReadonlyMap<string, number>): RegExp {
  const names = [...special.keys()].sort((a, b) => b.length - a.length);
  if (names.length === 0) return /(?!)/g;
  return new RegExp(names.map((name) => name.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g');
}

function badTemplate(what: string, cause: unknown): TapestryError {
  return new TapestryError(
    'chat.bad-template',
    `The model's chat template ${what}: ${cause instanceof Error ? cause.message : cause}.`,
    'Use the template of a model that is known to work, or remove chat_template from tokenizer_config.json to use ChatML.',
    { cause },
  );
}
