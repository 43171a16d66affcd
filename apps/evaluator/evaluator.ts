import { create } from '@bufbuild/protobuf';
import { TapestryError } from '../../client/errors.ts';
import { type Identity, signBytes } from '../../client/identity.ts';
import type { Clock } from '../../client/runtime.ts';
import { checkEntry, type Entry, lossOf, type StoredEntry } from '../../relay/journal/entry.ts';
import { Replay } from '../../relay/journal/replay.ts';
import { type Evaluate, measuredLoss } from '../../relay/run/guard/guard.ts';
import { RoundMean } from '../../relay/run/quality/round-mean.ts';
import { scoreOf } from '../../relay/run/quality/round-standings.ts';
import { scoresOf } from '../../relay/run/quality/scorer.ts';
import { vectorOfBytes } from '../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import type { RelaySource } from '../../relay/verify/http-source.ts';
import { encodeEvaluation } from '../../relay/wire/frames.ts';
import { fromHex, type Hash, toHex } from '../../relay/wire/hex.ts';
import { evaluationBytes } from '../../relay/wire/signatures.ts';
import { EvaluationSchema } from '../../relay/wire/tapestry_pb.js';
import { requireGrant } from './grant.ts';

/** How often the journal is asked for news, in milliseconds. */
const pollMs = 1000;

/** Time for the relay's answer to an evaluation, in milliseconds. */
const answerMs = 20_000;

/** What happened, as data. `key` is that of this evaluator. */
export type EvaluatorEvent =
  | { readonly event: 'evaluating'; readonly run: Hash; readonly key: string; readonly evaluators: number }
  /** `answer`: whether the relay took the scores, in nats a token, by the first 16 digits of each node's key. */
  | {
      readonly event: 'evaluated';
      readonly round: number;
      readonly attempt: number;
      readonly scores: Readonly<Record<string, number>>;
      readonly answer: 'taken' | 'late' | 'refused';
    }
  /** The round is committed; `counted`: the evaluation is in the journal. */
  | { readonly event: 'committed'; readonly round: number; readonly counted: boolean }
  /** The relay could not be read; it is tried again. */
  | { readonly event: 'waiting'; readonly code: string; readonly message: string };

/** A run whose contributions this machine scores. */
export interface EvaluatedRun {
  readonly source: Pick<RelaySource, 'after' | 'blob'>;
  /** Posts an Evaluation; resolves with the status of the answer. */
  post(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<number>;
  readonly identity: Identity;
  readonly evaluate: Evaluate;
  readonly clock: Clock;
  /** Time for the answer to an evaluation, in milliseconds; 20,000 unless given. */
  readonly answerMs?: number;
  onEvent(event: EvaluatorEvent): void;
}

/**
 * Follows a run's journal and scores the contributions of each round that closes, until the run is complete or `signal` aborts. It trusts the relay for
 * nothing but the time: what it signs names the entry that closed the round, and with it all that it scored. Throws `evaluate.not-granted`, and
 * what reading a damaged journal throws.
 */
export class Evaluator {
  readonly #run: EvaluatedRun;
  readonly #key: Hash;
  #replay: Replay | null = null;
  #before: StoredEntry | null = null;
  #probe: Uint8Array<ArrayBuffer> | null = null;
  /** The entry that closed the attempt which was scored last. */
  #scored: Hash | null = null;
  #isCounted = false;

  constructor(run: EvaluatedRun) {
    this.#run = run;
    this.#key = toHex(run.identity.publicKey);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#catchUp();
        if (this.#replay?.complete === true) return;
        await this.#score(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof TapestryError) || !error.code.startsWith('relay.')) throw error;
        this.#run.onEvent({ event: 'waiting', code: error.code, message: error.message });
      }
      await this.#run.clock.sleep(pollMs, signal);
    }
  }

