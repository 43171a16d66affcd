import { Conversation } from '../../../client/derive/chat/conversation.ts';
import { TapestryError } from '../../../client/errors.ts';
import type { Piece } from '../../../client/model/generate/generate.ts';
import type { Sampling } from '../../../client/model/generate/sampling.ts';
import { Random } from '../../../client/random.ts';
import { type ChatModel, noAdapter } from '../model/chat-model.ts';
import type { Output } from '../terminal/output.ts';
import { streams } from '../terminal/streams.ts';
import { terminalText } from '../terminal/terminal-text.ts';
import { type ChatLine, chatHelp, readChatLine } from './chat-line.ts';
import type { PairFile } from './pair-file.ts';
import type { StopOrLeave } from './stop-or-leave.ts';

export interface ChatSessionOptions {
  readonly model: ChatModel;
  readonly sampling: Sampling;
  readonly maxTokens: number;
  readonly seed: number;
  readonly system: string | null;
  readonly pairs: PairFile;
  readonly interrupts: StopOrLeave;
  readonly output: Output;
}

/** A chat: takes a person's lines, one at a time, and writes answers to stdout and everything else to stderr. */
export class ChatSession {
  readonly #options: ChatSessionOptions;
  #conversation: Conversation;
  #adapter: string | null;
  #answers = 0;

  constructor(options: ChatSessionOptions) {
    this.#options = options;
    this.#conversation = new Conversation(options.system);
    this.#adapter = options.model.adapters[0] ?? null;
    const { model } = options;
    const which = this.#adapter === null ? '' : ` with the adapter ${terminalText(this.#adapter)}`;
    const how =
      model.formatWith(this.#adapter) === 'plain'
        ? ' A base is not trained on chats: it continues each message as text (--format).'
        : '';
    this.#note(
      `${terminalText(model.name)}${which} on ${terminalText(model.device)}. /help lists the commands.${how}`,
    );
  }

  /** Takes one line; resolves to false if the person leaves. Errors that a person can act on are shown. */
  async take(line: string): Promise<boolean> {
    const read = readChatLine(line);
    if (read.kind === 'quit') return false;
    try {
      await this.#do(read);
    } catch (error) {
      if (!(error instanceof TapestryError)) throw error;
      this.#options.output.error(error);
    }
    return true;
  }

  async #do(read: Exclude<ChatLine, { kind: 'quit' }>): Promise<void> {
    switch (read.kind) {
      case 'nothing':
        return;
      case 'say':
        this.#conversation.ask(read.text);
        return this.#answer();
      case 'retry':
        if (!this.#conversation.hasAnswer) return this.#note('There is no answer yet.');
        return this.#answer();
      case 'vote': {
        if (!this.#conversation.hasAnswer) return this.#note('There is no answer yet.');
        const pairs = this.#conversation.vote(read.vote);
        if (pairs.length === 0)
          return this.#note('Noted. /retry and a vote on the next answer make a preference pair.');
        await this.#options.pairs.add(pairs);
        const path = terminalText(this.#options.pairs.path);
        return this.#note(
          `${pairs.length === 1 ? 'A pair was' : `${pairs.length} pairs were`} added to ${path}.`,
        );
      }
      case 'system':
        this.#conversation = new Conversation(read.text === '' ? null : read.text);
        return this.#note(`A new conversation${read.text === '' ? '' : ' with this system message'}.`);
      case 'adapter':
        return this.#useAdapter(read.name);
      case 'help':
        return this.#note(chatHelp);
      case 'unknown':
        return this.#note(`/${terminalText(read.command)} is no command.\n${chatHelp}`);
      default:
        return read satisfies never;
    }
  }

  #useAdapter(name: string): void {
    const { adapters } = this.#options.model;
    if (name === '' || (name !== noAdapter && !adapters.includes(name))) {
      const unknown = name === '' ? '' : `${terminalText(name)} is not loaded. `;
      const loaded = [noAdapter, ...adapters].map((each) => terminalText(each)).join(', ');
      this.#note(`${unknown}In use: ${terminalText(this.#adapter ?? noAdapter)}. Loaded: ${loaded}.`);
      return;
    }
    this.#adapter = name === noAdapter ? null : name;
    this.#note(
      `The next answer is ${name === noAdapter ? "the model's own" : `that of ${terminalText(name)}`}.`,
    );
  }

  async #answer(): Promise<void> {
    const { model, sampling, maxTokens, seed, interrupts, output } = this.#options;
    const adapter = this.#adapter;
    const format = model.formatWith(adapter);
    const { messages } = this.#conversation;
    const signal = interrupts.begin();
    let text = '';
    let tokens = 0;
    let readTokens = 0;
    let end: NonNullable<Piece['end']> | 'interrupted' = 'interrupted';
    try {
      // At least half of the context is the prompt's.
      const room = model.context - Math.min(maxTokens, Math.floor(model.context / 2));
      const prompt = model.prompt(messages, format, room);
      if (prompt.leftOut > 0)
        this.#note(`The context has no room for the first ${prompt.leftOut} messages, which are left out.`);
      const random = Random.seeded(seed, this.#answers++);
      for await (const piece of model.answer(prompt, { ...sampling, adapter, maxTokens, random, signal })) {
        text += piece.text;
        tokens++;
        if (piece.reused !== undefined) readTokens = prompt.tokens.length - piece.reused;
        end = piece.end ?? end;
        this.#write(piece.text);
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#conversation.unask();
        throw error;
      }
    } finally {
      interrupts.end();
    }
    this.#conversation.answered(text, format);
    this.#write('\n');
    if (output.json)
      output.result(
        {
          event: 'answer',
          message: messages.at(-1)?.content,
          text,
          tokens,
          readTokens,
          end,
          adapter,
          format,
        },
        '',
      );
    else if (end === 'protected') this.#note('The answer ended before a passage that a rule protects.');
    else if (end === 'length') this.#note(`Cut at ${maxTokens} tokens (--max-tokens).`);
  }

  #write(text: string): void {
    if (this.#options.output.json) return;
    streams.write('stdout', process.stdout.isTTY ? terminalText(text, 'lines') : text);
  }

  #note(text: string): void {
    this.#options.output.progress({ event: 'note', text }, text);
  }
}
