import { createHash } from 'node:crypto';
import { type ClientOptions, WebSocket } from 'ws';
import type { Socket } from '../../../client/contribute/network.ts';
import { openFetchSocket } from '../../../client/host/fetch-socket.ts';
import {
  decodeToNode,
  encodeToRelay,
  frameHeaders,
  framesPath,
  type MessageToNode,
  maxChunkBytes,
  protocolVersion,
  socketPath,
  subprotocol,
} from '../../../relay/wire/frames.ts';
import { joinBytes, offerBytes, sign, tokenProof } from '../../../relay/wire/signatures.ts';
import {
  GoodbyeReason,
  HostKind,
  type Join,
  ModelPart,
  NodeState,
  type Offer,
  RefusalCode,
} from '../../../relay/wire/tapestry_pb.js';
import { payloadOfValues } from './run-support.ts';
import { parameters } from './small-run.ts';

type Case = MessageToNode['case'];
type ValueOf<C extends Case> = Extract<MessageToNode, { case: C }>['value'];
type Changes<M> = Partial<Omit<M, '$typeName' | '$unknown'>>;

export interface Identity {
  readonly privateKey: CryptoKey;
  readonly publicKey: Uint8Array<ArrayBuffer>;
}

export async function newIdentity(): Promise<Identity> {
  const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  return {
    privateKey: pair.privateKey,
    publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)),
  };
}

/** A delta's payload that differs with `seed`. */
export function payloadOf(seed: number): Uint8Array<ArrayBuffer> {
  const values = Float32Array.from({ length: parameters }, (_, i) => Math.sin(i * seed + seed) / 100);
  return payloadOfValues(values);
}

/** What carries a node's frames: a WebSocket, or requests by HTTP. */
export type TransportName = 'WebSocket' | 'fetch';
export const transportNames = ['WebSocket', 'fetch'] as const;

interface NodeOptions {
  readonly identity?: Identity;
  /** Options of the WebSocket. */
  readonly socket?: ClientOptions;
  readonly subprotocol?: string;
  /** A WebSocket unless given. */
  readonly transport?: TransportName;
}

/** A node that sends exactly the messages a test gives it, over a real connection. */
export class ScriptedNode {
  readonly identity: Identity;
  /** The status with which the WebSocket closed; by HTTP 1000 where the response ended whole, else 1006. */
  readonly closed: Promise<number>;
  readonly #transport: WebSocket | Socket;
  readonly #received: { case: Case; value: unknown }[] = [];
  #isOpen = true;
  #wake = () => {};
  #nonce = new Uint8Array(32);
  #run = new Uint8Array(32);

  private constructor(transport: WebSocket | Socket, identity: Identity) {
    this.#transport = transport;
    this.identity = identity;
    this.closed = (transport instanceof WebSocket ? this.#hear(transport) : this.#read(transport)).then(
      (status) => {
        this.#isOpen = false;
        this.#wake();
        return status;
      },
    );
  }

  /** The WebSocket, for tests that do with it what only a WebSocket can do. */
  get socket(): WebSocket {
    if (!(this.#transport instanceof WebSocket)) throw new Error('this node has no WebSocket');
    return this.#transport;
  }

  #hear(socket: WebSocket): Promise<number> {
    socket.on('message', (data) => {
      if (!(data instanceof Uint8Array)) throw new Error('the relay sent no bytes');
      this.#hold(data);
    });
    socket.on('error', () => {});
    return new Promise((resolve) => void socket.on('close', resolve));
  }

  async #read(socket: Socket): Promise<number> {
    try {
      for await (const bytes of socket.messages) this.#hold(bytes);
      return 1000;
    } catch {
      return 1006;
    }
  }

