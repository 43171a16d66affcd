import { codeName } from '../../relay/wire/code-name.ts';
import {
  type DraftToRelay,
  decodeToNode,
  encodeToRelay,
  type MessageToNode,
  protocolVersion,
} from '../../relay/wire/frames.ts';
import { joinBytes, offerBytes, sign } from '../../relay/wire/signatures.ts';
import { HostKind, ModelPart, NodeState } from '../../relay/wire/tapestry_pb.js';
import { FrameSocket, maskedFrame } from './frame-socket.ts';
import type { LoadPayload } from './payloads.ts';

/** What all nodes of a process saw. */
export interface Tally {
  /** Milliseconds from each offer, and from its payload's last byte, to the acknowledgement. */
  readonly fromOffer: number[];
  readonly fromLastByte: number[];
  /** Refusals by code, and sockets that closed before the run was complete. */
  readonly refusals: Record<string, number>;
  lost: number;
  joined: number;
  /** When the first round opened, and when the last acknowledgement came. */
  openedAt: number;
  endedAt: number;
}

export interface NodeOptions {
  readonly relay: URL;
  readonly localAddress: string;
  /** Tokens of a contribution of one step. */
  readonly tokens: number;
  /** The payload of the next contribution, and the milliseconds after the round's opening when its upload begins. */
  readonly payload: () => LoadPayload;
  readonly delay: () => number;
  readonly tally: Tally;
}

/** A node that does not train: it answers each round with a payload, and sends heartbeats, over a socket of its own. */
export class LoadNode {
  readonly closed: Promise<void>;
  readonly #options: NodeOptions;
  readonly #socket: FrameSocket;
  readonly #key: Promise<CryptoKeyPair>;
  #run = new Uint8Array(32);
  #beating: NodeJS.Timeout | undefined;
  #round = 0;
  #payload: LoadPayload | null = null;
  #offeredAt = 0;
  #sentAt = 0;
  #isComplete = false;

  /** Connects and joins; `admitted` is called with the Welcome. */
  constructor(options: NodeOptions, admitted: () => void) {
    this.#options = options;
    this.#key = generateKey();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#socket = new FrameSocket(options.relay, options.localAddress, {
      frame: (bytes) => void this.#received(decodeToNode(bytes), admitted),
      closed: () => {
        clearInterval(this.#beating);
        if (!this.#isComplete) options.tally.lost++;
        resolve();
      },
    });
  }

  async #received(message: MessageToNode, admitted: () => void): Promise<void> {
    const { tally, delay } = this.#options;
    switch (message.case) {
      case 'challenge':
        this.#run = new Uint8Array(message.value.run);
        return this.#join(message.value.nonce);
      case 'welcome':
        tally.joined++;
        this.#beating = setInterval(() => this.#beat(), message.value.heartbeatMs);
        return admitted();
      case 'roundOpen': {
        const { round, base } = message.value;
        this.#round = round;
        tally.openedAt = Math.min(tally.openedAt, performance.now());
        setTimeout(() => this.#offer(round, base), delay());
        return;
      }
      case 'resume':
        return this.#upload();
      case 'acknowledgement': {
        const now = performance.now();
        tally.fromOffer.push(now - this.#offeredAt);
        tally.fromLastByte.push(now - this.#sentAt);
        tally.endedAt = now;
        return;
      }
      case 'refusal': {
        const code = codeName(message.value.code);
        tally.refusals[code] = (tally.refusals[code] ?? 0) + 1;
        return;
      }
      case 'goodbye':
        this.#isComplete = true;
        this.#socket.end();
    }
  }

  async #join(nonce: Uint8Array): Promise<void> {
    const { privateKey, publicKey } = await this.#key;
    const unsigned = {
      protocol: protocolVersion,
      run: this.#run,
      publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)),
      host: HostKind.NODE,
      corpus: 0,
      tokenProof: new Uint8Array(32),
    };
    const signature = await sign(privateKey, joinBytes(nonce, unsigned));
    this.#send({ case: 'join', value: { ...unsigned, signature } });
  }

  async #offer(round: number, base: Uint8Array): Promise<void> {
    const payload = this.#options.payload();
    this.#payload = payload;
    const unsigned = {
      ...{ round, base, payload: payload.digest, payloadBytes: payload.bytes },
      ...{ steps: 1, tokens: this.#options.tokens, trainingLoss: 2, heldOutLoss: 2 },
      part: ModelPart.WHOLE,
    };
    const { privateKey } = await this.#key;
    const signature = await sign(privateKey, offerBytes(this.#run, unsigned));
    this.#offeredAt = performance.now();
    this.#send({ case: 'offer', value: { ...unsigned, signature } });
  }

  /** A node offers each payload once, so the relay has nothing of it yet. */
  #upload(): void {
    this.#socket.write(this.#payload?.frames ?? [], () => {
      this.#sentAt = performance.now();
    });
    this.#payload = null;
  }

  #beat(): void {
    const idle = { steps: 0, tokens: 0, trainingLoss: 0, tokensPerSecond: 0, bytesDownloaded: 0n };
    this.#send({ case: 'heartbeat', value: { round: this.#round, state: NodeState.TRAINING, ...idle } });
  }

  #send(message: DraftToRelay): void {
    this.#socket.write([maskedFrame(encodeToRelay(message))]);
  }
}

async function generateKey(): Promise<CryptoKeyPair> {
  const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  if ('privateKey' in pair) return pair;
  throw new TypeError('no pair of keys');
}
