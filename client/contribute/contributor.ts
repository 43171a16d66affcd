import type { DraftToRelay } from '../../relay/wire/frames.ts';
import { toHex } from '../../relay/wire/hex.ts';
import type { Corpus } from '../data/corpus.ts';
import { TapestryError } from '../errors.ts';
import { type Device, openDevice } from '../gpu/device.ts';
import { Random } from '../random.ts';
import { predictMemory } from '../train/memory.ts';
import type { Agreement } from './agreement.ts';
import type { ContributorEvent } from './events.ts';
import { heartbeatOf } from './heartbeat.ts';
import type { Host } from './host.ts';
import { Keep } from './keep.ts';
import { Traffic } from './link.ts';
import { nothingYet } from './meter.ts';
import { checkedPower } from './pace.ts';
import { RoundWork } from './round-work.ts';
import { advance, type Effect, newSession, type Session, type SessionEvent } from './session.ts';
import { Uplink } from './uplink.ts';

export type { ContributorEvent } from './events.ts';

export interface ContributorOptions {
  /** The relay's address, http or https; its path, if any, ends in a slash. */
  readonly relay: URL;
  readonly token?: string;
  /** Id of the run, hex; left out, whichever the relay serves. */
  readonly run?: string;
  readonly corpus: Corpus;
  /** The name of the corpus among the run's nations, or null. */
  readonly nation: string | null;
  /** Share of the time that is worked, from 0.1 to 1; 1 unless given. */
  readonly power?: number;
  /** Draws the text's windows and the jitter of retries. */
  readonly seed: number;
  readonly onEvent: (event: ContributorEvent) => void;
}

type Ending = Effect & { readonly kind: 'end' };

/** Contributes to one run until it is complete or the person has enough: it carries out what `session.ts` decides. */
export class Contributor {
  readonly #host: Host;
  readonly #options: ContributorOptions;
  readonly #keep: Keep;
  readonly #random: Random;
  readonly #traffic = new Traffic();
  readonly #ended = Promise.withResolvers<Ending>();
  readonly #ending = new AbortController();
  #power: number;
  #session: Session = newSession;
  #uplink: Uplink | null = null;
  #work: RoundWork | null = null;
  #job = new AbortController();
  #jobDone: Promise<void> = Promise.resolve();
  /** Effects on their way: what they write is written before `run` resolves. */
  readonly #attempts = new Set<Promise<void>>();
  #accepted = { contributions: 0, tokens: 0 };

  constructor(host: Host, options: ContributorOptions) {
    this.#host = host;
    this.#options = options;
    this.#keep = new Keep(host, options.relay);
    this.#random = Random.seeded(options.seed, 1);
    this.#power = checkedPower(options.power ?? 1);
  }

