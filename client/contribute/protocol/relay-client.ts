import {
  type DraftToRelay,
  type MessageToNode,
  maxChunkBytes,
  socketPath,
  unlistedCorpus,
  WireError,
} from '../../../relay/wire/frames.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { unsignedOffer } from '../../../relay/wire/offer.ts';
import { offerBytes, sign } from '../../../relay/wire/signatures.ts';
import {
  type Acknowledgement,
  RefusalCode,
  type RoundOpen,
  type Welcome,
} from '../../../relay/wire/tapestry_pb.js';
import type { Identity } from '../../identity.ts';
import type { RelayHttp } from '../../relay-http.ts';
import type { Runtime } from '../../runtime.ts';
import type { Network } from '../network.ts';
import type { Contribution } from '../round/saved-state.ts';
import { type RunTerms, readRunTerms } from '../run-terms.ts';
import { refusalError } from '../session/refusals.ts';
import { steadyMilliseconds } from '../session/relay-loss.ts';
import { isPassing, malformed, silent, stopping } from '../session/relay-problems.ts';
import type { SessionEvent } from '../session/state.ts';
import { CheckpointWatch } from './checkpoint-watch.ts';
import { Connection } from './connection.ts';
import type { EvidenceStore } from './evidence.ts';
import { fateOf } from './fate.ts';
import { answerChallenge, corpusIndex } from './handshake.ts';
import { JournalProofs } from './journal-proofs.ts';
import { Liveness } from './liveness.ts';
import { plannedRound } from './round-plan.ts';
import type { Traffic } from './traffic.ts';

export interface RelayClientOptions {
  readonly relay: URL;
  readonly token?: string;
  readonly run?: string;
  readonly corpusName: string | null;
}

/** The owner of a client, which receives its events and answers its requests. */
export interface RelayClientOwner {
  dispatch(event: SessionEvent): void;
  /** The relay admitted the node; no message is read before this resolves. */
  welcomed(terms: RunTerms, corpus: string | null, round: number, base: string): Promise<void>;
  heartbeat(): DraftToRelay;
  readonly evidence: EvidenceStore;
  /** Uniform over [0, 1). */
  jitter(): number;
}

/** How a client reaches its relay: by frames, and by HTTP. */
export interface RelayConnections {
  readonly network: Pick<Network, 'connect'>;
  readonly http: RelayHttp;
}

/** Shortest and longest interval between heartbeats, in milliseconds, regardless of the relay's request. */
const heartbeats = { closest: 100, furthest: 30_000 } as const;

/** Time limit from the start of a connection to the relay's Welcome. */
export const joinMilliseconds = 30_000;

/** Time limit for a closing connection to deliver its last messages. */
const closeMilliseconds = 2_000;

/** The node's side of the protocol, over successive connections. It turns the relay's messages into session events. */
export class RelayClient {
  readonly #runtime: Runtime;
  readonly #network: RelayConnections['network'];
  readonly #http: RelayHttp;
  readonly #options: RelayClientOptions;
  readonly #identity: Identity;
  readonly #traffic: Traffic;
  readonly #owner: RelayClientOwner;
  #corpus: number | null = null;
  #terms: RunTerms | null = null;
  #watch: CheckpointWatch | null = null;
  /** Aborted when the current connection is given up; its later events are ignored. */
  #present = new AbortController();
  /** Aborted when the relay's Welcome arrives on the current connection. */
  #welcome = new AbortController();
  #connection: Connection | null = null;
  #reading: Promise<void> = Promise.resolve();
  #upload = new AbortController();
  /** The relay's receipt for the last acknowledged contribution. */
  receipt: Acknowledgement | null = null;

  constructor(
    runtime: Runtime,
    { network, http }: RelayConnections,
    options: RelayClientOptions,
    identity: Identity,
    traffic: Traffic,
    owner: RelayClientOwner,
  ) {
    this.#runtime = runtime;
    this.#network = network;
    this.#http = http;
    this.#options = options;
    this.#identity = identity;
    this.#traffic = traffic;
    this.#owner = owner;
  }

  /** Replaces the current connection with a new one, and dispatches an event when the new one ends. */
  connect(): void {
    this.disconnect();
    this.#present = new AbortController();
    this.#welcome = new AbortController();
    this.#reading = this.#converse(this.#present.signal);
    void this.#giveUpUnlessWelcome(this.#present.signal, this.#welcome.signal);
  }

