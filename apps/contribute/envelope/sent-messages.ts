import { decodeToRelay, type MessageToRelay } from '../../../relay/wire/frames.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import type { Offer } from '../../../relay/wire/tapestry_pb.js';
import { storedChunkBytes, storedOfType } from './limits.ts';

/** A frame that was sent, and when, in milliseconds since 1970. */
export interface SentMessage {
  /** Counts the messages since the page was opened. */
  readonly id: number;
  readonly type: MessageToRelay['case'];
  readonly at: number;
  readonly frame: Uint8Array<ArrayBuffer>;
}

/** The payload that an offer named, with its chunks as far as they are here. */
export interface SentPayload {
  readonly offer: Offer;
  readonly chunks: readonly SentMessage[];
}

/** The very frames that left this tab, the newest of them. What is over the limits is dropped, the oldest first. */
export class SentMessages {
  readonly #chunkLimit: number;
  readonly #now: () => number;
  #messages: SentMessage[] = [];
  #count = 0;
  #chunkBytes = 0;

  constructor(chunkLimit = storedChunkBytes, now: () => number = Date.now) {
    this.#chunkLimit = chunkLimit;
    this.#now = now;
  }

  /** Messages since the page was opened. */
  get count(): number {
    return this.#count;
  }

  add(frame: Uint8Array<ArrayBuffer>): void {
    const { case: type } = decodeToRelay(frame);
    this.#messages.push({ id: this.#count++, type, at: this.#now(), frame });
    if (type === 'chunk') {
      this.#chunkBytes += frame.length;
      while (this.#chunkBytes > this.#chunkLimit) this.#chunkBytes -= this.#dropOldest('chunk');
    } else if (this.of(type).length > storedOfType) this.#dropOldest(type);
  }

  /** The stored messages of a type, the oldest first. */
  of(type: SentMessage['type']): SentMessage[] {
    return this.#messages.filter((message) => message.type === type);
  }

  get(id: number): SentMessage | null {
    return this.#messages.find((message) => message.id === id) ?? null;
  }

  /** The payload of which a chunk is part: that of the last offer before it. Null if that offer is not stored any more. */
  payloadOf({ id }: SentMessage): SentPayload | null {
    const offers = this.of('offer').flatMap(({ id: at, frame }) => {
      const message = decodeToRelay(frame);
      return message.case === 'offer' ? [{ at, offer: message.value }] : [];
    });
    const offer = offers.findLast(({ at }) => at < id)?.offer;
    if (offer === undefined) return null;
    const name = toHex(offer.payload);
    // A node offers a payload again after it lost its connection, and sends the rest.
    const isOwn = (chunk: SentMessage) => {
      const before = offers.findLast(({ at }) => at < chunk.id)?.offer;
      return before !== undefined && toHex(before.payload) === name;
    };
    return { offer, chunks: this.of('chunk').filter(isOwn) };
  }

  #dropOldest(type: SentMessage['type']): number {
    const index = this.#messages.findIndex((message) => message.type === type);
    const [dropped] = this.#messages.splice(index, 1);
    return dropped?.frame.length ?? 0;
  }
}

/** A payload put together from the chunks that carried it; null if a part of it is not stored. */
export function payloadFrom({ offer, chunks }: SentPayload): Uint8Array<ArrayBuffer> | null {
  const payload = new Uint8Array(offer.payloadBytes);
  const parts = chunks.flatMap(({ frame }) => {
    const message = decodeToRelay(frame);
    return message.case === 'chunk' ? [message.value] : [];
  });
  parts.sort((one, other) => one.offset - other.offset);
  let end = 0;
  for (const { offset, data } of parts) {
    if (offset > end || offset + data.length > payload.length) return null;
    payload.set(data, offset);
    end = Math.max(end, offset + data.length);
  }
  return end === payload.length ? payload : null;
}
