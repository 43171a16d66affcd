import { TapestryError } from '../../client/errors.ts';
import { offerOf } from '../journal/contribution.ts';
import { type Entry, EntryError, type EntryOf } from '../journal/entry.ts';
import type { Accepted } from '../journal/event-log.ts';
import { Replay } from '../journal/replay.ts';
import { checkPayload } from '../run/aggregate.ts';
import { bounded } from '../run/norm-bound.ts';
import { loweredIn } from '../run/quality/round-standings.ts';
import type { Standing } from '../run/quality/weigh.ts';
import { grantedValues } from '../run/ranges/range-part.ts';
import { isAnchor, removedThrough } from '../run/retention/retention.ts';
import { type FoldedContribution, RoundFold } from '../run/round-fold.ts';
import { sentBase } from '../run/upstream/adopted-base.ts';
import { bytesOfVector, vectorOfBytes } from '../storage/blob-store.ts';
import { hashOfBytes } from '../storage/sha256.ts';
import { fromHex, type Hash, toHex } from '../wire/hex.ts';
import { manifestSignedBytes, offerBytes, verifySignature } from '../wire/signatures.ts';
import type { CheckedContribution } from './checked-contribution.ts';
import { type CheckedPoint, otherRun } from './checked-point.ts';
import { checkEvaluation, checkSignedTree } from './entry-signatures.ts';
import type { Problems } from './problems.ts';
import { blobPlace, type VerifySource, wholeBlob } from './source.ts';
import { adoptedVector } from './upstream/adopted-vector.ts';

/** Payloads of a round that are held in memory between the passes of its merge; the others are read once for each pass. */
const heldPayloadBytes = 256 * 1024 * 1024;

/** Follows the journal with vectors and sums of its own. */
export class RunCheck {
  readonly replay: Replay;
  /** Rounds derived so far; no longer grows once a problem prevents deriving the next base. */
  derived = 0;
  base: Hash;
  /** The payloads of rounds up to this are not kept. */
  readonly removed: number;
  /** An anchor, from whose state the next bases are derived: that of the removed rounds, or of those checked before. */
  readonly start: number;
  /** The end of the part that was checked before; null if none was. */
  readonly #before: CheckedPoint | null;
  readonly #source: VerifySource;
  readonly #problems: Problems;
  /** Null once a base cannot be derived. */
  #fold: RoundFold | null;
  /** Contributions of the open round, whose signatures are checked at the same time; payloads are read once it is over. */
  #accepted: (CheckedContribution & { readonly isSigned: Promise<boolean> })[] = [];

  private constructor(
    source: VerifySource,
    replay: Replay,
    before: { readonly removed: number; readonly point: CheckedPoint | null },
    initialBase: Float32Array<ArrayBuffer> | null,
    problems: Problems,
  ) {
    const { manifest, codec } = replay.run;
    this.replay = replay;
    this.removed = before.removed;
    this.start = Math.max(before.removed, before.point?.round ?? 0);
    this.#before = before.point;
    this.base = replay.base;
    this.#source = source;
    this.#problems = problems;
    this.#fold = initialBase && new RoundFold(manifest, codec, [initialBase]);
  }

  /** From the journal's first entry. Throws EntryError, and `verify.other-run` if `point` is not of this run. */
  static async begin(
    source: VerifySource,
    entry: Entry,
    point: CheckedPoint | null,
    problems: Problems,
  ): Promise<RunCheck> {
    const replay = Replay.begin(entry);
    if (point !== null && point.run !== replay.run.id) throw otherRun(point.run, replay.run.id);
    const { manifest, manifestBytes, manifestSignature } = replay.run;
    const signed = manifestSignedBytes(manifestBytes);
    if (!(await verifySignature(manifest.relayKey, signed, manifestSignature))) {
      throw new EntryError(
        entry.sequence,
        'body.signature',
        'is not the relay’s signature of the manifest',
        'signature',
      );
    }
    const length = manifest.model.parameters * 4;
    const bytes = await wholeBlob(source, toHex(manifest.initialBase), length, problems);
    const vector = bytes === null ? null : vectorOfBytes(bytes, manifest.model.parameters);
    if (bytes !== null && vector === null) {
      throw new EntryError(
        entry.sequence,
        'body.manifest',
        'names an initial base that is not finite float32',
        'form',
      );
    }
    const removed = removedThrough(await source.committed(), manifest.limits);
    return new RunCheck(source, replay, { removed, point }, vector, problems);
  }

  /** False in the rounds whose payloads are not kept or were checked before. */
  get isDeriving(): boolean {
    return this.replay.committed > this.start;
  }

  get progress(): { round: number; rounds: number; from: number } {
    return {
      from: this.start + 1,
      round: this.start + this.derived,
      rounds: this.replay.run.manifest.strategy.rounds,
    };
  }

