import { create } from '@bufbuild/protobuf';
import { TapestryError } from '../client/errors.ts';
import type { EntryOf } from './entries.ts';
import { Intake, type Received, type Refused } from './intake.ts';
import type { Ledger } from './ledger.ts';
import { Refusals } from './refusals.ts';
import type { CommittedRound, Contributor } from './replay.ts';
import {
  type NodeKey,
  type RoundEffect,
  type RoundEvent,
  type RoundLimits,
  type RoundState,
  reduce,
  refusalOf,
  roundLimitsOf,
} from './round.ts';
import { disk, type Environment, type NewRun, type OpenedRun, openRun } from './run-folder.ts';
import type { CurrentRound, RunEvent } from './run-status.ts';
import { Serial } from './serial.ts';
import type { WholeManifest } from './wire/frames.ts';
import { fromHex, type Hash, isHash, toHex } from './wire/hex.ts';
import { acknowledgementBytes, sign } from './wire/signed.ts';
import {
  type Acknowledgement,
  AcknowledgementSchema,
  type Chunk,
  type Offer,
  RefusalCode,
} from './wire/tapestry_pb.js';

export type { ManifestDraft } from './manifest.ts';
export type { CommittedRound, Contributor } from './replay.ts';
export type { NodeKey } from './round.ts';
export type { NewRun } from './run-folder.ts';
export type { CurrentRound, RunEvent } from './run-status.ts';

/** How long work that the disk refused is left alone before the next try. */
const retryAfterMs = 1000;

/**
 * One run on one folder. It ties the pure parts (round, aggregate, outer, replay) to the disk: what arrives is checked,
 * made durable, written to the journal and only then acknowledged. Whatever changes state runs one after another, so
 * each step sees the one before finished or not begun.
 */
export class Run {
  readonly manifest: WholeManifest;
  readonly manifestBytes: Uint8Array<ArrayBuffer>;
  readonly manifestSignature: Uint8Array<ArrayBuffer>;
  readonly id: Hash;
  onEvent: (event: RunEvent) => void = () => {};

  readonly #opened: OpenedRun;
  readonly #ledger: Ledger;
  readonly #clock: () => number;
  readonly #limits: RoundLimits;
  readonly #intake: Intake;
  #state: RoundState;
  readonly #refusals = new Refusals();
  readonly #tasks = new Serial();
  #ticking = false;
  #retryAt = 0;
  #closed = false;

  private constructor(opened: OpenedRun, clock: () => number) {
    const { manifest, manifestBytes, manifestSignature, id } = opened.ledger.replay.run;
    this.manifest = manifest;
    this.manifestBytes = manifestBytes;
    this.manifestSignature = manifestSignature;
    this.id = id;
    this.#opened = opened;
    this.#ledger = opened.ledger;
    this.#intake = new Intake(opened.ledger.replay.run, opened.partials);
    this.#clock = clock;
    this.#limits = roundLimitsOf(manifest);
    this.#state = opened.state;
  }

  /**
   * Opens the run in `folder`, or makes `create` there when it holds none, and finishes what a crash cut off.
   * `clock` gives milliseconds since 1970 and must not step back. For what it throws see `openRun`.
   */
  static async open(
    folder: string,
    create: NewRun | undefined,
    clock: () => number,
    environment: Environment = disk,
  ): Promise<Run> {
    const run = new Run(await openRun(folder, create, clock(), environment), clock);
    await run.#tasks.run(() => run.#react({ type: 'tick', time: clock() }));
    return run;
  }

