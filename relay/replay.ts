import { type Entry, EntryError, type EntryOf } from './entries.ts';
import { parseManifest } from './manifest.ts';
import type { NodeKey } from './round.ts';
import type { DenseCodec } from './wire/dense.ts';
import { runIdOf, type WholeManifest } from './wire/frames.ts';
import { fromHex, type Hash, toHex } from './wire/hex.ts';
import type { RelayStatus } from './wire/status.ts';
import type { Offer } from './wire/tapestry_pb.js';

export type CommittedRound = RelayStatus['history'][number];
export type AcceptedContribution = EntryOf<'contribution-accepted'>;

/** The run that the first entry made. */
export interface CreatedRun {
  readonly manifest: WholeManifest;
  readonly manifestBytes: Uint8Array<ArrayBuffer>;
  readonly manifestSignature: Uint8Array<ArrayBuffer>;
  readonly codec: DenseCodec;
  readonly id: Hash;
}

/** What a node has given over the run, and what it last said of itself. */
export interface Contributor {
  readonly tokens: number;
  readonly contributions: number;
  readonly trainingLoss: number;
  readonly heldOutLoss: number;
}

/**
 * What the journal says, entry by entry: the relay holds one while it runs and makes it anew when it starts, and
 * `verify` makes one beside its own sums. An entry that cannot follow from those before it is an EntryError naming the
 * field.
 */
export class Replay {
  readonly run: CreatedRun;
  base: Hash;
  committed = 0;
  /** How often the round after the committed ones was opened. */
  attempt = 0;
  open: { readonly openedAt: number; readonly contributions: AcceptedContribution[] } | null = null;
  complete = false;
  readonly history: CommittedRound[] = [];
  /** Hashes of what each commit made, oldest first. */
  readonly checkpoints: { readonly base: Hash; readonly momentum: Hash }[] = [];
  readonly totals = { tokens: 0, contributions: 0, refusals: 0, abandonedRounds: 0 };
  readonly contributors = new Map<NodeKey, Contributor>();
  readonly connected = new Set<NodeKey>();
  /** Versions of SQLite that wrote the journal. */
  readonly writers = new Set<string>();
  readonly #nations = new Map<NodeKey, number | null>();

  private constructor(run: CreatedRun) {
    this.run = run;
    this.base = toHex(run.manifest.initialBase);
  }

  /** From the journal's first entry. */
  static begin(entry: Entry): Replay {
    if (entry.kind !== 'run-created') throw wrong(entry, 'kind', 'is not run-created, which comes first');
    const manifestBytes = fromHex(entry.body.manifest);
    let parsed: ReturnType<typeof parseManifest>;
    try {
      parsed = parseManifest(manifestBytes);
    } catch (error) {
      throw wrong(entry, 'body.manifest', error instanceof Error ? error.message : String(error));
    }
    const manifestSignature = fromHex(entry.body.signature);
    return new Replay({ ...parsed, manifestBytes, manifestSignature, id: toHex(runIdOf(manifestBytes)) });
  }

  /** Null before the first commit, when it is all zeros. */
  get momentum(): Hash | null {
    return this.checkpoints.at(-1)?.momentum ?? null;
  }

  apply(entry: Entry): void {
    switch (entry.kind) {
      case 'run-created':
        throw wrong(entry, 'kind', 'is run-created again');
      case 'relay-started':
        this.connected.clear();
        this.writers.add(entry.body.sqlite);
        return;
      case 'node-joined':
        this.connected.add(entry.body.key);
        this.#nations.set(entry.body.key, entry.body.nation);
        return;
      case 'node-left':
        this.connected.delete(entry.body.key);
        return;
      case 'refused':
        for (const times of Object.values(entry.body.counts)) this.totals.refusals += times ?? 0;
        return;
      case 'round-opened':
        this.#opened(entry);
        return;
      case 'contribution-accepted':
        this.#accepted(entry);
        return;
      case 'round-committed':
        this.#committed(entry);
        return;
      case 'round-abandoned':
        this.#expect(entry, 'body.round', entry.body.round, this.committed + 1);
        this.#expect(entry, 'body.attempt', entry.body.attempt, this.attempt);
        this.#expect(entry, 'body.contributions', entry.body.contributions, this.#openRound(entry).length);
        this.totals.abandonedRounds++;
        this.open = null;
        return;
      case 'run-complete':
        this.#expect(entry, 'body.rounds', entry.body.rounds, this.committed);
        this.#expect(entry, 'body.rounds', entry.body.rounds, this.run.manifest.strategy.rounds);
        this.#expect(entry, 'body.base', entry.body.base, this.base);
        this.complete = true;
    }
  }