  disconnect(): void {
    this.#present.abort();
    this.#upload.abort();
    this.#connection?.close();
    this.#connection = null;
  }

  /** Sends Leave, and waits until the connection has closed, at most `closeMilliseconds`. */
  async leave(round: number): Promise<void> {
    const connection = this.#connection;
    if (this.#terms !== null) connection?.send({ case: 'leave', value: { round } });
    this.disconnect();
    const enough = new AbortController();
    await Promise.race([this.#reading, this.#runtime.sleep(closeMilliseconds, enough.signal)]);
    enough.abort();
  }

  /** Sends a signed offer of a contribution. The relay's answer is dispatched as `resume` or `refused`. */
  async offer(contribution: Contribution): Promise<void> {
    const [connection, terms] = [this.#connection, this.#terms];
    if (connection === null || terms === null) return;
    const offer = unsignedOffer(contribution);
    const signature = await sign(this.#identity.privateKey, offerBytes(terms.runBytes, offer));
    connection.send({ case: 'offer', value: { ...offer, signature } });
  }

  /** Sends the payload from byte `offset` to its end, as fast as the network accepts it. */
  async upload({ bytes }: Contribution, offset: number): Promise<void> {
    const connection = this.#connection;
    this.stopUpload();
    this.#upload = new AbortController();
    const { signal } = this.#upload;
    for (let at = offset; at < bytes.length && connection !== null && !signal.aborted; at += maxChunkBytes) {
      connection.send({
        case: 'chunk',
        value: { offset: at, data: bytes.subarray(at, at + maxChunkBytes) },
      });
      await connection.drained(signal);
    }
  }

  stopUpload(): void {
    this.#upload.abort();
  }

  async #converse(present: AbortSignal): Promise<void> {
    let problem: Error;
    try {
      const connection = await this.#opened(present);
      for await (const message of connection.messages()) {
        if (!present.aborted) await this.#received(connection, message, present);
      }
      problem = stopping();
    } catch (error) {
      problem = asProblem(error);
    }
    if (!present.aborted) this.#lose(problem);
  }

  /** Ends the connection if no Welcome arrives within `joinMilliseconds`. */
  async #giveUpUnlessWelcome(present: AbortSignal, welcome: AbortSignal): Promise<void> {
    await this.#runtime.sleep(joinMilliseconds, AbortSignal.any([present, welcome]));
    if (!present.aborted && !welcome.aborted) this.#lose(silent(joinMilliseconds));
  }

  #lose(problem: Error): void {
    this.disconnect();
    if (isPassing(problem)) {
      this.#owner.dispatch({ kind: 'disconnected', problem, jitter: this.#owner.jitter() });
    } else this.#owner.dispatch({ kind: 'failed', problem });
  }

  async #opened(present: AbortSignal): Promise<Connection> {
    const { relay, corpusName } = this.#options;
    this.#traffic.connecting();
    this.#corpus ??= await corpusIndex(this.#http, corpusName, present);
    const url = new URL(`.${socketPath}`, relay);
    url.protocol = relay.protocol === 'https:' ? 'wss:' : 'ws:';
    const connection = new Connection(await this.#network.connect(url), this.#traffic, this.#runtime);
    if (present.aborted) {
      connection.close();
      return connection;
    }
    this.#connection = connection;
    this.#owner.dispatch({ kind: 'connected' });
    return connection;
  }

  /** Dispatches unless the connection was given up, which may be while a message of it is checked or the model is opened. */
  #tell(present: AbortSignal, event: SessionEvent): void {
    if (!present.aborted) this.#owner.dispatch(event);
  }

  async #received(connection: Connection, message: MessageToNode, present: AbortSignal): Promise<void> {
    const tell = (event: SessionEvent) => this.#tell(present, event);
    switch (message.case) {
      case 'challenge': {
        const { token, run } = this.#options;
        const [identity, corpus, host] = [this.#identity, this.#corpus ?? unlistedCorpus, this.#runtime.kind];
        connection.send(await answerChallenge(message.value, { identity, host, token, run, corpus }));
        break;
      }
      case 'welcome':
        this.#welcome.abort();
        await this.#welcomed(connection, message.value, present);
        break;
      case 'roundOpen':
        tell({ kind: 'opened', round: this.#roundOf(message.value) });
        break;
      case 'roundPlan':
        if (this.#terms?.isTimed !== true) throw malformed();
        tell(plannedRound(message.value, this.#runtime.now()));
        break;
      case 'resume': {
        const { payload, offset } = message.value;
        tell({ kind: 'resume', payload: toHex(payload), offset });
        break;
      }
      case 'acknowledgement':
        await this.#acknowledged(message.value, present);
        break;
      case 'refusal':
        tell({ kind: 'refused', ...message.value, jitter: this.#owner.jitter() });
        break;
      case 'commit': {
        const { round, state, contributions, tokens, checkpoint } = message.value;
        if (this.#watch === null) throw malformed();
        await this.#watch.committed(checkpoint, present);
        const [base = new Uint8Array(32)] = state;
        const facts = { round, base: toHex(base), contributions, tokens: Number(tokens) };
        tell({ kind: 'committed', ...facts, fate: fateOf(message.value) });
        break;
      }
      case 'abandon':
        tell({ kind: 'abandoned', round: message.value.round });
        break;
      case 'pulse':
        break;
      case 'goodbye':
        tell({ kind: 'goodbye', reason: message.value.reason, jitter: this.#owner.jitter() });
        break;
    }
  }

  async #welcomed(connection: Connection, welcome: Welcome, present: AbortSignal): Promise<void> {
    void this.#beat(connection, welcome.heartbeatMs);
    const terms = await readRunTerms(welcome.manifest, welcome.signature);
    const wanted = this.#terms?.run ?? this.#options.run ?? terms.run;
    if (terms.run !== wanted) throw refusalError(RefusalCode.WRONG_RUN);
    this.#terms = terms;
    const signed = { run: terms.runBytes, publicKey: terms.relayKey, manifest: welcome.manifest };
    const proofs = new JournalProofs(this.#http);
    this.#watch ??= await CheckpointWatch.open(signed, proofs, this.#owner.evidence);
    await this.#watch.welcomed(welcome.checkpoint, present);
    const listed = this.#corpus === null ? undefined : terms.corpora[this.#corpus];
    const corpus = listed === undefined ? null : listed;
    if (corpus !== null && corpus !== this.#options.corpusName) {
      // The relay now serves another run than the one whose manifest was fetched before.
      this.#corpus = null;
      throw malformed();
    }
    const { round } = welcome;
    const base = toHex(welcome.base);
    await this.#owner.welcomed(terms, corpus, round, base);
    this.#tell(present, { kind: 'welcomed', round, base, staleness: terms.staleness });
    void this.#tellWhenSteady(connection.closed);
  }

  async #tellWhenSteady(closed: AbortSignal): Promise<void> {
    await this.#runtime.sleep(steadyMilliseconds, closed);
    if (!closed.aborted) this.#owner.dispatch({ kind: 'steady' });
  }

  /**
   * Sends heartbeats until the connection closes, so that the relay notices a node that is gone. The node gives up a connection that
   * is half open; see `Liveness`.
   */
  async #beat(connection: Connection, interval: number): Promise<void> {
    const every = Math.min(Math.max(interval, heartbeats.closest), heartbeats.furthest);
    const liveness = new Liveness(connection.signs, this.#runtime.now());
    for (;;) {
      await this.#runtime.sleep(every, connection.closed);
      if (connection.closed.aborted) return;
      const quiet = liveness.beat(connection.signs, this.#runtime.now());
      if (quiet !== null) return this.#lose(silent(quiet));
      connection.send(this.#owner.heartbeat());
    }
  }

  #roundOf({ round, attempt, base, localSteps, normBound }: RoundOpen) {
    const terms = this.#terms;
    const possible =
      terms !== null &&
      round >= 1 &&
      round <= terms.rounds &&
      attempt >= 1 &&
      localSteps >= 1 &&
      localSteps <= terms.localSteps &&
      normBound > 0;
    if (!possible) throw malformed();
    return { round, attempt, base: toHex(base), localSteps, normBound };
  }

  async #acknowledged(acknowledgement: Acknowledgement, present: AbortSignal): Promise<void> {
    if (this.#watch === null) throw malformed();
    await this.#watch.acknowledged(acknowledgement, present);
    this.receipt = acknowledgement;
    const { payload, sequence, round, attempt } = acknowledgement;
    const counts = (this.#terms?.staleness ?? 0) > 0 ? { counts: { round, attempt } } : {};
    const receipt = { payload: toHex(payload), sequence: Number(sequence) };
    this.#tell(present, { kind: 'acknowledged', ...receipt, ...counts });
  }
}

function asProblem(error: unknown): Error {
  if (error instanceof WireError) return malformed(error);
  return error instanceof Error ? error : new Error(String(error));
}
