import {
  type DraftToRelay,
  type MessageToNode,
  maxChunkBytes,
  socketPath,
  unlistedNation,
  WireError,
} from '../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../relay/wire/hex.ts';
import { acknowledgementBytes, offerBytes, sign, verifySignature } from '../../relay/wire/signed.ts';
import {
  type Acknowledgement,
  RefusalCode,
  type RoundOpen,
  type Welcome,
} from '../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../errors.ts';
import { type Agreement, readAgreement } from './agreement.ts';
import { answerChallenge, nationIndex } from './handshake.ts';
import type { Host, Identity } from './host.ts';
import { Link, type Traffic } from './link.ts';
import { refusalError } from './refusals.ts';
import type { Made } from './round-work.ts';
import type { SessionEvent } from './session.ts';

export interface UplinkOptions {
  readonly relay: URL;
  readonly token?: string;
  readonly run?: string;
  readonly nation: string | null;
}

/** Who hears of the connection and is asked by it. */
export interface UplinkOwner {
  dispatch(event: SessionEvent): void;
  /** The relay let the node in; nothing more is read before this resolves. */
  welcomed(agreement: Agreement, nation: string | null, round: number, base: string): Promise<void>;
  heartbeat(): DraftToRelay;
  /** Uniform over [0, 1). */
  jitter(): number;
}

/** Whatever a relay asks for, heartbeats come no closer than this. */
const closestHeartbeats = 100;

/** How long a relay may take from being called to its Welcome. */
export const joinMilliseconds = 30_000;

/** How long a closing connection may take to hand over what was sent. */
const closeMilliseconds = 2_000;

/** Problems that a new connection may mend. All others end the session. */
const passing: ReadonlySet<string> = new Set([
  'relay.unreachable',
  'relay.tls',
  'relay.stopping',
  'relay.malformed',
]);

/** The node's side of the protocol, over one connection after the other: messages in, session events out. */
export class Uplink {
  readonly #host: Host;
  readonly #options: UplinkOptions;
  readonly #identity: Identity;
  readonly #traffic: Traffic;
  readonly #owner: UplinkOwner;
  #nation: number | null = null;
  #agreement: Agreement | null = null;
  /** Aborted when the present connection is given up; what it still reports then counts no more. */
  #present = new AbortController();
  /** Aborted once the present connection's relay has said Welcome. */
  #welcome = new AbortController();
  #link: Link | null = null;
  #reading: Promise<void> = Promise.resolve();
  #upload = new AbortController();
  /** The relay's receipt for the contribution acknowledged last. */
  receipt: Acknowledgement | null = null;

  constructor(host: Host, options: UplinkOptions, identity: Identity, traffic: Traffic, owner: UplinkOwner) {
    this.#host = host;
    this.#options = options;
    this.#identity = identity;
    this.#traffic = traffic;
    this.#owner = owner;
  }