  #opened(entry: EntryOf<'round-opened'>): void {
    if (this.open !== null || this.complete) throw wrong(entry, 'kind', 'opens a round while none can open');
    this.#expect(entry, 'body.round', entry.body.round, this.committed + 1);
    this.#expect(entry, 'body.attempt', entry.body.attempt, this.attempt + 1);
    this.#expect(entry, 'body.base', entry.body.base, this.base);
    this.attempt++;
    this.open = { openedAt: entry.time, contributions: [] };
  }

  #accepted(entry: AcceptedContribution): void {
    const { body } = entry;
    const { limits, strategy } = this.run.manifest;
    const contributions = this.#openRound(entry);
    this.#expect(entry, 'body.round', body.round, this.committed + 1);
    this.#expect(entry, 'body.base', body.base, this.base);
    this.#expect(entry, 'body.payloadBytes', body.payloadBytes, limits.payloadBytes);
    if (body.tokens < 1 || body.tokens > limits.maxTokens)
      throw wrong(entry, 'body.tokens', 'is out of limit');
    if (body.steps < 1 || body.steps > strategy.localSteps)
      throw wrong(entry, 'body.steps', 'is out of limit');
    if (contributions.some((other) => other.body.key === body.key)) {
      throw wrong(entry, 'body.key', 'has contributed to this round already');
    }
    if (contributions.length >= limits.target) throw wrong(entry, 'kind', 'comes after the round was full');
    contributions.push(entry);
    const before = this.contributors.get(body.key);
    this.contributors.set(body.key, {
      tokens: (before?.tokens ?? 0) + body.tokens,
      contributions: (before?.contributions ?? 0) + 1,
      trainingLoss: body.trainingLoss,
      heldOutLoss: body.heldOutLoss,
    });
    this.totals.tokens += body.tokens;
    this.totals.contributions++;
  }

  #committed(entry: EntryOf<'round-committed'>): void {
    const { body } = entry;
    const contributions = this.#openRound(entry);
    this.#expect(entry, 'body.round', body.round, this.committed + 1);
    const sequences = contributions.map((contribution) => contribution.sequence);
    this.#expect(entry, 'body.contributions', body.contributions.join(), sequences.join());
    if (sequences.length < this.run.manifest.limits.quorum) {
      throw wrong(entry, 'body.contributions', 'are fewer than the quorum');
    }
    const tokens = contributions.reduce((sum, contribution) => sum + contribution.body.tokens, 0);
    this.#expect(entry, 'body.tokens', body.tokens, tokens);
    const weighted = contributions.reduce((sum, { body }) => sum + body.trainingLoss * body.tokens, 0);
    this.history.push({
      round: body.round,
      contributions: contributions.length,
      tokens,
      trainingLoss: weighted / tokens,
      heldOutLoss: this.#heldOutLosses(contributions),
      committedAt: entry.time,
      base: body.base,
    });
    this.checkpoints.push({ base: body.base, momentum: body.momentum });
    this.base = body.base;
    this.committed++;
    this.attempt = 0;
    this.open = null;
  }

  /** By nation of the manifest: the mean over its nodes, or null where there was none. */
  #heldOutLosses(contributions: readonly AcceptedContribution[]): (number | null)[] {
    return this.run.manifest.nations.map((_, nation) => {
      const theirs = contributions.filter(({ body }) => this.#nations.get(body.key) === nation);
      const sum = theirs.reduce((total, { body }) => total + body.heldOutLoss, 0);
      return theirs.length === 0 ? null : sum / theirs.length;
    });
  }

  #openRound(entry: Entry): AcceptedContribution[] {
    if (this.open === null) throw wrong(entry, 'kind', 'needs an open round, and none is open');
    return this.open.contributions;
  }

  #expect(entry: Entry, field: string, value: number | string, expected: number | string): void {
    if (value !== expected) throw wrong(entry, field, `is ${value}, expected ${expected}`);
  }
}

/** The Offer that a journal entry keeps, as its node signed it. */
export function offerOf({ body }: AcceptedContribution): Omit<Offer, '$typeName' | '$unknown'> {
  return {
    round: body.round,
    base: fromHex(body.base),
    payload: fromHex(body.payload),
    payloadBytes: body.payloadBytes,
    steps: body.steps,
    tokens: body.tokens,
    trainingLoss: body.trainingLoss,
    heldOutLoss: body.heldOutLoss,
    signature: fromHex(body.signature),
  };
}

function wrong(entry: Entry, field: string, problem: string): EntryError {
  return new EntryError(entry.sequence, field, problem);
}
