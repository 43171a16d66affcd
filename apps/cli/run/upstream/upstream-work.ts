import { BaseDelta } from '../../../../client/contribute/round/base-delta.ts';
import { encodeDelta } from '../../../../client/contribute/round/error-feedback.ts';
import type { NodeStore } from '../../../../client/contribute/round/node-store.ts';
import type { Contribution } from '../../../../client/contribute/round/saved-state.ts';
import type { RunTerms } from '../../../../client/contribute/run-terms.ts';
import type { Round } from '../../../../client/contribute/session/state.ts';
import { mean } from '../../../../client/mean.ts';
import type { Files } from '../../../../client/runtime.ts';
import { contentHash } from '../../../../client/sha256.ts';
import type { CommittedRound } from '../../../../relay/journal/replay.ts';
import type { Upstream } from '../../../../relay/run/upstream/upstream.ts';
import { lostWork } from './lost-work.ts';
import { loadSentWork, type SentWork, saveSentWork } from './sent-work.ts';

/** The own run at a moment: the rounds that it had committed, and its base. */
interface Point {
  readonly committed: number;
  readonly parameters: Float32Array<ArrayBuffer>;
}

interface Made {
  readonly contribution: Contribution;
  readonly from: Point;
  readonly through: Point;
  /** False where the upstream relay has another one in its place. */
  readonly isCounted: boolean;
}

/**
 * A relay's work on the rounds of the upstream run. What its own run did since the last base that it adopted, or since the last
 * contribution that the upstream relay accepted, is sent up as one delta. Only when nothing is left to send does the own run
 * adopt the upstream base, so work that it did alone is sent on the newest base and never lost. Each contribution is on the disk before it
 * is offered, and nothing else is made before the upstream relay said whether it counts, so no work is sent twice either.
 */
export class UpstreamWork {
  readonly terms: RunTerms;
  readonly #store: NodeStore;
  readonly #files: Files;
  readonly #own: Upstream;
  /** The work up to this point is in the upstream run. */
  #sent: Point;
  #residual: Float32Array<ArrayBuffer>;
  #made: Made | null = null;
  /** The newest base of the upstream run, and the rounds that made it. */
  #newest: { readonly round: number; readonly base: string } | null = null;
  #accepted = { contributions: 0, tokens: 0 };

  private constructor(
    place: { readonly store: NodeStore; readonly files: Files; readonly terms: RunTerms },
    own: Upstream,
    sent: Point,
    saved: SentWork | null,
  ) {
    this.#store = place.store;
    this.#files = place.files;
    this.terms = place.terms;
    this.#own = own;
    this.#sent = sent;
    this.#residual = saved?.residual ?? new Float32Array(place.terms.layout.length);
    if (saved === null) return;
    const { contribution, from, through, fromParameters, throughParameters } = saved;
    // All that was sent is in the base that was adopted since.
    if (through <= sent.committed) {
      this.#residual = contribution.residual;
      return;
    }
    if (fromParameters !== null) this.#sent = { committed: from, parameters: fromParameters };
    const to = { committed: through, parameters: throughParameters };
    this.#made = { contribution, from: this.#sent, through: to, isCounted: true };
  }