  /** Opens a connection in place of the one before; how it ends is told as an event. */
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
    this.#link?.close();
    this.#link = null;
  }

  /** Says Leave, and waits until the relay has it or time is up. */
  async leave(round: number): Promise<void> {
    const link = this.#link;
    if (this.#agreement !== null) link?.send({ case: 'leave', value: { round } });
    this.disconnect();
    const enough = new AbortController();
    await Promise.race([this.#reading, this.#host.sleep(closeMilliseconds, enough.signal)]);
    enough.abort();
  }

  /** Offers a contribution, signed; the session's `resume` or `refused` is the answer. */
  async offer(made: Made): Promise<void> {
    const [link, agreement] = [this.#link, this.#agreement];
    if (link === null || agreement === null) return;
    const offer = {
      round: made.round,
      base: fromHex(made.base),
      payload: fromHex(made.hash),
      payloadBytes: made.payload.length,
      steps: made.steps,
      tokens: made.tokens,
      trainingLoss: made.trainingLoss,
      heldOutLoss: made.heldOutLoss,
    };
    const signature = await sign(this.#identity.privateKey, offerBytes(agreement.runBytes, offer));
    link.send({ case: 'offer', value: { ...offer, signature } });
  }

  /** Sends the payload from `offset` on, as fast as the network takes it. */
  async upload({ payload }: Made, offset: number): Promise<void> {
    const link = this.#link;
    this.stopUpload();
    this.#upload = new AbortController();
    const { signal } = this.#upload;
    for (let at = offset; at < payload.length && link !== null && !signal.aborted; at += maxChunkBytes) {
      link.send({ case: 'chunk', value: { offset: at, data: payload.subarray(at, at + maxChunkBytes) } });
      await link.drained(this.#host, signal);
    }
  }

  stopUpload(): void {
    this.#upload.abort();
  }

  async #converse(present: AbortSignal): Promise<void> {
    let problem: Error;
    try {
      const link = await this.#opened(present);
      for await (const message of link.messages()) {
        if (present.aborted) continue;
        await this.#received(link, message);
      }
      problem = stopping();
    } catch (error) {
      problem = asProblem(error);
    }
    if (!present.aborted) this.#lose(problem);
  }

  /** A relay that takes the connection and then says nothing must not hold the node for ever. */
  async #giveUpUnlessWelcome(present: AbortSignal, welcome: AbortSignal): Promise<void> {
    await this.#host.sleep(joinMilliseconds, AbortSignal.any([present, welcome]));
    if (!present.aborted && !welcome.aborted) this.#lose(silent());
  }

  #lose(problem: Error): void {
    this.disconnect();
    if (problem instanceof TapestryError && passing.has(problem.code)) {
      this.#owner.dispatch({ kind: 'disconnected', problem, jitter: this.#owner.jitter() });
    } else this.#owner.dispatch({ kind: 'failed', problem });
  }

  async #opened(present: AbortSignal): Promise<Link> {
    const { relay, nation } = this.#options;
    this.#nation ??= await nationIndex(this.#host, relay, nation, present);
    const url = new URL(`.${socketPath}`, relay);
    url.protocol = relay.protocol === 'https:' ? 'wss:' : 'ws:';
    const link = new Link(await this.#host.connect(url), this.#traffic);
    if (present.aborted) {
      link.close();
      return link;
    }
    this.#link = link;
    this.#owner.dispatch({ kind: 'connected' });
    return link;
  }

  async #received(link: Link, message: MessageToNode): Promise<void> {
    const owner = this.#owner;
    switch (message.case) {
      case 'challenge': {
        const { token, run } = this.#options;
        const [identity, nation, host] = [this.#identity, this.#nation ?? unlistedNation, this.#host.kind];
        link.send(await answerChallenge(message.value, { identity, host, token, run, nation }));
        break;
      }
      case 'welcome':
        this.#welcome.abort();
        await this.#welcomed(link, message.value);
        break;
      case 'roundOpen':
        owner.dispatch({ kind: 'opened', round: this.#roundOf(message.value) });
        break;
      case 'resume': {
        const { payload, offset } = message.value;
        owner.dispatch({ kind: 'resume', payload: toHex(payload), offset });
        break;
      }
      case 'acknowledgement':
        await this.#acknowledged(message.value);
        break;
      case 'refusal':
        owner.dispatch({ kind: 'refused', ...message.value, jitter: owner.jitter() });
        break;
      case 'commit': {
        const { round, base, contributions, tokens } = message.value;
        const facts = { round, base: toHex(base), contributions, tokens: Number(tokens) };
        owner.dispatch({ kind: 'committed', ...facts });
        break;
      }
      case 'abandon':
        owner.dispatch({ kind: 'abandoned', round: message.value.round });
        break;
      case 'goodbye':
        owner.dispatch({ kind: 'goodbye', reason: message.value.reason, jitter: owner.jitter() });
        break;
    }
  }

  async #welcomed(link: Link, welcome: Welcome): Promise<void> {
    void this.#beat(link, welcome.heartbeatMs);
    const agreement = await readAgreement(welcome.manifest, welcome.signature);
    const wanted = this.#agreement?.run ?? this.#options.run ?? agreement.run;
    if (agreement.run !== wanted) throw refusalError(RefusalCode.WRONG_RUN);
    this.#agreement = agreement;
    const listed = this.#nation === null ? undefined : agreement.nations[this.#nation];
    const nation = listed === undefined ? null : listed;
    if (nation !== null && nation !== this.#options.nation) {
      // The relay's status was of another run, or is wrong.
      this.#nation = null;
      throw malformed();
    }
    const { round } = welcome;
    const base = toHex(welcome.base);
    await this.#owner.welcomed(agreement, nation, round, base);
    this.#owner.dispatch({ kind: 'welcomed', round, base });
  }

  /** Heartbeats come whatever else happens, so that silence means absence. */
  async #beat(link: Link, interval: number): Promise<void> {
    while (!link.closed.aborted) {
      await this.#host.sleep(Math.max(interval, closestHeartbeats), link.closed);
      link.send(this.#owner.heartbeat());
    }
  }

  #roundOf({ round, attempt, base, localSteps }: RoundOpen) {
    const agreement = this.#agreement;
    const possible =
      agreement !== null &&
      round >= 1 &&
      round <= agreement.rounds &&
      attempt >= 1 &&
      localSteps >= 1 &&
      localSteps <= agreement.localSteps;
    if (!possible) throw malformed();
    return { round, attempt, base: toHex(base), localSteps };
  }

  /** Only a receipt that holds counts: without it the relay could deny having had the contribution. */
  async #acknowledged(acknowledgement: Acknowledgement): Promise<void> {
    if (this.#agreement === null) throw malformed();
    const { runBytes, relayKey } = this.#agreement;
    const signed = acknowledgementBytes(runBytes, acknowledgement);
    if (!(await verifySignature(relayKey, signed, acknowledgement.signature))) throw malformed();
    this.receipt = acknowledgement;
    const { payload, sequence } = acknowledgement;
    this.#owner.dispatch({ kind: 'acknowledged', payload: toHex(payload), sequence: Number(sequence) });
  }
}

function asProblem(error: unknown): Error {
  if (error instanceof WireError) return malformed(error);
  return error instanceof Error ? error : new Error(String(error));
}

function malformed(cause?: unknown): TapestryError {
  return new TapestryError(
    'relay.malformed',
    'The relay sent something that is not of this protocol.',
    'Nothing to do: this node joins again. If this stays, use the version of Tapestry that the relay runs.',
    { cause },
  );
}

/** The connection ended without a word. */
function stopping(): TapestryError {
  return new TapestryError(
    'relay.stopping',
    'The relay closed the connection.',
    'Nothing to do: this node keeps what it has and joins again.',
  );
}

function silent(): TapestryError {
  return new TapestryError(
    'relay.unreachable',
    `The relay took the connection and said nothing for ${joinMilliseconds / 1000} seconds.`,
    'Nothing to do: this node tries again. If this stays, ask the operator of the relay.',
  );
}
