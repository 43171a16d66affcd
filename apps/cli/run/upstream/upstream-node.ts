import type { ContributorEvent } from '../../../../client/contribute/events.ts';
import type { Network } from '../../../../client/contribute/network.ts';
import { heartbeatOf } from '../../../../client/contribute/protocol/heartbeat.ts';
import { RelayClient } from '../../../../client/contribute/protocol/relay-client.ts';
import { Traffic } from '../../../../client/contribute/protocol/traffic.ts';
import { NodeStore } from '../../../../client/contribute/round/node-store.ts';
import type { RunTerms } from '../../../../client/contribute/run-terms.ts';
import { advance } from '../../../../client/contribute/session/session.ts';
import {
  type Effect,
  newSession,
  type Session,
  type SessionEvent,
} from '../../../../client/contribute/session/state.ts';
import { SessionEffects } from '../../../../client/contribute/session-effects.ts';
import { Random } from '../../../../client/random.ts';
import { RelayHttp } from '../../../../client/relay-http.ts';
import type { Runtime } from '../../../../client/runtime.ts';
import { noProgress } from '../../../../client/train/loop/training-progress.ts';
import type { Upstream } from '../../../../relay/run/upstream/upstream.ts';
import { relaySource } from '../../../../relay/verify/http-source.ts';
import { toHex } from '../../../../relay/wire/hex.ts';
import { hasWorkSince } from './lost-work.ts';
import { usualPatience } from './patience.ts';
import { UpstreamWork } from './upstream-work.ts';

export interface UpstreamNodeOptions {
  /** The upstream relay's address; its path, if any, ends in a slash. */
  readonly relay: URL;
  readonly token?: string;
  /** Id of the upstream run, hex. */
  readonly run: string;
  /** What the relay's own run has of it. */
  readonly own: Upstream;
  /** Seeds the jitter of retries. */
  readonly seed: number;
  /** How long the own run waits for an upstream relay that is gone before it goes on alone; `usualPatience` unless given. */
  readonly patienceMilliseconds?: number;
  readonly onEvent: (event: ContributorEvent) => void;
  /** The upstream relay welcomed the node in this round, at first or again. */
  readonly onWelcome?: (terms: RunTerms, round: number) => void;
}

type Ending = Effect & { readonly kind: 'end' };

/**
 * A relay's own run as one node of the upstream run. It speaks the protocol of every node, with a session of its own; instead of
 * training, it waits until its own run has committed a round on the upstream base, and sends the change as one contribution.
 */
export class UpstreamNode {
  readonly #runtime: Runtime;
  readonly #options: UpstreamNodeOptions;
  readonly #network: Network;
  readonly #traffic = new Traffic();
  readonly #http: RelayHttp;
  readonly #store: NodeStore;
  readonly #random: Random;
  readonly #ended = Promise.withResolvers<Ending>();
  readonly #ending = new AbortController();
  readonly #effects: SessionEffects;
  /** Its work waits for the next round where it comes late, so that it never only follows. */
  #session: Session = { ...newSession, standing: null };
  #relay: RelayClient | null = null;
  #work: UpstreamWork | null = null;
  /** Aborted when the session with the upstream relay is up again. */
  #absence = new AbortController();

