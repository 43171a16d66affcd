import type { Entry } from '../journal/entry.ts';
import type { CountedIn } from '../journal/recent-rounds.ts';
import type { CommittedRound, ContributorTotals, Replay } from '../journal/replay.ts';
import type { OpenBlob, Span } from '../storage/blob-store.ts';
import type { WholeManifest } from '../wire/frames.ts';
import { type Hash, type NodeKey, toHex } from '../wire/hex.ts';
import { type Acknowledgement, type Chunk, type Offer, RefusalCode } from '../wire/tapestry_pb.js';
import { BlobCatalogue } from './blob-catalogue.ts';
import type { Clock } from './clock.ts';
import { Acceptances } from './contributions/acceptances.ts';
import { defaultRunLimits, type RunLimits } from './contributions/limits.ts';
import { acceptedOf, receiptOf } from './contributions/receipt.ts';
import { type Refused, Uploads } from './contributions/uploads.ts';
import { disk, type Environment, type NewRun, type OpenedRun, openRun } from './open-run.ts';
import type { PresentedBody } from './presenting/presented-event.ts';
import type { Evaluators } from './quality/evaluators/evaluators.ts';
import { Rounds } from './rounds.ts';
import { type CurrentRound, eventOf, type RunEvent, RunEvents, troubleOf } from './run-events.ts';
import type { RunStore } from './run-store.ts';
import { KeyedQueues, TaskQueue } from './task-queue.ts';
import { Upstream } from './upstream/upstream.ts';

export type { CommittedRound } from '../journal/replay.ts';
export type { NodeKey } from '../wire/hex.ts';
export type { NewRun } from './open-run.ts';
export type { CurrentRound, RunEvent } from './run-events.ts';

/**
 * One run. Messages of different nodes are checked and stored concurrently; changes of the journal are made one after
 * another, and acknowledged once they are durable.
 */
export class Run {
  readonly manifest: WholeManifest;
  readonly manifestBytes: Uint8Array<ArrayBuffer>;
  readonly manifestSignature: Uint8Array<ArrayBuffer>;
  readonly id: Hash;
  /** Who takes part, and how fast. */
  readonly pace: Pick<Rounds, 'reported' | 'measured' | 'takesPart' | 'stepsOf' | 'isRecent'>;
  /** Who may read which blob, and the deltas that lead from base to base. */
  readonly blobs: BlobCatalogue;
  readonly upstream: Upstream;
  /** Who may score contributions beside the relay; null for nobody. After an evaluation was taken, `tick`. */
  readonly evaluators: Evaluators | null;
  readonly roundOf: RunStore['roundOf'];

  readonly #opened: OpenedRun;
  readonly #store: RunStore;
  readonly #events = new RunEvents();
  readonly #uploads: Uploads;
  readonly #rounds: Rounds;
  readonly #acceptances: Acceptances;
  /** Changes of the journal. */
  readonly #tasks = new TaskQueue();
  /** Each node's messages, handled in their order. */
  readonly #nodeTasks = new KeyedQueues();
  /** Removals of outdated blobs, for which nobody waits. */
  readonly #cleaning = new TaskQueue();
  readonly #corpora = new Map<NodeKey, number | null>();
  readonly #following = new AbortController();
  #ticking: Promise<void> | null = null;
  #closed = false;

