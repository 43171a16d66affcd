import type { DraftToRelay } from '../../relay/wire/frames.ts';
import type { Corpus } from '../data/corpus.ts';
import { type Device, openDevice } from '../gpu/device.ts';
import { Random } from '../random.ts';
import { RelayHttp } from '../relay-http.ts';
import type { Runtime } from '../runtime.ts';
import { checkedPower } from '../train/loop/throttle.ts';
import { noProgress } from '../train/loop/training-progress.ts';
import type { ContributorEvent } from './events.ts';
import type { Network } from './network.ts';
import { joinedEvent, restoredEvent } from './opened-run.ts';
import { heartbeatOf } from './protocol/heartbeat.ts';
import { RelayClient } from './protocol/relay-client.ts';
import { Traffic } from './protocol/traffic.ts';
import { NodeStore } from './round/node-store.ts';
import { RoundWork } from './round/round-work.ts';
import type { RunTerms } from './run-terms.ts';
import { advance } from './session/session.ts';
import { type Effect, newSession, type Session, type SessionEvent } from './session/state.ts';
import { SessionEffects } from './session-effects.ts';
import type { Witness } from './witness.ts';

export type { ContributorEvent } from './events.ts';

export interface ContributorOptions {
  /** The relay's address, http or https; its path, if any, ends in a slash. */
  readonly relay: URL;
  readonly token?: string;
  /** Id of the run, hex. Without it, the node joins the run that the relay serves. */
  readonly run?: string;
  readonly corpus: Corpus;
  /** The corpus's name in the manifest; null for a corpus that the manifest does not list. */
  readonly corpusName: string | null;
  /** Share of the time that the node trains, from 0.1 to 1; 1 by default. */
  readonly power?: number;
  /** Seeds the choice of text windows and the jitter of retries. */
  readonly seed: number;
  readonly onEvent: (event: ContributorEvent) => void;
  readonly witness?: Witness;
}

type Ending = Effect & { readonly kind: 'end' };

/** Contributes to one run until it is complete or the person stops it. It performs the effects that session.ts returns. */
export class Contributor {
  readonly #runtime: Runtime;
  readonly #network: Network;
  readonly #http: RelayHttp;
  readonly #options: ContributorOptions;
  readonly #store: NodeStore;
  readonly #random: Random;
  readonly #traffic: Traffic;
  readonly #ended = Promise.withResolvers<Ending>();
  readonly #ending = new AbortController();
  /** Aborted when the person wants to leave, also after the session has ended. */
  readonly #hurry = new AbortController();
  #power: number;
  #session: Session = newSession;
  #relay: RelayClient | null = null;
  #work: RoundWork | null = null;
  /** The model is opened once and serves all connections. If opening fails, the next connection tries again. */
  #opening: Promise<void> | null = null;
  /** Ends the pause before the next attempt to connect; null while none is waited for. */
  #retryPause: AbortController | null = null;
  /** `run` resolves only after all of them have finished their writes. */
  readonly #effects: SessionEffects;
  #accepted = { contributions: 0, tokens: 0 };

