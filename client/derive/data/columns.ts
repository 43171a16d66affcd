import * as v from 'valibot';
import { chatRoles } from '../../data/chat-template.ts';
import type { Message, Row, Turns } from './row.ts';

/** A row, or what is wrong with the columns of a line. */
export type ColumnsRead = { readonly row: Row } | { readonly wrong: 'unknown' | 'form' | 'empty' };

const text = v.string();
const messages = v.pipe(v.array(v.object({ role: v.picklist(chatRoles), content: text })), v.minLength(1));
const turns = v.union([text, messages]);
const margin = v.optional(v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1000)));
const label = v.union([
  v.boolean(),
  v.pipe(
    v.picklist([0, 1]),
    v.transform((value) => value === 1),
  ),
]);

/** ShareGPT calls the user human and the assistant gpt. */
const shareGptTurn = v.pipe(
  v.object({ from: v.picklist(['human', 'gpt', ...chatRoles]), value: text }),
  v.transform(
    ({ from, value }): Message => ({
      role: from === 'human' ? 'user' : from === 'gpt' ? 'assistant' : from,
      content: value,
    }),
  ),
);
const shareGpt = v.pipe(v.array(shareGptTurn), v.minLength(1));

/** The known sets of columns; the first whose names a line has counts. Other columns are ignored. */
const readers: readonly {
  readonly has: readonly string[];
  readonly read: (line: Readonly<Record<string, unknown>>) => Row | null;
}[] = [
  {
    has: ['conversations', 'chosen', 'rejected'],
    read: reader(
      v.object({ conversations: shareGpt, chosen: shareGptTurn, rejected: shareGptTurn, margin }),
      ({ conversations: prompt, chosen, rejected, margin: by }) => ({
        form: 'preference',
        prompt,
        chosen: [chosen],
        rejected: [rejected],
        ...marginOf(by),
      }),
    ),
  },
  { has: ['messages'], read: reader(v.object({ messages }), (row) => ({ form: 'messages', ...row })) },
  {
    has: ['conversations'],
    read: reader(v.object({ conversations: v.union([shareGpt, messages]) }), (row) => ({
      form: 'messages',
      messages: row.conversations,
    })),
  },
  {
    has: ['prompt', 'chosen', 'rejected'],
    read: reader(v.object({ prompt: turns, chosen: turns, rejected: turns, margin }), preference),
  },
  {
    has: ['chosen', 'rejected'],
    read: reader(v.object({ chosen: turns, rejected: turns, margin }), withImplicitPrompt),
  },
  {
    has: ['prompt', 'completion', 'label'],
    read: reader(v.object({ prompt: turns, completion: turns, label }), (row) => ({
      form: 'label',
      ...row,
    })),
  },
  {
    has: ['prompt', 'completion'],
    read: reader(v.object({ prompt: turns, completion: turns }), (row) => ({ form: 'answer', ...row })),
  },
  {
    has: ['instruction', 'output'],
    read: reader(
      v.object({ instruction: text, output: text, input: v.optional(text), system: v.optional(text) }),
      alpaca,
    ),
  },
  { has: ['text'], read: reader(v.object({ text }), (row) => ({ form: 'text', ...row })) },
  { has: ['prompt'], read: reader(v.object({ prompt: turns }), (row) => ({ form: 'prompt', ...row })) },
];

const known = new Set([...readers.flatMap(({ has }) => has), 'input', 'system', 'margin']);

/** The columns of each form that is read, for a message. */
export const knownColumns = readers.map(({ has }) => has.join(' + ')).join('; ');

/** Reads the value of a line. A column that is null counts as absent. */
export function readColumns(value: unknown): ColumnsRead {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { wrong: 'unknown' };
  const line = Object.fromEntries(
    Object.entries(value).filter(([name, cell]) => known.has(name) && cell !== null),
  );
  const reader = readers.find(({ has }) => has.every((name) => name in line));
  if (reader === undefined) return { wrong: 'unknown' };
  const row = reader.read(line);
  if (row === null) return { wrong: 'form' };
  return isWhole(row) ? { row } : { wrong: 'empty' };
}

