import type { Sampling } from '../../../client/model/generate/sampling.ts';
import { Random } from '../../../client/random.ts';
import type { AnswerOptions, ChatModel } from '../model/chat-model.ts';
import type { AnswerQueue } from './answer-queue.ts';
import {
  type CompletionJson,
  chatCompletion,
  type FinishReason,
  textCompletion,
  type Usage,
} from './completion-json.ts';
import type { ServeLimits } from './limits.ts';
import { invalid, ProtocolError } from './protocol-error.ts';
import type { CompletionRequest } from './request.ts';

export interface CompletionsOptions {
  readonly model: ChatModel;
  readonly limits: ServeLimits;
  readonly queue: AnswerQueue;
  /** For what a request leaves open. */
  readonly sampling: Sampling;
  readonly seed: number;
  /** A name for each answer. */
  readonly newId: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A completion that was accepted: its JSON, and its text as it is made. */
export interface Completion {
  readonly json: CompletionJson;
  /** The model as the request named it. */
  readonly model: string;
  /** Waits for its turn, and gives the text in pieces; then `result` is complete. To be iterated once. */
  readonly pieces: AsyncGenerator<string, void, void>;
  readonly result: { finish: FinishReason; usage: Usage };
}

/** Answers requests with one model, one after another. */
export class Completions {
  readonly #options: CompletionsOptions;
  #answered = 0;

  constructor(options: CompletionsOptions) {
    this.#options = options;
  }

  /** The names by which requests may choose: the model's, and `name:adapter` for each adapter. */
  get modelNames(): readonly string[] {
    const { name, adapters } = this.#options.model;
    return [name, ...adapters.map((adapter) => `${name}:${adapter}`)];
  }

  /** Accepts a request. Throws ProtocolError, or the errors of `ChatModel.prompt`. */
  begin(request: CompletionRequest, signal: AbortSignal): Completion {
    const { model, limits, newId, now, sampling } = this.#options;
    const adapter = this.#adapterOf(request.model);
    const isChat = 'messages' in request.input;
    const messages =
      'messages' in request.input
        ? request.input.messages
        : [{ role: 'user' as const, content: request.input.text }];
    const prompt = model.prompt(messages, isChat ? model.formatWith(adapter) : 'plain', model.context - 1);
    const promptTokens = prompt.tokens.length;
    if (prompt.leftOut > 0)
      throw invalid(
        'messages',
        `The messages have more tokens than the context of ${model.context}. Leave the oldest ones out.`,
        'context_length_exceeded',
      );
    const about = { id: newId(), created: Math.floor(now() / 1000), model: request.model };
    const usage = { promptTokens, cachedTokens: 0, completionTokens: 0 };
    const result: Completion['result'] = { finish: 'stop', usage };
    const options: AnswerOptions = {
      ...sampling,
      ...request.sampling,
      adapter,
      maxTokens: Math.min(
        request.maxTokens ?? limits.maxTokens,
        limits.maxTokens,
        model.context - promptTokens,
      ),
      stopStrings: request.stops,
      // Without a seed each answer draws other numbers.
      random:
        request.seed === null
          ? Random.seeded(this.#options.seed, ++this.#answered)
          : Random.seeded(request.seed % 2 ** 32),
      signal,
    };
    return {
      json: isChat ? chatCompletion(about) : textCompletion(about),
      model: request.model,
      pieces: this.#pieces(() => model.answer(prompt, options), signal, result),
      result,
    };
  }

  async *#pieces(
    answer: () => ReturnType<ChatModel['answer']>,
    signal: AbortSignal,
    result: Completion['result'],
  ): AsyncGenerator<string, void, void> {
    const leave = await this.#options.queue.enter(signal);
    try {
      for await (const { text, end, reused } of answer()) {
        const { promptTokens, cachedTokens, completionTokens } = result.usage;
        result.usage = {
          promptTokens,
          cachedTokens: reused ?? cachedTokens,
          completionTokens: completionTokens + 1,
        };
        if (end !== undefined) result.finish = end === 'protected' ? 'content_filter' : end;
        if (text !== '') yield text;
      }
    } finally {
      leave();
    }
  }

  #adapterOf(name: string): string | null {
    const { model } = this.#options;
    if (name === model.name) return null;
    const adapter = model.adapters.find((each) => name === `${model.name}:${each}`);
    if (adapter !== undefined) return adapter;
    throw new ProtocolError(
      404,
      'model_not_found',
      `There is no model of this name. There are: ${this.modelNames.join(', ')}.`,
      'model',
    );
  }
}