  /**
   * With what an earlier process sent last: while that is not in an adopted base, it is `offered`, and the upstream relay is to be asked
   * whether it counts. `isHeldAbove` answers whether the upstream run holds work of this relay that is in no base up to the adopted one.
   * @throws TapestryError `checkpoint.*` for a file that cannot be used, and `upstream.lost-work` where it is lost, because that work might then
   * go up twice
   */
  static async open(
    store: NodeStore,
    files: Files,
    terms: RunTerms,
    own: Upstream,
    isHeldAbove: () => Promise<boolean>,
  ): Promise<{ readonly work: UpstreamWork; readonly offered: Contribution | null }> {
    const adopted = { committed: own.adopted.through, parameters: await own.adoptedReference() };
    const saved = await loadSentWork(files, terms);
    // Only what was done since the adopted base can have gone up without being in it.
    if (saved === null && own.current.committed > adopted.committed && (await isHeldAbove()))
      throw lostWork(terms.run);
    const work = new UpstreamWork({ store, files, terms }, own, adopted, saved);
    return { work, offered: work.#made?.contribution ?? null };
  }

  /** Contributions of this process that the upstream relay accepted. */
  get accepted(): { readonly contributions: number; readonly tokens: number } {
    return this.#accepted;
  }

  /** The contribution with this payload; null if there is none or it is final or refused. */
  made(payload: string): Contribution | null {
    return this.#made?.contribution.payload === payload ? this.#made.contribution : null;
  }

  /** The upstream run committed a round. */
  heard(newest: { readonly round: number; readonly base: string }): void {
    this.#newest = newest;
  }

  /** Adopts the round's base, unless there is work to send; a run with mixing mixes it in, and sends what it did since later. */
  async sync({ round, base }: Round, signal: AbortSignal): Promise<void> {
    await this.#adopt(round - 1, base, signal);
  }

  /** Adopts the base that the upstream run ended with, unless there is work to send. */
  async adoptLast(signal: AbortSignal): Promise<void> {
    if (this.#newest !== null) await this.#adopt(this.#newest.round, this.#newest.base, signal);
  }

  async #adopt(round: number, base: string, signal: AbortSignal): Promise<void> {
    const { adopted, mixing } = this.#own;
    if (mixing !== null) return adopted.upstream === base ? undefined : this.#mix(round, base, signal);
    const { committed, base: current } = this.#own.current;
    if (committed > this.#sent.committed) return;
    if (current === base && committed === adopted.committed) return;
    const { parameters } = await this.#store.base(this.terms, { round: round + 1, base }, signal);
    if (await this.#own.adopt(round, parameters, committed, signal)) this.#sent = { committed, parameters };
  }

  async #mix(round: number, base: string, signal: AbortSignal): Promise<void> {
    const { parameters } = await this.#store.base(this.terms, { round: round + 1, base }, signal);
    const { committed } = this.#sent;
    const reference = await this.#own.mix(round, parameters, this.#sent, signal);
    if (reference !== null) this.#sent = { committed, parameters: reference };
  }

  /** Waits until there is work to send, mints it and saves it; its payload's hash. Null after the signal's abort. */
  async contribution(round: Round, signal: AbortSignal): Promise<string | null> {
    await this.#own.hasWork(this.#sent.committed, signal);
    if (signal.aborted) return null;
    const { committed } = this.#own.current;
    const from = this.#sent;
    const through = { committed, parameters: await this.#own.parameters() };
    const { codec } = this.terms;
    const clipNorm = Math.min(codec.clipNorm, round.normBound);
    const delta = BaseDelta.between(from.parameters, through.parameters, codec.clipNorm);
    const encoded = encodeDelta(delta, this.#residual, { ...codec, clipNorm });
    const { payload: bytes, residual } = encoded;
    const payload = await contentHash(bytes);
    const facts = this.#facts(this.#own.history(from.committed).slice(0, committed - from.committed));
    const { round: number, base } = round;
    const named = { round: number, base, payload, payloadBytes: bytes.length };
    const contribution: Contribution = { ...named, ...facts, part: 'whole', bytes, residual };
    await this.#save({ contribution, from, through, isCounted: true });
    return signal.aborted ? null : payload;
  }

  async #save(made: Made): Promise<void> {
    const { contribution, from, through } = made;
    const isAdopted = from.committed === this.#own.adopted.through;
    await saveSentWork(this.#files, this.terms.run, {
      ...{ contribution, residual: this.#residual },
      ...{ from: from.committed, through: through.committed },
      fromParameters: isAdopted ? null : from.parameters,
      throughParameters: through.parameters,
    });
    this.#made = made;
  }

  /** The tokens of the rounds, as far as the upstream run takes them from one node, and their losses. */
  #facts(rounds: readonly CommittedRound[]) {
    const { localSteps, shape } = this.terms;
    const step = shape.batch * shape.sequence;
    const tokens = rounds.reduce((sum, round) => sum + round.tokens, 0);
    const steps = Math.min(localSteps, Math.max(1, Math.floor(tokens / step)));
    const weighted = rounds.reduce((sum, round) => sum + round.trainingLoss * round.tokens, 0);
    const trainingLoss = Math.fround(weighted / tokens);
    const heldOut = rounds[0]?.heldOutLoss.filter((loss) => loss !== null) ?? [];
    const heldOutLoss = heldOut.length === 0 ? trainingLoss : Math.fround(mean(heldOut));
    return { steps, tokens: steps * step, trainingLoss, heldOutLoss };
  }

  /**
   * The upstream relay accepted the contribution; null if it is not the newest. A null sequence says that it has another one in its place:
   * the folder with what was sent is lost. That one held at least the first round since the adopted base. Where this one holds more, it is
   * sent again rather than lost.
   */
  accept(payload: string, sequence: number | null): Contribution | null {
    const made = this.#made;
    if (made === null || made.contribution.payload !== payload) return null;
    const isCounted = sequence !== null || made.through.committed === this.#sent.committed + 1;
    this.#made = { ...made, isCounted };
    if (!isCounted) return null;
    this.#sent = made.through;
    const { contributions, tokens } = this.#accepted;
    this.#accepted = { contributions: contributions + 1, tokens: tokens + made.contribution.tokens };
    return made.contribution;
  }

  /** The contribution is final: what its encoding left out is added to the next delta. */
  settle(): void {
    if (this.#made?.isCounted === true) this.#residual = this.#made.contribution.residual;
    this.#made = null;
  }

  /** The contribution does not count, even if its attempt had accepted it: its work is still to be sent. */
  discard(): void {
    if (this.#made !== null) this.#sent = this.#made.from;
    this.#made = null;
  }
}