  #hold(bytes: Uint8Array): void {
    this.#received.push(decodeToNode(bytes));
    this.#wake();
  }

  /** Opens a connection and waits for the Challenge. */
  static async connect(url: URL, options: NodeOptions = {}): Promise<ScriptedNode> {
    const node = await ScriptedNode.open(url, options);
    const challenge = await node.next('challenge');
    node.#nonce = new Uint8Array(challenge.nonce);
    node.#run = new Uint8Array(challenge.run);
    return node;
  }

  /** Only opens a connection. */
  static async open(url: URL, options: NodeOptions = {}): Promise<ScriptedNode> {
    const identity = options.identity ?? (await newIdentity());
    const version = options.subprotocol ?? subprotocol;
    if (options.transport === 'fetch') {
      const address = new URL(`.${framesPath}`, url);
      return new ScriptedNode(await openFetchSocket(address, version, frameHeaders), identity);
    }
    const address = new URL(`.${socketPath}`, url);
    address.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(address, version, options.socket);
    const node = new ScriptedNode(socket, identity);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return node;
  }

  /** Connects and joins. */
  static async join(
    url: URL,
    options: NodeOptions & { readonly corpus?: number; readonly token?: string } = {},
  ): Promise<ScriptedNode> {
    const node = await ScriptedNode.connect(url, options);
    await node.sendJoin({ corpus: options.corpus ?? 0 }, options.token);
    await node.next('welcome');
    return node;
  }

  /** The next message of one kind; messages of other kinds before it are dropped. */
  async next<C extends Case>(kind: C): Promise<ValueOf<C>> {
    await this.#drop([kind]);
    const message = this.#received.shift();
    if (message === undefined || !isCase(message, kind)) throw new Error(`two readers of one ${kind}`);
    return message.value;
  }

  /** True if a refusal comes before the next message of this kind. */
  async refusedBefore(kind: Case): Promise<boolean> {
    return (await this.#drop([kind, 'refusal'])) === 'refusal';
  }

  /** Drops messages until one of these kinds is the next, and gives its kind. */
  async #drop(kinds: readonly Case[]): Promise<Case> {
    const deadline = performance.now() + 120_000;
    const skipped: string[] = [];
    for (;;) {
      for (let message = this.#received[0]; message !== undefined; message = this.#received[0]) {
        if (kinds.includes(message.case)) return message.case;
        skipped.push(message.case);
        this.#received.shift();
      }
      const left = deadline - performance.now();
      if (left <= 0 || !this.#isOpen)
        throw new Error(`no ${kinds.join(' or ')}; ${skipped.join(', ') || 'nothing'} came instead`);
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }

  /** The kinds of the messages that came and were not asked for yet. */
  get heard(): Case[] {
    return this.#received.map((message) => message.case);
  }

  async sendJoin(changes: Changes<Join> = {}, token?: string): Promise<void> {
    const { publicKey, privateKey } = this.identity;
    const unsigned = {
      protocol: protocolVersion,
      run: this.#run,
      publicKey,
      host: HostKind.NODE,
      corpus: 0,
      tokenProof: token === undefined ? new Uint8Array(32) : tokenProof(token, this.#nonce, publicKey),
      ...changes,
    };
    const signature = changes.signature ?? (await sign(privateKey, joinBytes(this.#nonce, unsigned)));
    this.send(encodeToRelay({ case: 'join', value: { ...unsigned, signature } }));
  }

  /** Offers `payload` for the round in `opened`; the signature covers `changes` unless they replace it. */
  async sendOffer(
    opened: { round: number; base: Uint8Array },
    payload: Uint8Array,
    changes: Changes<Offer> = {},
  ): Promise<void> {
    const unsigned = {
      round: opened.round,
      base: opened.base,
      payload: new Uint8Array(createHash('sha256').update(payload).digest()),
      payloadBytes: payload.length,
      steps: 4,
      tokens: 4 * 32,
      trainingLoss: 2.5,
      heldOutLoss: 3.5,
      part: ModelPart.WHOLE,
      ...changes,
    };
    const signature =
      changes.signature ?? (await sign(this.identity.privateKey, offerBytes(this.#run, unsigned)));
    this.send(encodeToRelay({ case: 'offer', value: { ...unsigned, signature } }));
  }

  sendChunks(payload: Uint8Array, from: number, to = payload.length, size = maxChunkBytes): void {
    for (let offset = from; offset < to; offset += size) {
      const data = payload.subarray(offset, Math.min(offset + size, to));
      this.send(encodeToRelay({ case: 'chunk', value: { offset, data } }));
    }
  }

  /** Reports one step; `tokens` are those that a step of the run takes, or the relay refuses the heartbeat. */
  sendHeartbeat(
    round: number,
    state = NodeState.TRAINING,
    tokens = 32,
    tokensPerSecond = 100,
    bytesDownloaded = 0n,
  ): void {
    const value = { round, state, steps: 1, tokens, trainingLoss: 3, tokensPerSecond, bytesDownloaded };
    this.send(encodeToRelay({ case: 'heartbeat', value }));
  }

  send(bytes: Uint8Array): void {
    this.#transport.send(new Uint8Array(bytes));
  }

  /** Contributes: offers, uploads and waits for the acknowledgement. */
  async contribute(
    opened: { round: number; base: Uint8Array },
    payload: Uint8Array,
    changes: Changes<Offer> = {},
  ) {
    await this.sendOffer(opened, payload, changes);
    const { offset } = await this.next('resume');
    this.sendChunks(payload, offset);
    return this.next('acknowledgement');
  }

  /** The code of the next refusal. */
  async refusal(): Promise<keyof typeof RefusalCode> {
    return nameOf(RefusalCode, (await this.next('refusal')).code);
  }

  async goodbye(): Promise<keyof typeof GoodbyeReason> {
    return nameOf(GoodbyeReason, (await this.next('goodbye')).reason);
  }

  /** Closes the connection without a message, as a closed tab does. */
  vanish(): void {
    if (this.#transport instanceof WebSocket) this.#transport.terminate();
    else this.#transport.close();
  }
}

function isCase<C extends Case>(
  message: { case: Case; value: unknown },
  kind: C,
): message is { case: C; value: ValueOf<C> } {
  return message.case === kind;
}

function nameOf<E extends Record<string, string | number>>(names: E, value: number): keyof E {
  const name = Object.keys(names).find((key) => names[key] === value);
  if (name === undefined) throw new Error(`no name for ${value}`);
  return name;
}