  /** The point at `entry`, a commit that was just derived; null if the source keeps no state there. */
  pointAt({ sequence, hash }: Entry): CheckedPoint | null {
    const { committed, run, tree } = this.replay;
    if (this.derived === 0 || tree.checkpoint === null || !isAnchor(committed, run.manifest.limits))
      return null;
    const checkpoint = new TextDecoder().decode(tree.checkpoint);
    return { run: run.id, round: committed, sequence, entry: hash, checkpoint };
  }

  async apply(entry: Entry): Promise<void> {
    if (entry.kind === 'round-committed' || entry.kind === 'run-complete')
      await checkSignedTree(this.replay, entry);
    const sent = entry.kind === 'upstream-mixed' ? sentBase(this.replay, entry.body.through) : '';
    const standings = entry.kind === 'round-committed' ? this.replay.standings(entry.body.scores) : [];
    this.replay.apply(entry);
    if (entry.kind === 'contribution-accepted') this.#accept(entry);
    if (entry.kind === 'evaluation-accepted' && entry.sequence > (this.#before?.sequence ?? 0))
      await checkEvaluation(this.replay, entry);
    if (entry.kind === 'round-abandoned') await this.finish();
    if (entry.kind === 'round-committed') await this.#commit(entry, standings);
    if (entry.kind === 'upstream-adopted' || entry.kind === 'upstream-mixed') await this.#adopt(entry, sent);
    this.#compare(entry);
  }

  /**
   * Checks the payloads of contributions that no base was made from: an abandoned round's, and at the journal's end the open
   * round's. A relay withholds those of its open round, into which nodes may offer an abandoned round's again.
   */
  async finish(): Promise<void> {
    for (const accepted of await this.#takeAccepted()) {
      if (accepted.round > this.start) await this.#payloadOf(accepted, true);
    }
  }

  /** Called at the journal's end: adds a problem if it has fewer entries or rounds than it was taken to have. */
  expectWhole(): void {
    const { committed, run } = this.replay;
    const { sequence = 0 } = this.#before ?? {};
    if (this.replay.tree.size < sequence) {
      const problem = `has ${this.replay.tree.size} entries, and ${sequence} were verified before: its end was cut off`;
      const values = [this.replay.tree.size, sequence];
      this.#problems.add({ code: 'journal.cut-off', values, place: 'journal', problem });
    }
    if (removedThrough(committed, run.manifest.limits) >= this.removed) return;
    const problem = `has ${committed} committed rounds, and its newest commit was of a later one when it was first read`;
    const values = [committed, this.removed];
    this.#problems.add({ code: 'journal.rounds-missing', values, place: 'journal', problem });
  }

  /** Checks that this is the journal that was checked before, up to the point of which `entry` is the last. */
  #compare({ sequence, hash }: Entry): void {
    if (sequence !== this.#before?.sequence) return;
    const { entry, round } = this.#before;
    if (hash === entry && round === this.replay.committed) return;
    const problem = `is not the entry ${entry} that was verified before: the relay showed two journals, or what was kept is wrong`;
    throw new EntryError(sequence, 'hash', problem, 'chain');
  }

  #accept(entry: Accepted): void {
    const { sequence, body } = entry;
    if (sequence <= (this.#before?.sequence ?? 0)) return;
    const signed = offerBytes(fromHex(this.replay.run.id), offerOf(body));
    const isSigned = verifySignature(fromHex(body.key), signed, fromHex(body.signature));
    const round = this.replay.committed + 1;
    this.#accepted.push({ entry, round, normBound: this.replay.normBoundOf(body.round), isSigned });
  }

  /** The open round's contributions. Throws EntryError for one that its node did not sign. */
  async #takeAccepted(): Promise<CheckedContribution[]> {
    const accepted = this.#accepted;
    this.#accepted = [];
    for (const { entry, isSigned } of accepted) {
      if (await isSigned) continue;
      throw new EntryError(
        entry.sequence,
        'body.signature',
        'is not the node’s signature of its offer',
        'signature',
      );
    }
    return accepted;
  }

  /** A payload that passes the checks of the relay; null if it is missing, changed or withheld. */
  async #payloadOf(
    { entry, round, normBound }: CheckedContribution,
    mayBeWithheld: boolean,
  ): Promise<Uint8Array | null> {
    const { codec, fragments } = this.replay.run;
    const { body } = entry;
    const length = body.payloadBytes;
    const before = this.#problems.count;
    const bytes = await wholeBlob(this.#source, body.payload, length, this.#problems, mayBeWithheld);
    if (bytes === null) {
      if (this.#problems.count > before) await this.#refuseRemoved(round);
      return null;
    }
    try {
      await checkPayload(bytes, grantedValues(fragments, body.part), bounded(codec, normBound));
    } catch (error) {
      throw new EntryError(
        entry.sequence,
        'body.payload',
        error instanceof Error ? error.message : String(error),
        'payload',
      );
    }
    return bytes;
  }

  /** A payload that was checked before and is read once more. Throws EntryError if the source no longer gives it. */
  async #payloadAgain(entry: Accepted): Promise<Uint8Array> {
    const { payload, payloadBytes } = entry.body;
    const bytes = await wholeBlob(this.#source, payload, payloadBytes, this.#problems);
    if (bytes !== null) return bytes;
    this.#fold = null;
    throw new EntryError(entry.sequence, 'body.payload', 'could not be read a second time', 'payload');
  }

  /** Throws `run.moved-on` if the relay has committed so many rounds since that it no longer keeps the payloads of `round`. */
  async #refuseRemoved(round: number): Promise<void> {
    const { limits } = this.replay.run.manifest;
    if (removedThrough(await this.#source.committed(), limits) < round) return;
    throw new TapestryError(
      'run.moved-on',
      `The relay removed the payloads of round ${round} while the run was verified: it keeps those of ${limits.payloadRounds} rounds.`,
      'Run the same command again. It begins at a later round.',
    );
  }

  /** Begins to derive bases from a state of the journal. */
  async #begin(state: readonly Hash[]): Promise<void> {
    const { manifest, codec } = this.replay.run;
    const { parameters } = manifest.model;
    const vectors: Float32Array<ArrayBuffer>[] = [];
    for (const hash of state) {
      const bytes = await wholeBlob(this.#source, hash, parameters * 4, this.#problems);
      const vector = bytes && vectorOfBytes(bytes, parameters);
      if (bytes !== null && vector === null)
        this.#problems.add({
          code: 'blob.not-finite',
          place: blobPlace(hash),
          problem: 'is not finite float32',
        });
      if (vector) vectors.push(vector);
    }
    this.#fold = vectors.length === state.length ? new RoundFold(manifest, codec, vectors) : null;
    this.base = this.replay.base;
  }

  /** Takes the base that an entry adopts; `sent` names the parameters up to which work is in the upstream base. */
  async #adopt(entry: EntryOf<'upstream-adopted' | 'upstream-mixed'>, sent: Hash): Promise<void> {
    if (this.replay.committed < this.start) return;
    const fold = this.#fold;
    this.#fold = null;
    const [source, problems, { manifest }] = [this.#source, this.#problems, this.replay.run];
    const base = await adoptedVector(entry, {
      source,
      problems,
      manifest,
      current: fold?.base ?? null,
      sent,
    });
    if (base === null || fold === null) return;
    fold.adopt(base);
    this.#fold = fold;
    this.base = this.replay.base;
  }

  async #commit(entry: EntryOf<'round-committed'>, standings: readonly Standing[]): Promise<void> {
    const checked = await this.#takeAccepted();
    const accepted = checked.map((one) => one.entry);
    if (entry.body.round < this.start) return;
    if (entry.body.round === this.start) return this.#begin(entry.body.state);
    const contributions: FoldedContribution[] = [];
    let held = 0;
    for (const [index, one] of checked.entries()) {
      const contribution = one.entry;
      const payload = await this.#payloadOf(one, false);
      if (payload === null) {
        this.#fold = null;
        continue;
      }
      held += payload.length;
      const again = () => this.#payloadAgain(contribution);
      const isHeld = held <= heldPayloadBytes;
      contributions.push({
        tokens: contribution.body.tokens,
        payload: contribution.body.payload,
        part: contribution.body.part,
        ...(standings[index] && { standing: standings[index] }),
        read: isHeld ? () => Promise.resolve(payload) : again,
      });
    }
    if (this.#fold === null) return;
    const folded = await this.#fold.next(entry.body.round, contributions);
    const { state: next, delta, excluded, norm } = folded;
    if (norm !== entry.body.norm) {
      this.#fold = null;
      throw notDerived(entry, 'body.norm', norm);
    }
    const sent = delta === null ? null : hashOfBytes(delta);
    if (sent !== entry.body.delta) {
      this.#fold = null;
      throw notDerived(entry, 'body.delta', sent);
    }
    const lowered = JSON.stringify(loweredIn(folded.weighed, (index) => accepted[index]?.sequence ?? 0));
    if (lowered !== JSON.stringify(entry.body.weighed)) {
      this.#fold = null;
      throw notDerived(entry, 'body.weighed', lowered);
    }
    const left = excluded.map((index) => accepted[index]?.sequence);
    if (left.join() !== entry.body.excluded.join()) {
      this.#fold = null;
      throw notDerived(entry, 'body.excluded', left.join(', ') || 'none');
    }
    const derived = next.map((vector) => hashOfBytes(bytesOfVector(vector)));
    const { state } = entry.body;
    const at = derived.findIndex((hash, i) => hash !== state[i]);
    if (at >= 0 || derived.length !== state.length) {
      this.#fold = null;
      const place = at >= 0 ? `body.state.${at}` : 'body.state';
      throw notDerived(entry, place, derived.join(', '));
    }
    this.#fold.commit(next);
    this.base = this.replay.base;
    this.derived++;
  }
}

function notDerived({ sequence }: Entry, field: string, given: string | number | null): EntryError {
  return new EntryError(sequence, field, `is not what the contributions give: ${given}`, 'derived');
}
