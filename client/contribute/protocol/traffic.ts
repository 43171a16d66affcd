import type { SentBytes } from '../events.ts';
import type { Witness } from '../witness.ts';

/**
 * The bytes of one node, over all its connections: frames sent and received, and the bodies of HTTP answers. What carries them
 * (the framing of a WebSocket, headers, TLS) is not counted, so that the figure is the same over every transport.
 */
export class Traffic {
  readonly #witness: Pick<Witness, 'sent'> | undefined;
  readonly #sent = { join: 0, offer: 0, chunk: 0, heartbeat: 0, leave: 0 };
  #heard = 0;
  #downloaded = 0;
  #downloadedBefore = 0;

  /** Shows each frame that is sent to `witness`. */
  constructor(witness?: Pick<Witness, 'sent'>) {
    this.#witness = witness;
  }

  /** The node begins to connect to the relay, at first or again. */
  connecting(): void {
    this.#downloadedBefore = this.#downloaded;
  }

  count(message: keyof SentBytes, frame: Uint8Array<ArrayBuffer>): void {
    this.#sent[message] += frame.length;
    this.#witness?.sent(frame);
  }

  /** A frame of so many bytes arrived. */
  heard(bytes: number): void {
    this.#heard += bytes;
  }

  /** So many bytes of the body of an HTTP answer arrived. */
  downloaded(bytes: number): void {
    this.#downloaded += bytes;
  }

  get sent(): SentBytes {
    return { ...this.#sent };
  }

  /** All bytes that the node received: frames and bodies. */
  get received(): number {
    return this.#heard + this.#downloaded;
  }

  /** Bytes of bodies since the node began to connect last. */
  get downloadedSinceConnecting(): number {
    return this.#downloaded - this.#downloadedBefore;
  }
}