  constructor(runtime: Runtime, network: Network, options: ContributorOptions) {
    this.#runtime = runtime;
    this.#network = network;
    this.#options = options;
    this.#traffic = new Traffic(options.witness);
    this.#http = new RelayHttp(network, runtime, options.relay, (bytes) => this.#traffic.downloaded(bytes));
    this.#store = new NodeStore(runtime, this.#http);
    this.#random = Random.seeded(options.seed, 1);
    this.#effects = new SessionEffects(
      this.#ending.signal,
      (event) => this.#dispatch(event),
      () => this.#random.uniform(),
    );
    this.#power = checkedPower(options.power ?? 1);
  }

  /**
   * Resolves when the run is complete, or after `finish` or the signal's abort. Call it only once.
   * @throws TapestryError for a problem that a person must solve: `adapter.*`, `device.*`, `relay.*`, `corpus.*`,
   * `identity.*`, `disk.*`, `host.*`
   */
  async run(signal?: AbortSignal): Promise<void> {
    const leave = () => {
      this.#hurry.abort();
      this.#dispatch({ kind: 'leave' });
    };
    signal?.addEventListener('abort', leave, { once: true });
    if (signal?.aborted === true) leave();
    try {
      await this.#runtime.hold(() => this.#contribute());
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  /** Pauses training at its next step; a contribution that is ready is still sent. */
  pause(): void {
    this.#dispatch({ kind: 'pause' });
  }

  resume(): void {
    this.#dispatch({ kind: 'resume-work' });
  }

  /** Stores the round that is being trained, at its next step, because the process may end without a warning. */
  storeSoon(): void {
    this.#work?.training.placeSoon();
  }

  /** Leaves after the current round is settled, or immediately between rounds. */
  finish(): void {
    if (this.#session.ended) this.#hurry.abort();
    this.#dispatch({ kind: 'finish' });
  }

  /** Connects at once where the node waits for its next attempt to reach the relay. */
  retryNow(): void {
    this.#retryPause?.abort();
  }

  setPower(power: number): void {
    const before = this.#power;
    this.#power = checkedPower(power);
    this.#work?.training.setPower(power);
    if (power > before) this.#dispatch({ kind: 'faster' });
  }

  async #contribute(): Promise<void> {
    if (this.#session.ended) return this.#left(await this.#ended.promise);
    const identity = await this.#network.identity();
    const device = await openDevice(await this.#runtime.gpu());
    this.#tell({ event: 'adapter', name: device.name, software: device.software });
    const connections = { network: this.#network, http: this.#http };
    this.#relay = new RelayClient(this.#runtime, connections, this.#options, identity, this.#traffic, {
      dispatch: (event) => this.#dispatch(event),
      welcomed: async (terms, corpus, round, base) => {
        this.#tell(joinedEvent(device, terms, identity, { corpus, round, base }));
        this.#opening ??= this.#open(device, terms).catch((error: unknown) => {
          this.#opening = null;
          throw error;
        });
        await this.#opening;
      },
      heartbeat: () => this.#heartbeat(),
      evidence: this.#store,
      jitter: () => this.#random.uniform(),
    });
    this.#dispatch({ kind: 'start' });
    const ending = await this.#ended.promise;
    this.#relay.stopUpload();
    await this.#effects.settled();
    await this.#relay.leave(this.#session.settled?.round ?? 0);
    await this.#opening?.catch(() => undefined);
    await this.#measureLast(ending);
    await this.#work?.close(ending.reason === 'complete');
    device.close();
    this.#tellTraffic();
    this.#left(ending);
  }

  /** The last base of a run is measured here: the relay takes no message about it any more. */
  async #measureLast({ reason }: Ending): Promise<void> {
    const { newest, paused } = this.#session;
    if (reason === 'complete' && newest !== null && !paused)
      await this.#work?.measureLast(newest, this.#hurry.signal);
  }

  #left({ reason, problem }: Ending): void {
    this.#tell({ event: 'left', reason, ...this.#accepted });
    if (problem !== null) throw problem;
  }

  /** Creates the model on the adapter and resumes from the saved state of the run. */
  async #open(device: Device, terms: RunTerms): Promise<void> {
    const { corpus, seed } = this.#options;
    const startedAt = this.#runtime.now();
    const tokenizer = await this.#store.tokenizer(terms, this.#ending.signal);
    const options = {
      corpus,
      tokenizer,
      seed,
      power: this.#power,
      tell: (event: ContributorEvent) => this.#tell(event),
    };
    const { work, restored } = await RoundWork.open(this.#runtime, device, this.#store, terms, options);
    this.#work = work;
    this.#dispatchGranted(work);
    this.#options.witness?.opened({ terms, tokenizer, text: work.training.text });
    this.#tell({ event: 'compiled', milliseconds: Math.round(this.#runtime.now() - startedAt) });
    // Power and pause may have changed while the model was being opened.
    work.training.setPower(this.#power);
    if (this.#session.paused) work.training.hold();
    if (restored !== null) this.#dispatch(restoredEvent(restored.made, restored.receipt, terms));
  }

  #dispatch(event: SessionEvent): void {
    const [session, effects] = advance(this.#session, event);
    this.#session = session;
    for (const effect of effects) this.#perform(effect);
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
        this.#effects.attempt(this.#retryAfter(effect.milliseconds));
        break;
      case 'sync':
        this.#begin(async (work, signal) => {
          await work.sync(effect.round, signal);
          this.#dispatch({ kind: 'synced', job: effect.job });
        });
        break;
      case 'train':
        this.#begin(async (work, signal) => {
          await this.#takePart(work);
          const workUntil = () => this.#session.plan?.workUntil ?? Number.POSITIVE_INFINITY;
          const made = await work.train(effect.round, workUntil, signal);
          const { job } = effect;
          this.#dispatch(
            made === null ? { kind: 'diverged', job } : { kind: 'trained', job, payload: made.payload },
          );
        });
        break;
      case 'stop':
        this.#effects.abortJob();
        break;
      case 'conclude':
        this.#conclude();
        break;
      case 'follow': {
        const { kind: _, ...facts } = effect;
        const { steps } = this.#work?.training.progress ?? noProgress;
        this.#tell({ event: 'following', ...facts, steps });
        break;
      }
      case 'hold':
        this.#work?.training.hold();
        break;
      case 'release':
        this.#work?.training.release();
        break;
      case 'offer':
        this.#effects.attempt(this.#offer(effect.payload));
        break;
      case 'upload':
        this.#effects.attempt(this.#upload(effect.payload, effect.offset));
        break;
      case 'accept':
        this.#effects.attempt(this.#accept(effect.payload, effect.sequence));
        break;
      case 'settle':
        this.#work?.settle();
        break;
      case 'discard':
        this.#relay?.stopUpload();
        this.#work?.discard();
        break;
      case 'tell':
        this.#tell(effect.event);
        break;
      case 'end':
        this.#ending.abort();
        this.#ended.resolve(effect);
        break;
    }
  }

  /** Trains what the session chose. A device that lacks the memory for the whole model is found out here. */
  async #takePart(work: RoundWork): Promise<void> {
    const { part } = this.#session;
    if (part === null) return;
    await work.take(part.part);
    if (work.parts.granted?.granted.fitsWhole !== part.granted.fitsWhole) this.#dispatchGranted(work);
  }

  #dispatchGranted({ parts: { granted } }: RoundWork): void {
    if (granted !== null) this.#dispatch({ kind: 'granted', ...granted });
  }

  #begin(job: (work: RoundWork, signal: AbortSignal) => Promise<void>): void {
    this.#effects.begin(async (signal) => {
      if (this.#work !== null) await job(this.#work, signal);
    });
  }

  /** Lets the current job end by itself at its next step, or stops it before its first. The next job begins after that. */
  #conclude(): void {
    if (this.#work?.conclude() === true) this.#effects.releaseJob();
    else this.#effects.abortJob();
  }

  async #retryAfter(milliseconds: number): Promise<void> {
    this.#retryPause = new AbortController();
    await this.#runtime.sleep(milliseconds, AbortSignal.any([this.#ending.signal, this.#retryPause.signal]));
    this.#retryPause = null;
    this.#dispatch({ kind: 'retry' });
  }

  async #offer(payload: string): Promise<void> {
    const made = this.#work?.made(payload);
    if (made) await this.#relay?.offer(made);
  }

  async #upload(payload: string, offset: number): Promise<void> {
    const made = this.#work?.made(payload);
    if (made) await this.#relay?.upload(made, offset);
    this.#tellTraffic();
  }

  async #accept(payload: string, sequence: number | null): Promise<void> {
    const made = this.#work?.made(payload);
    if (!made) return;
    const { round, tokens } = made;
    const before = this.#accepted;
    this.#accepted = { contributions: before.contributions + 1, tokens: before.tokens + tokens };
    this.#tell({ event: 'acknowledged', round, payload, tokens, sequence });
    await this.#work?.accept(sequence === null ? null : (this.#relay?.receipt ?? null));
  }

  #heartbeat(): DraftToRelay {
    this.#tellTraffic();
    const progress = this.#work?.training.progress ?? noProgress;
    return heartbeatOf(this.#session, progress, this.#traffic.downloadedSinceConnecting);
  }

  #tellTraffic(): void {
    this.#tell({ event: 'sent', bytes: this.#traffic.sent, received: this.#traffic.received });
  }

  #tell(event: ContributorEvent): void {
    this.#options.onEvent(event);
  }
}