  private constructor(opened: OpenedRun, clock: Clock, limits: RunLimits) {
    const { run } = opened.store.replay;
    this.manifest = run.manifest;
    this.manifestBytes = run.manifestBytes;
    this.manifestSignature = run.manifestSignature;
    this.id = run.id;
    this.#opened = opened;
    this.#store = opened.store;
    this.evaluators = opened.evaluators;
    this.roundOf = (round) => opened.store.roundOf(round);
    this.blobs = new BlobCatalogue(opened.store.replay);
    const { replay, compute } = opened.store;
    this.#uploads = new Uploads(run, opened.uploads, limits, replay, compute, (key) =>
      this.#dropIf(key, () => this.#uploads.offered(key) === undefined),
    );
    const planned = () => this.#events.emit({ type: 'planned' });
    this.upstream = new Upstream(opened.store, () => this.tick());
    this.#rounds = new Rounds(opened, clock, this.upstream, (entry) => this.#applied(entry), planned);
    this.pace = this.#rounds;
    this.#acceptances = new Acceptances(opened.store, this.#rounds, (counted) => this.#receiptOf(counted));
  }

  /**
   * Opens the run in `folder`, or creates `create` if there is none, and completes work that a crash interrupted. Throws
   * what `openRun` throws; the folder is then neither open nor locked.
   */
  static async open(
    folder: string,
    create: NewRun | undefined,
    clock: Clock,
    environment: Environment = disk,
  ): Promise<Run> {
    const opened = await openRun(folder, create, clock, environment);
    const run = new Run(opened, clock, environment.limits ?? defaultRunLimits);
    try {
      await run.#tasks.run(() => run.#rounds.settle());
    } catch (error) {
      await opened.store.close();
      throw error;
    }
    void run.#follow();
    return run;
  }

  current(): CurrentRound {
    return this.#rounds.current();
  }

  history(): readonly CommittedRound[] {
    return this.#store.replay.history;
  }

  totals(): Replay['totals'] {
    const { totals } = this.#store.replay;
    return { ...totals, refusals: totals.refusals + this.#rounds.refusals.pending };
  }

  /** A node's totals over the run; undefined for one that has not contributed. */
  contributor(key: NodeKey): ContributorTotals | undefined {
    return this.#store.replay.contributors.get(key);
  }

  /** The current base; `round` is the number of rounds that made it. */
  async base(): Promise<{ round: number; hash: Hash; parameters: Float32Array<ArrayBuffer> }> {
    const { committed, base } = this.#store.replay;
    return { round: committed, hash: base, parameters: await this.#store.base() };
  }

  /** The run's events from this call on, until `signal` aborts or the run closes. */
  events(signal: AbortSignal): AsyncIterable<RunEvent> {
    return this.#events.read(signal);
  }

  /** A node connected, with a corpus of the manifest or null. For a node that is already connected the corpus changes. */
  nodeJoined(key: NodeKey, corpus: number | null): void {
    void this.#background(async () => {
      if (!this.#corpora.has(key)) this.#rounds.joined(key);
      this.#corpora.set(key, corpus);
      await this.#rounds.settle();
    });
  }

  /** A node disconnected. Its upload is kept until the end of the round, so that it can be resumed. */
  nodeLeft(key: NodeKey): void {
    void this.#background(async () => {
      this.#uploads.pause(key);
      if (this.#corpora.delete(key)) this.#rounds.left(key);
      await this.#rounds.settle();
    });
  }

  /**
   * Checks an offer. `resume` is the number of its bytes that are already stored, even from before a restart. The answer to
   * an offer that the open round or the last one accepted before is its acknowledgement. The caller counts a refusal by
   * calling `refused` when it sends it.
   */
  offer(
    key: NodeKey,
    offer: Offer,
  ): Promise<{ resume: number } | { acknowledgement: Acknowledgement } | Refused> {
    return this.#refusably(key, async () => {
      const acknowledgement = await this.#receiptOfOffer(key, offer);
      if (acknowledgement !== null) return { acknowledgement };
      const refusal = this.#rounds.refusalOf(key, toHex(offer.payload), offer);
      if (refusal !== null) return { refusal };
      const answer = await this.#uploads.offer(key, this.#corpora.get(key) ?? null, offer);
      if ('resume' in answer) this.#rounds.offered(key, offer);
      return answer;
    });
  }

  /**
   * Appends the next bytes of the node's last offer; null until the payload is complete. A complete payload is checked,
   * stored and journaled, durably, before this resolves with its acknowledgement.
   */
  chunk(key: NodeKey, chunk: Chunk): Promise<{ acknowledgement: Acknowledgement } | Refused | null> {
    return this.#refusably(key, async () => {
      const offer = this.#uploads.offered(key);
      if (offer === undefined) return { refusal: RefusalCode.UNEXPECTED };
      const refusal = this.#rounds.refusalOf(key, toHex(offer.payload), offer);
      if (refusal !== null) {
        // It may have been accepted since its offer: from the node's connection before, or by another process.
        const acknowledgement = await this.#receiptOfOffer(key, offer);
        await this.#uploads.drop(key);
        return acknowledgement === null ? { refusal } : { acknowledgement };
      }
      const whole = await this.#uploads.chunk(key, chunk);
      if (typeof whole !== 'boolean') return whole;
      return whole ? this.#finish(key) : null;
    });
  }

  /** Does the presenter's command, durably; false if it makes no sense now. Throws what the journal throws. */
  present(command: PresentedBody): Promise<boolean> {
    return this.#tasks.run(async () => {
      const isDone = !this.#closed && (await this.#rounds.present(command));
      if (isDone) await this.#rounds.settle();
      return isDone;
    });
  }

  /** True for a node that the presenter removed. */
  hasRemoved(key: NodeKey): boolean {
    return this.#store.replay.removed.has(key);
  }

  /** Counts a refusal that was sent, here and in the journal. */
  refused(code: RefusalCode): void {
    if (this.#rounds.refusals.count(code)) void this.#background(() => this.#rounds.writeRefusals());
  }

  /** Does the periodic work: deadlines, entries of other processes, arrivals that wait, writes to retry. Never rejects. */
  tick(): Promise<void> {
    this.#ticking ??= this.#background(async () => {
      this.#ticking = null;
      await this.#rounds.settle();
      // Of what waited, a round that has just opened took some; the next tick sees to the others.
      if ((await this.#acceptances.accept()) > 0) void this.tick();
    });
    return this.#ticking;
  }

  /** A payload, base or momentum, or a range of it; null when there is none. */
  openBlob(hash: Hash, span?: Span): Promise<OpenBlob | null> {
    return this.#opened.blobs.open(hash, span);
  }

  /** The newest checkpoint of the journal; null before the first commit. */
  checkpoint(): Uint8Array<ArrayBuffer> | null {
    return this.#store.replay.tree.checkpoint;
  }

  /** The proof that the first `from` entries of the journal are the first of `to`; null if the journal has fewer. */
  async consistency(from: number, to: number): Promise<Uint8Array[] | null> {
    return this.#store.replay.tree.consistency(from, to, this.#store.leaves);
  }

  /** The proof that the entry `sequence` is among the first `size`; null if the journal has fewer. */
  async inclusion(sequence: number, size: number): Promise<Uint8Array[] | null> {
    return this.#store.replay.tree.inclusion(sequence, size, this.#store.leaves);
  }

  /** The journal's entries after `sequence`, each as a line of JSON without line end. */
  journalAfter(sequence: number): AsyncIterable<string> {
    return this.#store.lines(sequence);
  }

  /** Completes pending writes and closes the journal. Uploads under way can be resumed after the next `open`. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#background(() => this.#rounds.writeRefusals());
    this.#closed = true;
    this.#acceptances.close();
    this.#following.abort();
    await this.#nodeTasks.idle();
    await this.#tasks.run(async () => {});
    await this.#cleaning.run(async () => {});
    this.#events.close();
    await Promise.all([this.#opened.uploads.close(), this.#store.close()]);
  }

  /** Checks, stores and journals the node's whole upload. */
  async #finish(key: NodeKey): Promise<{ acknowledgement: Acknowledgement } | Refused> {
    const received = await this.#uploads.received(key);
    if ('refusal' in received) return received;
    const accepting = this.#acceptances.add(received);
    const appended = this.#tasks.run(() => this.#acceptances.accept());
    // An earlier task may have accepted it with others. This one then waits behind the commit that they cause, and the receipt must not.
    const answer = await Promise.race([accepting, appended.then(() => accepting)]);
    this.#dropIf(key, () => this.#uploads.isOf(key, received.payload));
    void this.tick();
    return answer;
  }

  /** The receipt of what a node offers, if the relay has it already. */
  async #receiptOfOffer(key: NodeKey, { payload, round }: Offer): Promise<Acknowledgement | null> {
    const had = acceptedOf(this.#store.replay, key, { payload: toHex(payload), round });
    return had && this.#receiptOf(had);
  }

  #receiptOf(counted: CountedIn): Promise<Acknowledgement> {
    const relay = { run: this.id, key: this.#opened.key.signing, checkpoint: this.checkpoint() };
    return receiptOf(counted, relay);
  }

  /** Emits the event of an entry that was applied. */
  #applied(entry: Entry): void {
    const event = eventOf(entry, this.#store.fates);
    if (event !== null) this.#events.emit(event);
    if (event?.type === 'committed') this.#clean(event.round + 1 - this.#store.replay.recent.staleness);
  }

  /** Removes blobs that are not needed, and uploads for rounds before `oldest`; after a failure the next start removes them. */
  #clean(oldest: number): void {
    for (const key of this.#uploads.outdated(oldest))
      this.#dropIf(key, () => this.#uploads.outdated(oldest).includes(key));
    this.#cleaning.run(() => this.#store.tidy()).catch((error) => this.#trouble(error));
  }

  /** Drops the node's upload if that is still right after the node's tasks before. */
  #dropIf(key: NodeKey, isRight: () => boolean): void {
    this.#nodeTasks
      .run(key, async () => {
        if (isRight()) await this.#uploads.drop(key);
      })
      .catch((error) => this.#trouble(error));
  }

  /** Runs a tick whenever another process has appended to the journal. */
  async #follow(): Promise<void> {
    const { signal } = this.#following;
    try {
      for await (const { sequence } of this.#opened.log.follow(this.#store.last, signal)) {
        if (sequence > this.#store.last) void this.tick();
      }
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** Queues a change of the journal for which no node waits. The promise never rejects. */
  #background(task: () => Promise<void>): Promise<void> {
    return this.#tasks
      .run(async () => {
        if (!this.#closed) await task();
      })
      .catch((error) => this.#trouble(error));
  }

  /** Runs a task for a node. A failure of the store is refused to the node and reported to the operator. */
  #refusably<T>(key: NodeKey, task: () => Promise<T>): Promise<T | Refused> {
    return this.#nodeTasks.run(key, async () => {
      if (this.#closed) return { refusal: RefusalCode.STORAGE };
      try {
        return await task();
      } catch (error) {
        this.#uploads.pause(key);
        this.#trouble(error);
        return { refusal: RefusalCode.STORAGE };
      }
    });
  }

  #trouble(cause: unknown): void {
    this.#events.emit(troubleOf(cause));
  }
}
