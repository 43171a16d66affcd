import { basename, resolve } from 'node:path';
import type { ChatMessage } from '../../../client/data/chat-template.ts';
import type { ModelTokenizer } from '../../../client/data/tokenizer.ts';
import {
  type AnswerPrompt,
  answerPrompt,
  type ChatFormat,
} from '../../../client/derive/chat/answer-prompt.ts';
import type { ProtectedDomains } from '../../../client/derive/protect/domains.ts';
import { StreamGuard } from '../../../client/derive/protect/stream-guard.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { chatMl, plainTemplate } from '../../../client/formats/tokenizer-config.ts';
import type { ModelAdapter } from '../../../client/model/adapter/model-adapter.ts';
import type { LoadedModel } from '../../../client/model/files/read-model.ts';
import type { CachedDecoder } from '../../../client/model/generate/cached-decoder.ts';
import { generate, type Piece, type TextGuard } from '../../../client/model/generate/generate.ts';
import type { Sampling } from '../../../client/model/generate/sampling.ts';
import type { Random } from '../../../client/random.ts';
import { domainsAt, requireUnprotected } from '../protect/rules-file.ts';
import { loadAdapter } from './adapter-folder.ts';
import { openDecoder } from './decoder.ts';
import type { GenerationFlags } from './generation-flags.ts';
import { loadModel } from './model-folder.ts';

export interface ChatModelFlags extends Pick<GenerationFlags, 'device' | 'storage' | 'protect'> {
  /** Folders of PEFT, or `name=folder`. */
  readonly adapter?: readonly string[];
  /** The most tokens of a prompt and its answer, beside the model's own context. */
  readonly context: number;
  /** Given, it overrules what the model's files say. */
  readonly format?: ChatFormat;
}

export interface AnswerOptions extends Sampling {
  readonly adapter: string | null;
  readonly maxTokens: number;
  readonly stopStrings?: readonly string[];
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** A prompt, and what decides which text of its answer may be shown. */
export interface GuardedPrompt extends AnswerPrompt {
  readonly guard: TextGuard | null;
}

/** What a person calls the model without an adapter. */
export const noAdapter = 'none';

/** A model with its adapters, which answers one prompt at a time. */
export class ChatModel {
  /** That of its file or folder. */
  readonly name: string;
  readonly adapters: readonly string[];
  readonly tokenizer: ModelTokenizer;
  readonly device: string;
  /** In tokens. */
  readonly context: number;
  readonly #format: ChatFormat | undefined;
  readonly #isTrainedOnChats: boolean;
  readonly #decoder: CachedDecoder;
  readonly #domains: ProtectedDomains | null;
  #adapter: string | null = null;

  private constructor(
    path: string,
    model: LoadedModel,
    adapters: readonly string[],
    opened: { readonly decoder: CachedDecoder; readonly device: string },
    format: ChatFormat | undefined,
    domains: ProtectedDomains | null,
  ) {
    this.#domains = domains;
    this.name = basename(resolve(path)).replace(/\.gguf$/, '');
    this.adapters = adapters;
    this.tokenizer = model.tokenizer;
    this.device = opened.device;
    this.context = opened.decoder.config.contextLength;
    this.#decoder = opened.decoder;
    this.#format = format;
    this.#isTrainedOnChats = isTrainedOnChats(model);
  }

  /**
   * Loads a folder or a GGUF file, and its adapters beside it.
   * @throws TapestryError the errors of `loadModel`, `loadAdapter` and `openDecoder`, or `usage.adapter` for a name that is taken
   */
  static async open(path: string, flags: ChatModelFlags): Promise<ChatModel> {
    const domains = await domainsAt(flags.protect);
    const model = await loadModel(path);
    const adapters = new Map<string, ModelAdapter>();
    for (const given of flags.adapter ?? []) {
      const { name, folder } = namedFolder(given);
      if (adapters.has(name) || name === noAdapter)
        throw new TapestryError(
          'usage.adapter',
          `An adapter cannot be named ${printable(name)}: the name is taken.`,
          `Name them: --adapter first=${printable(folder)} --adapter second=FOLDER.`,
        );
      adapters.set(name, (await loadAdapter(folder, model)).adapter);
    }
    const { device, storage, context, format } = flags;
    const tokens = Math.min(context, model.config.contextLength);
    const opened = await openDecoder(device, model, { texts: 1, tokens, storage, adapters });
    return new ChatModel(path, model, [...adapters.keys()], opened, format, domains);
  }

  /** How the model is asked while it uses an adapter, or none. */
  formatWith(adapter: string | null): ChatFormat {
    return this.#format ?? (this.#isTrainedOnChats || adapter !== null ? 'chat' : 'plain');
  }

  /**
   * The prompt of an answer, of at most `room` tokens. Throws the errors of `answerPrompt`, and `protected.prompt` for a message
   * with a protected passage.
   */
  prompt(messages: readonly ChatMessage[], format: ChatFormat, room: number): GuardedPrompt {
    const domains = this.#domains;
    if (domains !== null) for (const { content } of messages) requireUnprotected(content, domains);
    const guard = domains && new StreamGuard(domains, messages.at(-1)?.content);
    return { ...answerPrompt(this.tokenizer, format, messages, room), guard };
  }

  /**
   * Continues a prompt, a piece for each token. One at a time. If aborted, rejects with the signal's reason.
   * @throws TapestryError the errors of `generate`
   */
  async *answer(prompt: GuardedPrompt, options: AnswerOptions): AsyncGenerator<Piece, void, void> {
    const { adapter, random, stopStrings = [], ...rest } = options;
    if (adapter !== this.#adapter) {
      this.#decoder.useAdapter(adapter);
      this.#adapter = adapter;
    }
    const { tokens, guard } = prompt;
    yield* generate(this.#decoder, [{ tokens, random, ...(guard && { guard }) }], {
      ...rest,
      tokenizer: this.tokenizer,
      // A conversation begins as the one before it: only what is new is read.
      reusesPrefix: true,
      stopTokens: prompt.stopTokens,
      stopStrings: [...prompt.stopStrings, ...stopStrings],
    });
  }

  close(): void {
    this.#decoder.close();
  }
}

/** True unless the model is a base without a template of its own: it has read texts only. */
export function isTrainedOnChats({ tokenizer, metadata }: LoadedModel): boolean {
  const { chatTemplate } = tokenizer;
  return metadata['tapestry.kind'] !== 'base' || (chatTemplate !== chatMl && chatTemplate !== plainTemplate);
}

/** `name=folder`, or a folder that gives its own name. */
function namedFolder(given: string): { name: string; folder: string } {
  const [, name, folder] = /^([\w.-]+)=(.+)$/.exec(given) ?? [];
  if (name !== undefined && folder !== undefined) return { name, folder };
  return { name: basename(resolve(given)), folder: given };
}
