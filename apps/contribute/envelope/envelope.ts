import type { OwnWork, Witness } from '../../../client/contribute/witness.ts';
import { contentHash } from '../../../client/sha256.ts';
import { fragmentOf, valuesOf } from '../../../relay/wire/fragments.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { factsOf } from '../../../relay/wire/offer.ts';
import { openFrame } from '../../../relay/wire/open-frame.ts';
import { guessesFrom } from './attack/guesses.ts';
import { pictureOf } from './delta-picture.ts';
import type { EnvelopeApi, MessageEntry, NoDelta, OwnDelta } from './envelope-api.ts';
import { payloadFrom, type SentMessage, SentMessages } from './sent-messages.ts';

/** What this tab sent, for its own person to open. It lives in the worker, beside the text, and asks nobody else anything. */
export class Envelope implements Witness, EnvelopeApi {
  readonly #messages: SentMessages;
  #work: OwnWork | null = null;
  /** The first message that is not of an earlier run. */
  #first = 0;

  constructor(messages = new SentMessages()) {
    this.#messages = messages;
  }

  opened(work: OwnWork): void {
    if (this.#work !== null && this.#work.terms.run !== work.terms.run) this.#first = this.#messages.count;
    this.#work = work;
  }

  sent(frame: Uint8Array<ArrayBuffer>): void {
    this.#messages.add(frame);
  }

  async sentMessages(type: SentMessage['type']): Promise<readonly MessageEntry[]> {
    return this.#messages.of(type).map(({ id, at, frame }) => ({ id, at, bytes: frame.length }));
  }

  async openMessage(id: number) {
    const message = this.#messages.get(id);
    return message && openFrame(message.frame);
  }

  async openDelta(chunk: number): Promise<OwnDelta | NoDelta> {
    const work = this.#work;
    if (work === null || chunk < this.#first) return 'no-run';
    const message = this.#messages.get(chunk);
    const sent = message && this.#messages.payloadOf(message);
    const payload = sent && payloadFrom(sent);
    if (sent === null || payload === null) return 'dropped';
    const { codec, fragments, layout } = work.terms;
    const { part } = factsOf(sent.offer);
    const values = new Float32Array(valuesOf(fragments, part) ?? 0);
    codec.decode(payload, values.length, (index, integer) => {
      values[index] = integer * codec.unit;
    });
    const { round, steps, tokens, payloadBytes } = sent.offer;
    const delta = fragmentOf(fragments, round, part).into(new Float32Array(layout.length), values);
    return {
      ...{ round, steps, tokens, payloadBytes },
      isAsOffered: (await contentHash(payload)) === toHex(sent.offer.payload),
      norm: Math.sqrt(delta.reduce((sum, value) => sum + value * value, 0)),
      tensors: pictureOf(delta, layout),
      guesses: guessesFrom(delta, work),
    };
  }
}
