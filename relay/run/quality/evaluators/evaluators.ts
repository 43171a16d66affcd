import type { Draft } from '../../../journal/entry.ts';
import type { WholeManifest } from '../../../wire/frames.ts';
import { fromHex, type Hash, type NodeKey, toHex } from '../../../wire/hex.ts';
import { evaluationBytes, verifySignature } from '../../../wire/signatures.ts';
import type { EvaluatorState } from '../../../wire/status.ts';
import type { Evaluation } from '../../../wire/tapestry_pb.js';
import type { Clock } from '../../clock.ts';
import { bodyOf, type EvaluationBody } from './evaluation.ts';
import { haveQuorum } from './median-scores.ts';

/**
 * What became of an evaluation. `late`: the relay no longer waits for it, or it is not of the attempt that closed last. `unknown`: it is not by an
 * evaluator of the manifest, is not signed by it, or does not score what the lots draw.
 */
export type Taken = 'taken' | 'late' | 'unknown';

/** The run that is evaluated, as its journal has it. */
export interface EvaluatedRun {
  readonly run: { readonly id: Hash; readonly manifest: Pick<WholeManifest, 'quality'> };
  /** The attempt that is open or closed. */
  readonly open: {
    readonly round: number;
    readonly attempt: number;
    readonly closedBy: Hash | null;
    readonly evaluations: readonly unknown[];
  } | null;
  /** Sequences of its contributions that are scored. */
  readonly scored: readonly number[];
}

export interface EvaluationStanding {
  /** The round that closed last since the relay started. */
  readonly round: number | null;
  readonly scores: number;
  /** Null while nothing is waited for. */
  readonly remainingMs: number | null;
  /** In the order of the manifest. */
  readonly states: readonly EvaluatorState[];
}

/** How long evaluators that are slower than a quorum are waited for, at least; in milliseconds. */
const leastGraceMs = 1000;

/**
 * The evaluations of the attempt that closed last. They stay in memory until the relay has waited long enough: no evaluator can copy
 * another's scores. The wait is bounded by the manifest, and after a quorum by as long again as the quorum took, at least a second. An evaluator that sent nothing in
 * that time is not waited for again until it sends something, so that only the first round without it is longer.
 */
export class Evaluators {
  readonly #replay: EvaluatedRun;
  readonly #verify: typeof verifySignature;
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #quality: { readonly evaluatorQuorum: number; readonly evaluationMs: number };
  readonly #keys: ReadonlySet<NodeKey>;
  /** Those that are waited for. */
  readonly #present: Set<NodeKey>;
  /** Those that sent anything since the relay started. */
  readonly #heard = new Set<NodeKey>();
  readonly #pending = new Map<NodeKey, EvaluationBody>();
  /** The attempt that closed last, and since when, on the monotonic clock. */
  #latest: { readonly closedBy: Hash; readonly round: number; readonly at: number } | null = null;
  #quorumAt: number | null = null;
  #isOver = false;

  private constructor(
    replay: EvaluatedRun,
    clock: Pick<Clock, 'elapsed'>,
    quality: { readonly evaluatorQuorum: number; readonly evaluationMs: number },
    keys: readonly NodeKey[],
    verify: typeof verifySignature,
  ) {
    this.#replay = replay;
    this.#verify = verify;
    this.#clock = clock;
    this.#quality = quality;
    this.#keys = new Set(keys);
    this.#present = new Set(keys);
    // The relay stopped between the end of the attempt and its commit.
    this.closed();
  }

  /** The evaluators that a manifest names; null for none. A simulation without signatures has its own `verify`. */
  static of(
    replay: EvaluatedRun,
    clock: Pick<Clock, 'elapsed'>,
    verify = verifySignature,
  ): Evaluators | null {
    const { quality } = replay.run.manifest;
    if (quality.case === 'claimed' || quality.value.evaluators.length === 0) return null;
    return new Evaluators(replay, clock, quality.value, quality.value.evaluators.map(toHex), verify);
  }

