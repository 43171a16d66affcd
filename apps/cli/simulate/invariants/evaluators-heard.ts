import { bodyOf, type EvaluationBody } from '../../../../relay/run/quality/evaluators/evaluation.ts';
import { type Hash, toHex } from '../../../../relay/wire/hex.ts';
import type { Evaluation } from '../../../../relay/wire/tapestry_pb.js';
import { evaluatorKey, type QualityOptions } from '../relay/quality-options.ts';
import { broken } from './invariant.ts';

/** After a quorum the others are waited for as long again, and at least so long; in milliseconds. */
const leastGraceMs = 1000;

/** Whom the relay must wait for, and which evaluations must be in the journal: counted from what arrived at the relay. */
export class EvaluatorsHeard {
  readonly #quorum: number;
  readonly #mostMs: number;
  readonly #all: readonly string[];
  /** Those that are waited for. */
  #present: Set<string>;
  /** The first evaluation of each that this process of the relay took. */
  #taken = new Map<string, EvaluationBody>();
  #latest: { readonly closedBy: Hash; readonly at: number } | null = null;
  #quorumAfter: number | null = null;
  #isOver = false;
  #journaled: EvaluationBody[] = [];

  constructor({ evaluators, settings }: QualityOptions) {
    this.#quorum = settings.evaluatorQuorum;
    this.#mostMs = settings.evaluationMs;
    this.#all = Array.from({ length: evaluators }, (_, number) => toHex(evaluatorKey(number)));
    this.#present = new Set(this.#all);
  }

  /** In the journal, of the attempt that closed last. */
  get journaled(): readonly EvaluationBody[] {
    return this.#journaled;
  }

  /** True for so many evaluations that they decide. */
  get decide(): boolean {
    return this.#quorum > 0 && this.#journaled.length >= this.#quorum;
  }

  /** A process began, to which only the journal is known. */
  started(closedBy: Hash | null, at: number): void {
    this.#present = new Set(this.#all);
    this.#forget(closedBy, at);
  }

  closed(closedBy: Hash, at: number): void {
    this.#journaled = [];
    this.#forget(closedBy, at);
  }

  #forget(closedBy: Hash | null, at: number): void {
    this.#taken = new Map();
    this.#latest = closedBy === null ? null : { closedBy, at };
    this.#quorumAfter = null;
    this.#isOver = false;
  }

  /** An evaluation arrived that its evaluator signed; `taken` is the relay's answer. */
  arrived(evaluation: Evaluation, taken: boolean, now: number): void {
    const body = bodyOf(evaluation);
    if (this.#latest?.closedBy !== toHex(evaluation.closed)) {
      if (taken) broken('evaluation-once', 'the evaluation of an attempt that is over is taken');
      return;
    }
    this.#present.add(body.key);
    const isInTime = !this.#isOver && this.#journaled.length === 0;
    if (taken !== isInTime)
      broken('evaluation-once', `an evaluation is ${taken ? 'taken too late' : 'not taken'}`);
    if (!taken) return;
    if (!this.#taken.has(body.key)) this.#taken.set(body.key, body);
    if (this.#quorum > 0 && this.#taken.size >= this.#quorum) this.#quorumAfter ??= now - this.#latest.at;
  }

  /** Whether a commit must still wait. */
  isAwaited(now: number): boolean {
    if (this.#latest === null || this.#isOver || this.#journaled.length > 0) return false;
    const missing = [...this.#present].filter((key) => !this.#taken.has(key)).length;
    const isPossible = this.#quorum > 0 && this.#taken.size + missing >= this.#quorum;
    if (missing === 0 || !isPossible) return false;
    const after = this.#quorumAfter;
    const most =
      after === null ? this.#mostMs : Math.min(this.#mostMs, after + Math.max(leastGraceMs, after));
    return now - this.#latest.at < most;
  }

  /** The relay decides to commit: who sent nothing is not waited for again, until it sends something. */
  committing(now: number): void {
    if (this.isAwaited(now))
      broken('evaluation-once', 'a commit does not wait for the evaluators that it can have');
    this.#isOver = true;
    if (this.#journaled.length > 0) return;
    for (const key of this.#present) if (!this.#taken.has(key)) this.#present.delete(key);
  }

  /** An evaluation is in the journal. */
  evaluated(body: EvaluationBody): void {
    if (!this.#isOver) broken('evaluation-once', 'an evaluation is journaled before the wait is over');
    if (this.#journaled.some(({ key }) => key === body.key))
      broken('evaluation-once', 'an evaluator counts twice');
    if (JSON.stringify(this.#taken.get(body.key)) !== JSON.stringify(body))
      broken('evaluation-once', 'an evaluation is not journaled as its evaluator sent it first');
    this.#journaled.push(body);
  }

  /** The attempt is committed. */
  committed(): void {
    const isComplete = this.#journaled.length >= this.#taken.size;
    if (this.#taken.size >= this.#quorum && this.#quorum > 0 && !isComplete)
      broken(
        'evaluation-once',
        `${this.#taken.size} evaluations were taken, ${this.#journaled.length} are journaled`,
      );
  }
}
