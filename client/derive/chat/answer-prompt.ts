import { type ChatMessage, renderChat } from '../../data/chat-template.ts';
import { encodeBeginning, type ModelTokenizer } from '../../data/tokenizer.ts';
import { TapestryError } from '../../errors.ts';

/**
 * How a model is asked. `chat`: the chat template writes all messages. `plain`: the model continues the last message as text,
 * after the system message; earlier messages are not repeated. Models that were not trained on chats need `plain`.
 */
export const chatFormats = ['chat', 'plain'] as const;
export type ChatFormat = (typeof chatFormats)[number];

/** What a model reads before its answer, and where the answer ends. */
export interface AnswerPrompt {
  readonly tokens: readonly number[];
  readonly stopTokens: readonly number[];
  readonly stopStrings: readonly string[];
  /** Messages that were left out because the context has no room for them, the oldest first. */
  readonly leftOut: number;
}

/** The prompt as text, which a dataset of plain rows would have. */
export function plainPrompt(messages: readonly ChatMessage[]): string {
  const isSystem = ({ role }: ChatMessage) => role === 'system' || role === 'developer';
  const last = messages.findLast((message) => !isSystem(message));
  return [...messages.filter(isSystem), ...(last === undefined ? [] : [last])]
    .map(({ content }) => content)
    .join('\n');
}

/**
 * The prompt for the answer to `messages`. If it has more than `room` tokens, the oldest question and its answer are left out, and
 * so on; system messages and the last message always stay. Nothing in a message becomes a special token.
 * @throws TapestryError `chat.too-long`, or the errors of `renderChat`
 */
export function answerPrompt(
  tokenizer: ModelTokenizer,
  format: ChatFormat,
  messages: readonly ChatMessage[],
  room: number,
): AnswerPrompt {
  const { stopTokens, stopStrings } =
    format === 'plain' ? { stopTokens: [tokenizer.end], stopStrings: [] } : answerEnd(tokenizer);
  for (let kept = messages; ; kept = withoutOldest(kept)) {
    const tokens =
      format === 'plain'
        ? [...encodeBeginning(tokenizer, plainPrompt(kept))]
        : [...renderChat(tokenizer, kept, { prompt: true }).tokens];
    if (tokens.length <= room)
      return { tokens, stopTokens, stopStrings, leftOut: messages.length - kept.length };
    if (format === 'plain' || withoutOldest(kept).length === kept.length)
      throw new TapestryError(
        'chat.too-long',
        `The message has ${tokens.length} tokens with what belongs to it, and there is room for ${room}.`,
        'Shorten the message or the system message, or allow fewer tokens for the answer.',
      );
  }
}

/** The messages without the oldest question and what follows it up to the next; the same if only one question is left. */
function withoutOldest(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const questions = messages.flatMap(({ role }, index) => (role === 'user' ? [index] : []));
  const [first, second] = questions;
  if (first === undefined || second === undefined) return messages;
  return [...messages.slice(0, first), ...messages.slice(second)];
}

type AnswerEnd = Pick<AnswerPrompt, 'stopTokens' | 'stopStrings'>;

const ends = new WeakMap<ModelTokenizer, AnswerEnd>();

/**
 * Where answers end: at the first special token that the template writes after one, and before the text that it writes between.
 * Throws the errors of `renderChat`.
 */
function answerEnd(tokenizer: ModelTokenizer): AnswerEnd {
  const before = ends.get(tokenizer);
  if (before !== undefined) return before;
  const answer = 'x';
  const { tokens, carriesLoss } = renderChat(tokenizer, [
    { role: 'user', content: 'y' },
    { role: 'assistant', content: answer },
  ]);
  const written = tokens.slice(carriesLoss.indexOf(1));
  const special = new Set(tokenizer.special.values());
  const at = written.findIndex((token) => special.has(token));
  const text = tokenizer.decode(at < 0 ? written : written.slice(0, at)).trim();
  const between = text.slice(text.indexOf(answer) + answer.length).trim();
  const ending = at < 0 ? undefined : written[at];
  const made = {
    stopTokens: [...new Set([tokenizer.end, ...(ending === undefined ? [] : [ending])])],
    stopStrings: between === '' ? [] : [between],
  };
  ends.set(tokenizer, made);
  return made;
}
