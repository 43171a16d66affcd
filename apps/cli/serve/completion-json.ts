/** Why an answer ended. `content_filter`: before a passage that a rule protects. */
export type FinishReason = 'stop' | 'length' | 'content_filter';

export interface Usage {
  readonly promptTokens: number;
  /** Of these, the tokens that were still held from the request before. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

/** The JSON of one completion, as a whole and as the events of a stream. */
export interface CompletionJson {
  whole(text: string, finish: FinishReason, usage: Usage): object;
  /** The events before the first text. */
  opening(): readonly object[];
  piece(text: string): object;
  closing(finish: FinishReason): object;
  usage(usage: Usage): object;
}

interface About {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
}

const usageOf = ({ promptTokens, cachedTokens, completionTokens }: Usage) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
  prompt_tokens_details: { cached_tokens: cachedTokens },
});

/** As `/v1/chat/completions` writes it. */
export function chatCompletion({ id, ...rest }: About): CompletionJson {
  const about = { id: `chatcmpl-${id}`, ...rest };
  const event = (delta: object, finish_reason: FinishReason | null) => ({
    ...about,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
  });
  return {
    whole: (content, finish_reason, usage) => ({
      ...about,
      object: 'chat.completion',
      choices: [
        { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason },
      ],
      usage: usageOf(usage),
    }),
    opening: () => [event({ role: 'assistant', content: '' }, null)],
    piece: (content) => event({ content }, null),
    closing: (finish) => event({}, finish),
    usage: (usage) => ({ ...about, object: 'chat.completion.chunk', choices: [], usage: usageOf(usage) }),
  };
}

/** As `/v1/completions` writes it. */
export function textCompletion({ id, ...rest }: About): CompletionJson {
  const about = { id: `cmpl-${id}`, object: 'text_completion', ...rest };
  const choice = (text: string, finish_reason: FinishReason | null) => ({
    ...about,
    choices: [{ index: 0, text, logprobs: null, finish_reason }],
  });
  return {
    whole: (text, finish, usage) => ({ ...choice(text, finish), usage: usageOf(usage) }),
    opening: () => [],
    piece: (text) => choice(text, null),
    closing: (finish) => choice('', finish),
    usage: (usage) => ({ ...about, choices: [], usage: usageOf(usage) }),
  };
}