  constructor(runtime: Runtime, network: Network, options: UpstreamNodeOptions) {
    this.#runtime = runtime;
    this.#network = network;
    this.#options = options;
    this.#http = new RelayHttp(network, runtime, options.relay, (bytes) => this.#traffic.downloaded(bytes));
    this.#store = new NodeStore(runtime, this.#http);
    this.#random = Random.seeded(options.seed, 1);
    this.#effects = new SessionEffects(
      this.#ending.signal,
      (event) => this.#dispatch(event),
      () => this.#random.uniform(),
    );
  }

  /**
   * Resolves when the upstream run is complete, or after the signal's abort; the own run then goes on alone. Call it only once.
   * @throws TapestryError for a problem that a person must solve: `relay.*`, `identity.*`, `disk.*`
   */
  async run(signal: AbortSignal): Promise<void> {
    const { own, onEvent } = this.#options;
    const identity = await this.#network.identity();
    const options = { ...this.#options, corpusName: null };
    const connections = { network: this.#network, http: this.#http };
    this.#relay = new RelayClient(this.#runtime, connections, options, identity, this.#traffic, {
      dispatch: (event) => this.#dispatch(event),
      welcomed: (terms, _, round) => this.#welcomed(terms, round),
      heartbeat: () => heartbeatOf(this.#session, noProgress, this.#traffic.downloadedSinceConnecting),
      evidence: this.#store,
      jitter: () => this.#random.uniform(),
    });
    const leave = () => this.#dispatch({ kind: 'leave' });
    signal.addEventListener('abort', leave, { once: true });
    this.#dispatch(signal.aborted ? { kind: 'leave' } : { kind: 'start' });
    const { reason, problem } = await this.#ended.promise;
    signal.removeEventListener('abort', leave);
    this.#relay.stopUpload();
    await this.#effects.settled();
    await this.#relay.leave(this.#session.settled?.round ?? 0);
    if (reason === 'complete') await this.#work?.adoptLast(signal);
    own.follow(false);
    onEvent({ event: 'left', reason, ...(this.#work?.accepted ?? { contributions: 0, tokens: 0 }) });
    if (problem !== null) throw problem;
  }

  async #welcomed(terms: RunTerms, round: number): Promise<void> {
    if (this.#work === null) await this.#open(terms);
    this.#options.onWelcome?.(terms, round);
  }

  async #open(terms: RunTerms): Promise<void> {
    const { files } = this.#runtime;
    const { own, relay } = this.#options;
    const isHeldAbove = async () => {
      const { publicKey } = await this.#network.identity();
      const source = relaySource(relay, { fetch: this.#network.fetch });
      return hasWorkSince(source.after(0), toHex(publicKey), own.adopted.round);
    };
    const { work, offered } = await UpstreamWork.open(this.#store, files, terms, own, isHeldAbove);
    this.#work = work;
    if (offered === null) return;
    const { round, base, steps, payload } = offered;
    const known = { round, base, attempt: 0, localSteps: steps, normBound: 0 };
    this.#dispatch({ kind: 'restored', round: known, payload, acknowledged: false });
  }

  #dispatch(event: SessionEvent): void {
    const wasUp = this.#session.connection === 'up';
    const [session, effects] = advance(this.#session, event);
    this.#session = session;
    const isUp = session.connection === 'up';
    // Not at the Welcome: the connection may be given up while the work is opened, and then nothing would end the wait for the upstream relay.
    if (isUp && !wasUp) this.#follow();
    if (wasUp && !isUp) this.#goAloneLater();
    for (const effect of effects) this.#perform(effect);
  }

  #follow(): void {
    this.#absence.abort();
    this.#options.own.follow(true);
  }

  #goAloneLater(): void {
    this.#absence = new AbortController();
    const { signal } = this.#absence;
    const { own, patienceMilliseconds = usualPatience } = this.#options;
    this.#attempt(async () => {
      await this.#runtime.sleep(patienceMilliseconds, AbortSignal.any([signal, this.#ending.signal]));
      if (!signal.aborted) own.follow(false);
    });
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'connect':
        this.#relay?.connect();
        break;
      case 'disconnect':
        this.#relay?.disconnect();
        break;
      case 'wait':
        this.#attempt(async () => {
          await this.#runtime.sleep(effect.milliseconds, this.#ending.signal);
          this.#dispatch({ kind: 'retry' });
        });
        break;
      case 'sync':
        this.#begin(async (work, signal) => {
          await work.sync(effect.round, signal);
          this.#dispatch({ kind: 'synced', job: effect.job });
        });
        break;
      case 'train':
        this.#begin(async (work, signal) => {
          const { job, round } = effect;
          const payload = await work.contribution(round, signal);
          if (payload !== null) this.#dispatch({ kind: 'trained', job, payload });
        });
        break;
      case 'stop':
      case 'conclude':
        this.#effects.abortJob();
        break;
      case 'offer':
        this.#attempt(async () => {
          const made = this.#work?.made(effect.payload);
          if (made) await this.#relay?.offer(made);
        });
        break;
      case 'upload':
        this.#attempt(async () => {
          const made = this.#work?.made(effect.payload);
          if (made) await this.#relay?.upload(made, effect.offset);
        });
        break;
      case 'accept':
        this.#accept(effect.payload, effect.sequence);
        break;
      case 'settle':
        this.#work?.settle();
        break;
      case 'discard':
        this.#relay?.stopUpload();
        this.#work?.discard();
        break;
      case 'tell':
        if (effect.event.event === 'committed') this.#work?.heard(effect.event);
        this.#options.onEvent(effect.event);
        break;
      case 'end':
        this.#ending.abort();
        this.#ended.resolve(effect);
        break;
      // A person pauses a tab; nobody pauses a relay.
      case 'hold':
      case 'release':
      case 'follow':
        break;
    }
  }

  #accept(payload: string, sequence: number | null): void {
    const made = this.#work?.accept(payload, sequence);
    if (!made || this.#work === null) return;
    const { round, tokens } = made;
    this.#options.onEvent({ event: 'acknowledged', round, payload, tokens, sequence });
    const receipt = sequence === null ? null : (this.#relay?.receipt ?? null);
    const { run } = this.#work.terms;
    if (receipt !== null) this.#attempt(() => this.#store.saveReceipt(run, receipt));
  }

  #attempt(effect: () => Promise<void>): void {
    this.#effects.attempt(effect());
  }

  #begin(job: (work: UpstreamWork, signal: AbortSignal) => Promise<void>): void {
    this.#effects.begin(async (signal) => {
      if (this.#work !== null) await job(this.#work, signal);
    });
  }
}