  /** True while a commit should wait for evaluations. */
  get isAwaited(): boolean {
    return this.#remainingMs() !== null;
  }

  /** What may be told of them while they score: who is here and how many scores came, not what they are. */
  standing(): EvaluationStanding {
    const remainingMs = this.#remainingMs();
    const isOpen = this.#latest !== null && this.#replay.open?.closedBy === this.#latest.closedBy;
    const stateOf = (key: NodeKey): EvaluatorState => {
      if (isOpen && this.#pending.has(key)) return 'scored';
      if (!this.#present.has(key)) return 'silent';
      return this.#heard.has(key) ? 'here' : 'unheard';
    };
    const states = [...this.#keys].map(stateOf);
    return { round: this.#latest?.round ?? null, scores: this.#pending.size, remainingMs, states };
  }

  /** How much longer a commit should wait for evaluations; null for no longer. */
  #remainingMs(): number | null {
    const { open } = this.#replay;
    if (this.#latest === null || open?.closedBy !== this.#latest.closedBy) return null;
    if (this.#isOver || open.evaluations.length > 0) return null;
    const missing = [...this.#present].filter((key) => !this.#pending.has(key)).length;
    if (missing === 0 || !haveQuorum(this.#pending.size + missing, this.#quality)) return null;
    const waited = this.#clock.elapsed() - this.#latest.at;
    const afterQuorum =
      this.#quorumAt === null
        ? Number.POSITIVE_INFINITY
        : this.#quorumAt + Math.max(leastGraceMs, this.#quorumAt);
    const left = Math.min(this.#quality.evaluationMs, afterQuorum) - waited;
    return left > 0 ? left : null;
  }

  /** The attempt that the replay has was closed. */
  closed(): void {
    const { open } = this.#replay;
    if (open?.closedBy == null) return;
    this.#latest = { closedBy: open.closedBy, round: open.round, at: this.#clock.elapsed() };
    this.#pending.clear();
    this.#quorumAt = null;
    this.#isOver = false;
  }

  /** Checks an evaluation and keeps it until the commit. One that is late still says that its evaluator is there. */
  async take(evaluation: Evaluation): Promise<Taken> {
    const body = bodyOf(evaluation);
    if (!this.#keys.has(body.key)) return 'unknown';
    const signed = evaluationBytes(fromHex(this.#replay.run.id), evaluation);
    if (!(await this.#verify(evaluation.publicKey, signed, evaluation.signature))) return 'unknown';
    this.#heard.add(body.key);
    if (this.#latest === null || toHex(evaluation.closed) !== this.#latest.closedBy) return 'late';
    this.#present.add(body.key);
    const { open, scored } = this.#replay;
    const isOpen = open?.closedBy === this.#latest.closedBy && !this.#isOver && open.evaluations.length === 0;
    if (!isOpen) return 'late';
    const { round, attempt, before } = body;
    if (round !== open.round || attempt !== open.attempt || before.length !== scored.length) return 'unknown';
    // The first one counts: nobody can see the others' and send another.
    if (!this.#pending.has(body.key)) this.#pending.set(body.key, body);
    if (this.#quorumAt === null && haveQuorum(this.#pending.size, this.#quality))
      this.#quorumAt = this.#clock.elapsed() - this.#latest.at;
    return 'taken';
  }

  /** Ends the wait: the evaluations to journal before the commit, in the order of their keys. None if they are too few, or journaled. */
  drafts(): Draft[] {
    this.#isOver = true;
    const { open } = this.#replay;
    if (open === null || open.evaluations.length > 0) return [];
    for (const key of this.#present) if (!this.#pending.has(key)) this.#present.delete(key);
    if (!haveQuorum(this.#pending.size, this.#quality)) return [];
    return [...this.#pending.values()]
      .sort((one, other) => (one.key < other.key ? -1 : 1))
      .map((body) => ({ kind: 'evaluation-accepted', body }));
  }
}
