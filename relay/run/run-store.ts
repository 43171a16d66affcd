import { contentHash } from '../../client/sha256.ts';
import type { Contribution } from '../journal/contribution.ts';
import {
  checkEntry,
  type Draft,
  type Entry,
  EntryError,
  lineOf,
  lossOf,
  type StoredEntry,
} from '../journal/entry.ts';
import type { Accepted, Appended, Attempt, EventLog, Lease, NotAccepted } from '../journal/event-log.ts';
import type { ReadLeaves } from '../journal/merkle.ts';
import type { CreatedRun, Replay } from '../journal/replay.ts';
import { type BlobStore, bytesOfVector } from '../storage/blob-store.ts';
import { fromHex, type Hash, type NodeKey, toHex } from '../wire/hex.ts';
import type { Compute, FoldRequest } from './compute/compute.ts';
import type { Guard, Judgement } from './guard/guard.ts';
import type { Fate } from './influence/fates.ts';
import { loweredIn, type ScoredContribution } from './quality/round-standings.ts';
import { scoresOf } from './quality/scorer.ts';
import type { RoundEntries } from './report/round-entries.ts';
import { type RoundMetrics, roundMetrics } from './report/round-metrics.ts';
import { type KeptPayloads, keptBlobs } from './retention/kept-blobs.ts';
import { keptStates, removedThrough } from './retention/retention.ts';
import { damaged, type ReadJournal, readJournal } from './store/read-journal.ts';
import { lastAdopted } from './upstream/adopted-base.ts';
import type { PutBase } from './upstream/upstream.ts';

/** Outdated states are removed once there are so many, because a sweep lists every blob. */
export const sweptAtOnce = 8;

/** How long a blob without a journal entry is kept, in milliseconds: its entry may be about to be appended. */
export const youngMs = 3_600_000;

/**
 * The run that the journal defines: the replay, and the state that its blobs hold. They
 * change only when an entry is read from the log, no matter which process appended it, so a relay that just started, a
 * leader and a follower hold the same. A method that throws `disk.full` or `disk.failed` has changed nothing here and may be
 * called again.
 */
export class RunStore {
  readonly replay: Replay;
  readonly #log: EventLog;
  readonly #blobs: BlobStore;
  readonly compute: Compute;
  readonly #rounds: RoundEntries;
  #last: StoredEntry;
  #fates: ReadonlyMap<NodeKey, Fate> = new Map();
  /** Blobs that entries are about to name, of each work that stores some. */
  readonly #held = new Set<ReadonlySet<Hash>>();
  /** Of the closed attempt, once they are measured. */
  #scores: readonly ScoredContribution[] | null = null;
  /** Rounds whose states were removed, apart from the anchors among them. */
  #swept = 0;
  /** Null in a run that keeps all payloads: once it is open it need not know them. */
  #payloads: KeptPayloads | null;
  /** The rounds whose payloads were removed are those up to this. */
  #removed: number;

  private constructor(log: EventLog, blobs: BlobStore, read: ReadJournal, compute: Compute) {
    const { replay, last, payloads, rounds } = read;
    this.replay = replay;
    this.#rounds = rounds;
    this.#last = last;
    this.#payloads = payloads;
    this.#removed = removedThrough(replay.committed, replay.run.manifest.limits);
    this.#log = log;
    this.#blobs = blobs;
    this.compute = compute;
  }

  /**
   * Reads the whole journal and looks for its blobs; null for a journal without entries. The store closes the Compute that it
   * makes of the run. Throws `run.damaged`.
   */
  static async open(
    log: EventLog,
    blobs: BlobStore,
    computeOf: (run: CreatedRun) => Compute,
  ): Promise<RunStore | null> {
    const read = await readJournal(log);
    if (read === null) return null;
    const { replay } = read;
    const compute = computeOf(replay.run);
    const store = new RunStore(log, blobs, read, compute);
    try {
      await compute.prepare(replay.state);
      // The commit needs them: a payload that was lost is told now.
      for (const { body } of replay.open?.contributions.values() ?? []) await store.#blob(body.payload);
    } catch (error) {
      await compute.close();
      throw error;
    }
    return store;
  }

  /** Sequence number of the last entry that was read. */
  get last(): number {
    return this.#last.sequence;
  }

  /** What became of each node's contribution to the base that was committed last, since this process started. */
  get fates(): ReadonlyMap<NodeKey, Fate> {
    return this.#fates;
  }

  /** A copy of the current base. */
  base(): Promise<Float32Array<ArrayBuffer>> {
    return this.compute.vector(this.replay.base);
  }