/** Parses the columns by a schema; null if their values have other types. */
function reader<Schema extends v.GenericSchema>(
  schema: Schema,
  row: (columns: v.InferOutput<Schema>) => Row | null,
): (line: unknown) => Row | null {
  return (line) => {
    const parsed = v.safeParse(schema, line, { abortEarly: true });
    return parsed.success ? row(parsed.output) : null;
  };
}

function alpaca({
  instruction,
  input = '',
  output,
  system = '',
}: {
  readonly instruction: string;
  readonly input?: string | undefined;
  readonly output: string;
  readonly system?: string | undefined;
}): Row {
  const asked = input.trim() === '' ? instruction : `${instruction}\n\n${input}`;
  const before: Message[] = system.trim() === '' ? [] : [{ role: 'system', content: system }];
  return {
    form: 'answer',
    prompt: [...before, { role: 'user', content: asked }],
    completion: [{ role: 'assistant', content: output }],
  };
}

interface Pair {
  readonly chosen: Turns;
  readonly rejected: Turns;
  readonly margin?: number | undefined;
}

const marginOf = (margin: number | undefined) => (margin === undefined ? {} : { margin });

/** Both answers without the prompt, where they repeat it; null if one is text and the other messages. */
function preference({ prompt, chosen, rejected, margin: by }: Pair & { readonly prompt: Turns }): Row | null {
  const [first, second] = [without(prompt, chosen), without(prompt, rejected)];
  if (typeof first !== typeof second) return null;
  return { form: 'preference', prompt, chosen: first, rejected: second, ...marginOf(by) };
}

/** Some datasets give the whole conversation beside the prompt. */
function without(prompt: Turns, answer: Turns): Turns {
  if (typeof prompt === 'string' || typeof answer === 'string') return answer;
  const repeats = answer.length > prompt.length && prompt.every((turn, i) => same(turn, answer[i]));
  return repeats ? answer.slice(prompt.length) : answer;
}

/** The prompt is what both answers begin with: equal messages, or equal words of a text. */
function withImplicitPrompt({ chosen, rejected, margin: by }: Pair): Row | null {
  if (typeof chosen === 'string' && typeof rejected === 'string') {
    let common = 0;
    while (common < chosen.length && chosen[common] === rejected[common]) common++;
    const cut = wordBorder(chosen, common);
    return {
      form: 'preference',
      prompt: chosen.slice(0, cut),
      chosen: chosen.slice(cut),
      rejected: rejected.slice(cut),
      ...marginOf(by),
    };
  }
  if (typeof chosen === 'string' || typeof rejected === 'string') return null;
  const differs = chosen.findIndex((turn, i) => !same(turn, rejected[i]));
  if (differs < 0) return null;
  return {
    form: 'preference',
    prompt: chosen.slice(0, differs),
    chosen: chosen.slice(differs),
    rejected: rejected.slice(differs),
    ...marginOf(by),
  };
}

/** The end of the last white space before `place`; the text's beginning if there is none. */
function wordBorder(text: string, place: number): number {
  let border = place;
  while (border > 0 && !/\s/.test(text[border - 1] ?? '')) border--;
  return border;
}

function same(one: Message, other: Message | undefined): boolean {
  return one.role === other?.role && one.content === other.content;
}

/** True if the row has something to learn from, and the answers of a preference differ. */
function isWhole(row: Row): boolean {
  switch (row.form) {
    case 'text':
      return row.text.trim() !== '';
    case 'messages':
      return row.messages.some(({ role, content }) => role === 'assistant' && content.trim() !== '');
    case 'answer':
    case 'label':
      return hasText(row.completion);
    case 'preference':
      return hasText(row.chosen) && hasText(row.rejected) && !equal(row.chosen, row.rejected);
    case 'prompt':
      return hasText(row.prompt);
    default:
      return row satisfies never;
  }
}

function hasText(turns: Turns): boolean {
  if (typeof turns === 'string') return turns.trim() !== '';
  return turns.some(({ content }) => content.trim() !== '');
}

const equal = (one: Turns, other: Turns) => JSON.stringify(one) === JSON.stringify(other);