  current(): CurrentRound {
    const { phase, round, attempt, base, contributed, deadlineAt, openedAt, graceEndsAt } = this.#state;
    return {
      round: Math.min(round, this.#limits.rounds),
      attempt,
      base,
      phase: phase === 'open' ? (graceEndsAt === null ? 'training' : 'grace') : phase,
      contributions: contributed.size,
      deadlineAt,
      openedAt,
    };
  }

  history(): readonly CommittedRound[] {
    return this.#ledger.replay.history;
  }

  totals(): { tokens: number; contributions: number; refusals: number; abandonedRounds: number } {
    const { totals } = this.#ledger.replay;
    return { ...totals, refusals: totals.refusals + this.#refusals.pending };
  }

  /** What a node has given over the run; undefined for one that has not contributed. */
  contributor(key: NodeKey): Contributor | undefined {
    return this.#ledger.replay.contributors.get(key);
  }

  /** The current base; `round` is how many rounds it has behind it. */
  base(): { round: number; hash: Hash; parameters: Float32Array<ArrayBuffer> } {
    return { round: this.#ledger.replay.committed, hash: this.#state.base, parameters: this.#ledger.base() };
  }

  /** The node is in. It counts at once; a key that is in already must be left before it joins again. */
  nodeJoined(key: NodeKey, host: EntryOf<'node-joined'>['body']['host'], nation: number | null): void {
    this.#background(async () => {
      this.#record('node-joined', { key, host, nation });
      await this.#react({ type: 'joined', key, time: this.#clock() });
    });
  }

  /** The node is gone. What it uploaded so far is kept for its return, to the end of the round. */
  nodeLeft(key: NodeKey): void {
    this.#background(async () => {
      this.#intake.pause(key);
      this.#record('node-left', { key });
      await this.#react({ type: 'left', key, time: this.#clock() });
    });
  }

  /**
   * Checks an offer. `resume` is how many of its bytes are held already, also from before a restart. Refusals are
   * counted by `refused`, which whoever sends them calls.
   */
  offer(key: NodeKey, offer: Offer): Promise<{ resume: number } | Refused> {
    return this.#refusably(key, async () => {
      const refusal = this.#refusalOf(key, offer);
      return refusal === null ? this.#intake.offer(key, offer) : { refusal };
    });
  }

  /**
   * Takes the next bytes of the node's last offer; null while more are to come. With the last of them the payload is
   * checked, stored and journalled, durably, before the acknowledgement is there to be sent.
   */
  chunk(key: NodeKey, chunk: Chunk): Promise<{ acknowledgement: Acknowledgement } | Refused | null> {
    return this.#refusably(key, async () => {
      const offer = this.#intake.offered(key);
      if (offer === undefined) return { refusal: RefusalCode.UNEXPECTED };
      const closed = this.#refusalOf(key, offer);
      if (closed !== null) {
        await this.#intake.drop(key);
        return { refusal: closed };
      }
      const received = await this.#intake.chunk(key, chunk);
      if (received === null || 'refusal' in received) return received;
      const answer = await this.#accept(key, received);
      // Left behind, the upload only takes room, to the round's end.
      await this.#intake.drop(key).catch(() => {});
      return answer;
    });
  }

  /** Counts a refusal that was sent, here and in the journal. */
  refused(code: RefusalCode): void {
    if (!this.#refusals.count(code)) return;
    this.#background(async () => this.#writeRefusals());
  }

  /** Lets time pass: deadlines, grace, and another try at what the disk refused. */
  tick(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    this.#background(async () => {
      this.#ticking = false;
      await this.#react({ type: 'tick', time: this.#clock() });
    });
  }

  /** Where a blob's file is; null when there is none. */
  async blob(hash: Hash): Promise<string | null> {
    return isHash(hash) ? this.#ledger.blob(hash) : null;
  }

  /** The journal's entries after `sequence`, each as a line of JSON without line end. */
  async *journalAfter(sequence: number): AsyncGenerator<string, void> {
    for (const line of this.#ledger.lines(sequence)) {
      if (this.#closed) return;
      yield line;
    }
  }

  /** Writes what is left to write and lets the folder go. Uploads under way can be resumed by the next `open`. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#tasks.run(async () => {
      this.#writeRefusals();
      this.#closed = true;
      this.#ledger.close();
      this.#opened.unlock();
    });
  }

  #refusalOf(key: NodeKey, offer: Offer): RefusalCode | null {
    const { round, base } = offer;
    return refusalOf(this.#state, { key, round, base: toHex(base) }, this.#clock(), this.#limits);
  }

  async #accept(key: NodeKey, received: Received): Promise<{ acknowledgement: Acknowledgement }> {
    const { round, payload } = received.offer;
    const { attempt } = this.#state;
    const entry = await this.#ledger.accept(this.#clock(), key, received);
    this.#state = reduce(this.#state, { type: 'contributed', key, time: entry.time }, this.#limits).state;
    // The commit that this may lead to comes after the node has its receipt.
    this.tick();
    const receipt = { round, attempt, payload, sequence: BigInt(entry.sequence) };
    const signature = await sign(this.#opened.key.signing, acknowledgementBytes(fromHex(this.id), receipt));
    return { acknowledgement: create(AcknowledgementSchema, { ...receipt, signature }) };
  }

  /** Takes an event and does whatever is due after it, until nothing is. */
  async #react(event: RoundEvent): Promise<void> {
    let reaction = reduce(this.#state, event, this.#limits);
    this.#state = reaction.state;
    while (reaction.effect !== null && this.#clock() >= this.#retryAt) {
      let done: { confirmed: RoundEvent; event: RunEvent };
      try {
        done = await this.#perform(reaction.effect);
      } catch (error) {
        this.#retryAt = this.#clock() + retryAfterMs;
        throw error;
      }
      reaction = reduce(this.#state, done.confirmed, this.#limits);
      this.#state = reaction.state;
      this.onEvent(done.event);
    }
  }

  /** Makes an effect durable. Gives the event that confirms it, and what to tell of it. */
  async #perform(effect: RoundEffect): Promise<{ confirmed: RoundEvent; event: RunEvent }> {
    const { round, base } = this.#state;
    const now = this.#clock();
    switch (effect) {
      case 'open': {
        const attempt = this.#ledger.replay.attempt + 1;
        const { time } = this.#ledger.append(now, 'round-opened', { round, attempt, base });
        const { deadlineMs } = this.#limits;
        return {
          confirmed: { type: 'opened', time },
          event: { type: 'opened', round, attempt, base, deadlineMs },
        };
      }
      case 'commit': {
        this.#writeRefusals();
        const { time, ...committed } = await this.#ledger.commit(now);
        await this.#endRound();
        return {
          confirmed: { type: 'committed', base: committed.base, time },
          event: { type: 'committed', round, ...committed },
        };
      }
      case 'abandon': {
        this.#writeRefusals();
        const { time } = this.#ledger.abandon(now);
        await this.#endRound();
        return { confirmed: { type: 'abandoned', time }, event: { type: 'abandoned', round } };
      }
      case 'complete': {
        const { time } = this.#ledger.append(now, 'run-complete', { rounds: this.#limits.rounds, base });
        return { confirmed: { type: 'completed', time }, event: { type: 'complete' } };
      }
    }
  }

  /** Clears up after a round that the journal has closed. What cannot be removed now goes at the next start. */
  async #endRound(): Promise<void> {
    this.#refusals.roundEnded();
    this.#intake.clear();
    try {
      await this.#opened.partials.sweep();
      await this.#ledger.tidy();
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** Journals what the rounds do not hang on: a disk that refuses it does not keep a node out. */
  #record<Kind extends 'node-joined' | 'node-left'>(kind: Kind, body: EntryOf<Kind>['body']): void {
    try {
      this.#ledger.append(this.#clock(), kind, body);
    } catch (error) {
      this.#trouble(error);
    }
  }

  #writeRefusals(): void {
    const { round } = this.current();
    this.#refusals.flush((counts) => this.#ledger.append(this.#clock(), 'refused', { round, counts }));
  }

  /** A task that no one waits for. */
  #background(task: () => Promise<void>): void {
    this.#tasks
      .run(async () => {
        if (!this.#closed) await task();
      })
      .catch((error) => this.#trouble(error));
  }

  /** A task for a node: what the disk refuses is told to the node, and to the operator. */
  #refusably<T>(key: NodeKey, task: () => Promise<T>): Promise<T | Refused> {
    return this.#tasks.run(async () => {
      if (this.#closed) return { refusal: RefusalCode.STORAGE };
      try {
        return await task();
      } catch (error) {
        this.#intake.pause(key);
        this.#trouble(error);
        return { refusal: RefusalCode.STORAGE };
      }
    });
  }

  #trouble(error: unknown): void {
    const fault = new TapestryError(
      'relay.fault',
      `a fault of the relay: ${error}`,
      'Report it with the log.',
      {
        cause: error,
      },
    );
    this.onEvent({ type: 'trouble', error: error instanceof TapestryError ? error : fault });
  }
}