  /** Reads and applies the journal's new entries; yields each one after it is applied. Throws `run.damaged`. */
  async *news(): AsyncGenerator<Entry, void> {
    for await (const stored of this.#log.read(this.last)) yield await this.#apply(stored);
  }

  /** See `UpstreamStore.holding`. */
  async holding<Result>(work: (put: PutBase) => Promise<Result>): Promise<Result> {
    const held = new Set<Hash>();
    this.#held.add(held);
    try {
      return await work(async (base) => {
        const bytes = bytesOfVector(base);
        const hash = await contentHash(bytes);
        held.add(hash);
        return this.#blobs.put(bytes, hash);
      });
    } finally {
      this.#held.delete(held);
    }
  }

  /** The parameters from which work is sent up that is not in the upstream base that was adopted last. */
  adoptedReference(): Promise<Float32Array<ArrayBuffer>> {
    return this.compute.vector(lastAdopted(this.replay).reference);
  }

  /** Appends contributions whose payloads are stored, in one transaction. They count once `news` has read them. */
  accept(
    open: Attempt,
    contributions: readonly Contribution[],
  ): Promise<readonly (Accepted | NotAccepted)[]> {
    return this.#log.accept(open, contributions);
  }

  /** Appends entries after the last one that was read. */
  append(lease: Lease, drafts: readonly Draft[]): Promise<Appended> {
    return this.#log.append(lease, this.#last, drafts);
  }

  closeDraft(): Draft {
    const { round, contributions, last } = this.#accepted();
    return { kind: 'round-closed', body: { round, attempt: this.replay.attempt, contributions, last } };
  }

  /** Makes the next state of the closed attempt and stores it; a retry or another leader makes the same one. */
  async commitDraft(key: CryptoKey, loss: string | null): Promise<Draft> {
    await this.compute.store(this.#request());
    const checkpoint = await this.replay.tree.sign(key);
    const tokens = this.replay.open?.tokens ?? 0;
    return {
      kind: 'round-committed',
      body: { ...this.#accepted(), tokens, ...(await this.#derive()).body, loss, checkpoint },
    };
  }

  /** `loss`: that of the base that the guard did not allow; null for an attempt with too few contributions. */
  abandonDraft(loss: string | null): Draft {
    const { round, contributions } = this.#accepted();
    return { kind: 'round-abandoned', body: { round, attempt: this.replay.attempt, contributions, loss } };
  }

  /** The guard's judgement of the closed attempt's base; null without a guard. */
  async judge(guard: Guard | null): Promise<Judgement | null> {
    if (guard === null) return null;
    this.#scores ??= this.replay.evaluatedScores ?? (await this.#measure(guard));
    const { body } = await this.#derive();
    const [hash = ''] = body.state;
    const next = { hash, parameters: () => this.compute.vector(hash) };
    return guard.judge(this.replay, () => this.base(), next);
  }

  /** The tokens of the manifest's probe; null if it has none. */
  async probe(): Promise<Uint8Array<ArrayBuffer> | null> {
    const { guard } = this.replay.run.manifest;
    return guard.case === 'probe' ? this.#blob(toHex(guard.value.hash)) : null;
  }

  /** What metrics.jsonl tells of the closed attempt. */
  async metrics(): Promise<RoundMetrics> {
    const { change, fates } = await this.#derive();
    const accepted = [...(this.replay.open?.contributions.values() ?? [])].flatMap(({ body }) => {
      const fate = fates.get(body.key);
      return fate ? [{ key: body.key, heldOutLoss: lossOf(body.heldOutLoss), fate }] : [];
    });
    const round = this.replay.committed + 1;
    return roundMetrics(round, accepted, change);
  }

  async completeDraft(key: CryptoKey): Promise<Draft> {
    const { committed: rounds, base, tree } = this.replay;
    return { kind: 'run-complete', body: { rounds, base, checkpoint: await tree.sign(key) } };
  }

  /** Removes states and payloads that only older rounds needed, those of several rounds at a time. */
  async tidy(): Promise<void> {
    const { states, committed, run } = this.replay;
    const outdated = states.slice(this.#swept, -keptStates);
    if (outdated.length >= sweptAtOnce) {
      const hashes = new Set(outdated.flat());
      // What was held may be named by the journal before the sweep comes to it.
      const isNeeded = (hash: Hash) => this.#isHeld(hash) || keptBlobs(this.replay).has(hash);
      await this.#blobs.sweep((hash) => !hashes.has(hash) || isNeeded(hash), 0);
      this.#swept += outdated.length;
    }
    const through = removedThrough(committed, run.manifest.limits);
    if (through === this.#removed) return;
    await this.sweep();
    this.#removed = through;
  }

  /**
   * Removes all blobs that the run does not need, after a start and whenever payloads became old. The journal says which,
   * so after a crash in the middle the next start removes the rest. A young blob stays until a later sweep.
   */
  async sweep(): Promise<void> {
    if (this.#payloads === null) return;
    const named = keptBlobs(this.replay);
    for (const payload of this.#payloads.hashes()) named.add(payload);
    await this.#blobs.sweep((hash) => named.has(hash) || this.#isHeld(hash), youngMs);
    if (this.replay.run.manifest.limits.payloadRounds === 0) this.#payloads = null;
  }

  #isHeld(hash: Hash): boolean {
    return [...this.#held].some((held) => held.has(hash));
  }

  /** Closes the log, and frees what it holds. */
  async close(): Promise<void> {
    await this.compute.close();
    await this.#log.close();
  }

  /** The entries after `sequence`, each as a line of JSON without line end. */
  async *lines(sequence: number): AsyncGenerator<string, void> {
    for await (const entry of this.#log.read(sequence)) yield lineOf(entry);
  }

  /** See `RoundEntries.read`. */
  roundOf(round: number): ReturnType<RoundEntries['read']> {
    return this.#rounds.read(this.#log, round, this.replay.run.manifest);
  }

  /** Leaves of the journal's Merkle tree. */
  readonly leaves: ReadLeaves = async (start, end) => {
    const leaves: Uint8Array[] = [];
    for await (const { hash } of this.#log.read(start)) {
      if (leaves.length === end - start) break;
      leaves.push(fromHex(hash));
    }
    return leaves;
  };

  #accepted(): { round: number; contributions: number; last: number } {
    const { open, committed } = this.replay;
    const contributions = open?.contributions.size ?? 0;
    return { round: committed + 1, contributions, last: open?.last ?? 0 };
  }

  /** Everything that can fail comes before the first change. */
  async #apply(stored: StoredEntry): Promise<Entry> {
    try {
      const entry = checkEntry(stored, this.#last);
      switch (entry.kind) {
        case 'round-committed': {
          // Another leader's scores may have other last bits than those that this process measured.
          this.#scores = entry.body.scores;
          const { body, fates } = await this.#derive();
          for (const name of ['weighed', 'state', 'delta', 'norm', 'excluded'] as const)
            if (JSON.stringify(body[name]) !== JSON.stringify(entry.body[name])) {
              const problem = `is not what the contributions give: ${JSON.stringify(body[name])}`;
              throw new EntryError(entry.sequence, `body.${name}`, problem);
            }
          this.replay.apply(entry);
          this.#fates = fates;
          this.#scores = null;
          break;
        }
        case 'upstream-adopted':
        case 'upstream-mixed':
          await this.compute.prepare([entry.body.base, ...this.replay.state.slice(1)]);
          this.replay.apply(entry);
          break;
        default:
          this.replay.apply(entry);
          if (entry.kind === 'round-abandoned' || entry.kind === 'evaluation-accepted') this.#scores = null;
      }
      this.#payloads?.apply(entry, this.replay);
      this.#rounds.apply(entry);
      this.#last = stored;
      return entry;
    } catch (error) {
      throw error instanceof EntryError ? damaged(`${error.place} ${error.message}`, error) : error;
    }
  }

  /** The scores of the closed attempt's contributions, as the relay measures them. */
  #measure(guard: Guard): Promise<ScoredContribution[]> {
    const request = this.#request([]);
    const lossWithout = (without: number | null) =>
      guard.lossOf(() => this.compute.mean({ ...request, without }));
    return scoresOf(this.replay.run.manifest, this.#contributions(), lossWithout);
  }

  /** What the closed attempt makes, and what its entry says of that. */
  async #derive() {
    const scores = this.#scores ?? [];
    const made = await this.compute.fold(this.#request(scores));
    const { change, fates, excluded, weighed, state, delta, norm } = made;
    const accepted = this.#contributions();
    const fateOf = new Map<NodeKey, Fate>();
    for (const [i, fate] of fates.entries()) fateOf.set(accepted[i]?.body.key ?? '', fate);
    const sequenceOf = (index: number) => accepted[index]?.sequence ?? 0;
    const facts = { norm, excluded: excluded.map(sequenceOf), scores: [...scores] };
    const lowered = loweredIn(weighed, sequenceOf);
    return { change, fates: fateOf, body: { ...facts, weighed: lowered, state: [...state], delta } };
  }

  #request(scores = this.#scores ?? []): FoldRequest {
    const { committed, state } = this.replay;
    const standings = this.replay.standings(scores);
    const contributions = this.#contributions().map(({ body }, index) => ({
      ...{ tokens: body.tokens, payload: body.payload, part: body.part },
      ...(standings[index] && { standing: standings[index] }),
    }));
    return { round: committed + 1, state, contributions };
  }

  #contributions(): Accepted[] {
    return [...(this.replay.open?.contributions.values() ?? [])];
  }

  async #blob(hash: Hash): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#blobs.get(hash);
    if (bytes === null) throw damaged(`blob ${hash} is missing or was changed`);
    return bytes;
  }
}
