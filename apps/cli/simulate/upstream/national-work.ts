import type { Round, SessionEvent } from '../../../../client/contribute/session/state.ts';
import type { Upstream } from '../../../../relay/run/upstream/upstream.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import { usualPatience } from '../../run/upstream/patience.ts';
import { broken } from '../invariants/invariant.ts';
import type { UpstreamPart } from '../relay/round-options.ts';
import type { VirtualOffer } from '../world/messages.ts';
import type { VirtualBase } from '../world/virtual-base.ts';
import type { Work, WorkOwner } from '../world/work.ts';
import { parametersOf } from './national-bases.ts';
import type { Sent } from './upstream-invariants.ts';

/** The relay whose work goes up. */
export interface NationalPlace {
  readonly number: number;
  /** The upstream part of the process that runs; null while none does. */
  own(): UpstreamPart | null;
  /** A contribution was made. */
  made(payload: Hash, sent: Sent): void;
  /** An error in what nobody waits for. */
  failed(error: unknown): void;
}

/** The own run at a moment: the rounds that it had committed, and its base. */
interface Point {
  readonly committed: number;
  readonly parameters: Float32Array<ArrayBuffer>;
}

/** A contribution: the change from one moment to another. */
interface Made {
  readonly offer: VirtualOffer;
  readonly from: Point;
  readonly through: Point;
}

/**
 * A relay's work on the rounds of its upstream run, as apps/cli/run/upstream/upstream-work.ts and upstream-node.ts do it, without
 * parameters. Of it the last contribution survives a crash; what else was sent and adopted follows from the journal below.
 */
export class NationalWork implements Work {
  readonly part = 'whole';
  readonly isNeverLate = true;
  readonly steps = 0;
  readonly #owner: WorkOwner;
  readonly #place: NationalPlace;
  #job: { readonly number: number; readonly abort: AbortController } | null = null;
  /** The work up to this point is in the upstream run; null before the first welcome of a process. */
  #sent: Point | null = null;
  #made: Made | null = null;
  /** On the disk before it is offered. */
  #saved: Made | null = null;
  #payloads = 0;
  /** Counts the times that the upstream relay was lost or found. */
  #changes = 0;

  constructor(owner: WorkOwner, place: NationalPlace) {
    this.#owner = owner;
    this.#place = place;
  }

  get job(): number | null {
    return this.#job?.number ?? null;
  }

  forget(): void {
    this.stop();
    this.#changes++;
    this.#sent = null;
    this.#made = null;
  }

  /** A new process takes up what the one before had sent, unless it is in a base that was adopted since. */
  welcomed(): SessionEvent | null {
    this.#changes++;
    const own = this.#place.own();
    if (own === null) return null;
    own.machine.follow(true);
    if (this.#sent !== null) return null;
    const { through: committed } = own.machine.adopted;
    this.#sent = { committed, parameters: own.reference() };
    const saved = this.#saved;
    if (saved === null || saved.through.committed <= committed) return null;
    this.#sent = saved.from;
    this.#made = saved;
    const { round, base, steps: localSteps, payload } = saved.offer;
    const known = { round, base, attempt: 0, localSteps, normBound: 0 };
    return { kind: 'restored', round: known, payload, acknowledged: false };
  }

  /** After a while without the upstream relay the run goes on alone. */
  lost(): void {
    const change = ++this.#changes;
    this.#owner.later(usualPatience, () => {
      if (this.#changes === change) this.#place.own()?.machine.follow(false);
    });
  }

  ended(): void {
    this.stop();
    this.#place.own()?.machine.follow(false);
  }

  sync(number: number, { round, base }: Round): void {
    this.#begin(number, async (own, signal) => {
      await this.#adopt(own, round - 1, base, signal);
      if (!signal.aborted) this.#owner.dispatch({ kind: 'synced', job: number });
    });
  }

  train(number: number, { round, base }: Round): void {
    this.#begin(number, async (own, signal) => {
      const from = this.#upTo;
      await own.hasWork(from.committed, signal);
      if (signal.aborted) return;
      const through = { committed: own.current.committed, parameters: await own.parameters() };
      const payload = `relay ${this.#place.number}.${++this.#payloads}`;
      const steps = through.committed - from.committed;
      this.#made = { offer: { payload, round, base, steps, part: 'whole' }, from, through };
      this.#saved = this.#made;
      const rounds = { from: from.committed, through: through.committed };
      this.#place.made(payload, { relay: this.#place.number, ...rounds });
      this.#owner.dispatch({ kind: 'trained', job: number, payload });
    });
  }

  stop(): void {
    this.#job?.abort.abort();
    this.#job = null;
  }

  /** Nobody pauses a relay. */
  hold(): void {}

  made(payload: Hash): VirtualOffer {
    const offer = this.#made?.offer;
    if (offer?.payload !== payload)
      broken(
        'exactly-once',
        `relay ${this.#place.number} sends ${payload}, which is not the work that it has`,
      );
    return offer;
  }

  accept(payload: Hash, sequence: number | null): void {
    const made = this.#made;
    if (made?.offer.payload !== payload) return;
    if (sequence === null && made.through.committed > this.#upTo.committed + 1) return;
    this.#sent = made.through;
  }

  settle(): void {
    this.#made = null;
  }

  discard(): void {
    if (this.#made !== null) this.#sent = this.#made.from;
    this.#made = null;
  }

  get #upTo(): Point {
    return this.#sent ?? broken('upstream-lost', `relay ${this.#place.number} works before its welcome`);
  }

  /** Adopts the base, unless there is work to send; a run with mixing mixes it in. */
  async #adopt(own: Upstream, round: number, base: Hash, signal: AbortSignal): Promise<void> {
    const { committed, base: current } = own.current;
    const { adopted, mixing } = own;
    if (mixing === null && committed > this.#upTo.committed) return;
    const isHad =
      mixing === null ? current === base && committed === adopted.committed : adopted.upstream === base;
    if (isHad) return;
    const loaded = await new Promise<VirtualBase | null>((done) => this.#owner.download(base, done));
    if (signal.aborted) return;
    if (loaded === null) {
      this.stop();
      this.#owner.unreachable();
      return;
    }
    const parameters = parametersOf(loaded);
    if (mixing !== null) {
      const reference = await own.mix(round, parameters, this.#upTo, signal);
      if (reference !== null) this.#sent = { committed: this.#upTo.committed, parameters: reference };
    } else if (await own.adopt(round, parameters, committed, signal)) this.#sent = { committed, parameters };
  }

  #begin(number: number, run: (own: Upstream, signal: AbortSignal) => Promise<void>): void {
    this.stop();
    const own = this.#place.own();
    if (own === null) return;
    const abort = new AbortController();
    this.#job = { number, abort };
    run(own.machine, abort.signal).catch((error: unknown) => this.#place.failed(error));
  }
}