  async #catchUp(): Promise<void> {
    for await (const stored of this.#run.source.after(this.#before?.sequence ?? 0)) {
      const entry = checkEntry(stored, this.#before);
      if (this.#replay === null) this.#begin(entry);
      else this.#replay.apply(entry);
      this.#before = stored;
      this.#tell(entry);
    }
  }

  #begin(entry: Entry): void {
    const replay = Replay.begin(entry);
    const evaluators = requireGrant(replay.run, this.#key);
    this.#replay = replay;
    this.#run.onEvent({
      event: 'evaluating',
      run: replay.run.id,
      key: this.#key,
      evaluators,
    });
  }

  #tell(entry: Entry): void {
    if (entry.kind === 'round-closed') this.#isCounted = false;
    if (entry.kind === 'evaluation-accepted' && entry.body.key === this.#key) this.#isCounted = true;
    if (entry.kind !== 'round-committed' || this.#scored === null) return;
    this.#run.onEvent({ event: 'committed', round: entry.body.round, counted: this.#isCounted });
  }

  /** Scores the closed attempt, once. */
  async #score(signal: AbortSignal): Promise<void> {
    const replay = this.#replay;
    const open = replay?.open ?? null;
    if (replay === null || open?.closedBy == null || open.closedBy === this.#scored) return;
    const { manifest, codec, fragments, id } = replay.run;
    const { guard } = manifest;
    if (guard.case === 'unguarded') return;
    const accepted = [...open.contributions.values()];
    const parts = accepted.map(({ body }) => ({
      ...{ tokens: body.tokens, payload: body.payload, part: body.part },
      read: () => this.#blob(body.payload, body.payloadBytes, signal),
    }));
    const mean = await RoundMean.of(parts, fragments, codec, manifest.limits.quorum);
    const base = vectorOfBytes(
      await this.#blob(replay.base, 4 * manifest.model.parameters, signal),
      manifest.model.parameters,
    );
    if (base === null) throw damaged(`base ${replay.base} is not finite float32`);
    this.#probe ??= await this.#blob(toHex(guard.value.hash), guard.value.byteLength, signal);
    const probe = this.#probe;
    const scores = await scoresOf(manifest, accepted, async (without) => {
      signal.throwIfAborted();
      const next = await mean.from(base, fragments.at(open.round), without);
      return measuredLoss(await this.#run.evaluate(manifest, next, probe));
    });
    const unsigned = {
      ...{ round: open.round, attempt: open.attempt, closed: fromHex(open.closedBy) },
      publicKey: this.#run.identity.publicKey,
      after: lossOf(scores[0]?.after ?? '0'),
      before: scores.map(({ before }) => lossOf(before)),
    };
    const signature = await signBytes(this.#run.identity, evaluationBytes(fromHex(id), unsigned));
    const bytes = encodeEvaluation(create(EvaluationSchema, { ...unsigned, signature }));
    const status = await this.#post(bytes, signal);
    if (status >= 500 || status === 429) throw unanswered(status);
    this.#scored = open.closedBy;
    const names = new Map(accepted.map(({ sequence, body }) => [sequence, body.key.slice(0, 16)]));
    this.#run.onEvent({
      ...{ event: 'evaluated', round: open.round, attempt: open.attempt },
      scores: Object.fromEntries(scores.map((one) => [names.get(one.sequence) ?? '', scoreOf(one)])),
      answer: status === 204 ? 'taken' : status === 409 ? 'late' : 'refused',
    });
  }

  /** Throws `relay.unreachable` where no answer comes in time. */
  async #post(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<number> {
    const late = AbortSignal.timeout(this.#run.answerMs ?? answerMs);
    try {
      return await this.#run.post(bytes, AbortSignal.any([signal, late]));
    } catch (error) {
      throw late.aborted ? silent() : error;
    }
  }

  /** A blob whose bytes have its hash. */
  async #blob(hash: Hash, length: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#run.source.blob(hash, length, signal);
    if (bytes === null || bytes === 'withheld') throw unavailable(hash);
    const own = new Uint8Array(bytes);
    if (hashOfBytes(own) !== hash) throw damaged(`blob ${hash} was changed`);
    return own;
  }
}

function unavailable(hash: Hash): TapestryError {
  return new TapestryError(
    'relay.missing-blob',
    `The relay does not give ${hash}: its round may be over already.`,
    'Nothing to do: it is tried again with the next round.',
  );
}

function silent(): TapestryError {
  return new TapestryError(
    'relay.unreachable',
    'The relay does not answer to an evaluation.',
    'Nothing to do: it is sent again.',
  );
}

function unanswered(status: number): TapestryError {
  return new TapestryError(
    'relay.fault',
    `The relay answered ${status} to an evaluation.`,
    'Nothing to do: it is sent again. If the error persists, tell the operator.',
  );
}

function damaged(problem: string): TapestryError {
  return new TapestryError(
    'evaluate.damaged',
    `The relay gave what cannot be scored: ${problem}.`,
    'Tell the operator.',
  );
}