  /**
   * Resolves when the run is complete, or after `finish` or the signal's abort. To be called once.
   * @throws TapestryError what a person must mend: `adapter.*`, `device.*`, `relay.*`, `corpus.*`, `identity.*`, `disk.*`,
   * `host.*`
   */
  async run(signal?: AbortSignal): Promise<void> {
    const leave = () => this.#dispatch({ kind: 'leave' });
    signal?.addEventListener('abort', leave, { once: true });
    if (signal?.aborted === true) leave();
    try {
      await this.#host.hold(() => this.#contribute());
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  /** Training halts at its next step; what is made already is still sent. */
  pause(): void {
    this.#dispatch({ kind: 'pause' });
  }

  resume(): void {
    this.#dispatch({ kind: 'resume-work' });
  }

  /** Leaves once the round this node works on is settled; at once between rounds. */
  finish(): void {
    this.#dispatch({ kind: 'finish' });
  }

  setPower(power: number): void {
    this.#power = checkedPower(power);
    this.#work?.training.setPower(power);
  }

  async #contribute(): Promise<void> {
    const identity = await this.#host.identity();
    const device = await openDevice(await this.#host.gpu());
    this.#tell({ event: 'adapter', name: device.name, software: device.software });
    this.#uplink = new Uplink(this.#host, this.#options, identity, this.#traffic, {
      dispatch: (event) => this.#dispatch(event),
      welcomed: async (agreement, nation, round, base) => {
        const { run, name, rounds, localSteps, layout, shape, config, optimizer } = agreement;
        const node = toHex(identity.publicKey);
        const tokensPerStep = shape.batch * shape.sequence;
        const trainingBytes = predictMemory(device, config, shape, optimizer).bytes;
        const sizes = { parameters: layout.trained, localSteps, tokensPerStep, trainingBytes };
        this.#tell({ event: 'joined', run, name, node, nation, round, rounds, base, ...sizes });
        this.#work ??= await this.#open(device, agreement);
      },
      heartbeat: () => this.#heartbeat(),
      jitter: () => this.#random.uniform(),
    });
    this.#dispatch({ kind: 'start' });
    const { reason, problem } = await this.#ended.promise;
    this.#uplink.stopUpload();
    await Promise.all([this.#jobDone, ...this.#attempts]);
    await this.#uplink.leave(this.#session.settled?.round ?? 0);
    this.#work?.training.close();
    device.close();
    this.#tellTraffic();
    this.#tell({ event: 'left', reason, ...this.#accepted });
    if (problem !== null) throw problem;
  }

  /** Makes the model on the adapter, and goes on from the saved state of the run. */
  async #open(device: Device, agreement: Agreement): Promise<RoundWork> {
    const { corpus, seed } = this.#options;
    const options = {
      corpus,
      seed,
      power: this.#power,
      tell: (event: ContributorEvent) => this.#tell(event),
    };
    const { work, restored } = await RoundWork.open(this.#host, device, this.#keep, agreement, options);
    if (this.#session.paused) work.training.hold();
    if (restored !== null) {
      const { round, base, steps, hash } = restored.made;
      const { receipt } = restored;
      this.#dispatch({
        kind: 'restored',
        round: { round, base, attempt: receipt?.attempt ?? 0, localSteps: steps },
        payload: hash,
        acknowledged: receipt !== null,
      });
    }
    return work;
  }

  #dispatch(event: SessionEvent): void {
    const [session, effects] = advance(this.#session, event);
    this.#session = session;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'connect':
        this.#uplink?.connect();
        break;
      case 'disconnect':
        this.#uplink?.disconnect();
        break;
      case 'wait':
        this.#attempt(this.#retryAfter(effect.milliseconds));
        break;
      case 'sync':
        this.#begin(async (work, signal) => {
          await work.sync(effect.round, signal);
          this.#dispatch({ kind: 'synced', job: effect.job });
        });
        break;
      case 'train':
        this.#begin(async (work, signal) => {
          const made = await work.train(effect.round, signal);
          const { job } = effect;
          this.#dispatch(
            made === null ? { kind: 'diverged', job } : { kind: 'trained', job, payload: made.hash },
          );
        });
        break;
      case 'stop':
        this.#job.abort();
        break;
      case 'hold':
        this.#work?.training.hold();
        break;
      case 'release':
        this.#work?.training.release();
        break;
      case 'offer':
        this.#attempt(this.#offer(effect.payload));
        break;
      case 'upload':
        this.#attempt(this.#upload(effect.payload, effect.offset));
        break;
      case 'accept':
        this.#attempt(this.#accept(effect.payload, effect.sequence));
        break;
      case 'discard':
        this.#uplink?.stopUpload();
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

  /** What goes wrong in an effect, and is not the relay's doing, ends the session. */
  #attempt(effect: Promise<void>): void {
    const attempt = effect
      .catch((problem: Error) => this.#dispatch({ kind: 'failed', problem }))
      .finally(() => this.#attempts.delete(attempt));
    this.#attempts.add(attempt);
  }

  /** Runs a job once the one before it has come to its end. */
  #begin(job: (work: RoundWork, signal: AbortSignal) => Promise<void>): void {
    this.#job.abort();
    this.#job = new AbortController();
    const { signal } = this.#job;
    const before = this.#jobDone;
    this.#jobDone = (async () => {
      await before;
      if (this.#work === null || signal.aborted) return;
      try {
        await job(this.#work, signal);
      } catch (error) {
        if (signal.aborted) return;
        const problem = error instanceof Error ? error : new Error(String(error));
        const ofRelay = problem instanceof TapestryError && problem.code.startsWith('relay.');
        if (ofRelay) this.#dispatch({ kind: 'disconnected', problem, jitter: this.#random.uniform() });
        else this.#dispatch({ kind: 'failed', problem });
      }
    })();
  }

  async #retryAfter(milliseconds: number): Promise<void> {
    await this.#host.sleep(milliseconds, this.#ending.signal);
    this.#dispatch({ kind: 'retry' });
  }

  async #offer(payload: string): Promise<void> {
    const made = this.#work?.made(payload);
    if (made) await this.#uplink?.offer(made);
  }

  async #upload(payload: string, offset: number): Promise<void> {
    const made = this.#work?.made(payload);
    if (made) await this.#uplink?.upload(made, offset);
    this.#tellTraffic();
  }

  async #accept(payload: string, sequence: number | null): Promise<void> {
    const made = this.#work?.made(payload);
    if (!made) return;
    const { round, tokens } = made;
    this.#accepted = {
      contributions: this.#accepted.contributions + 1,
      tokens: this.#accepted.tokens + tokens,
    };
    this.#tell({ event: 'acknowledged', round, payload, tokens, sequence });
    await this.#work?.accept(sequence === null ? null : (this.#uplink?.receipt ?? null));
  }

  #heartbeat(): DraftToRelay {
    this.#tellTraffic();
    return heartbeatOf(this.#session, this.#work?.training.progress ?? nothingYet);
  }

  #tellTraffic(): void {
    this.#tell({ event: 'sent', bytes: this.#traffic.sent, received: this.#traffic.received });
  }

  #tell(event: ContributorEvent): void {
    this.#options.onEvent(event);
  }
}
