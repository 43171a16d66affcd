import type { CountedIn, Round, SessionEvent } from '../../../../client/contribute/session/state.ts';
import type { PartName } from '../../../../relay/wire/fragments.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import { broken } from '../invariants/invariant.ts';
import type { VirtualOffer } from './messages.ts';
import { baseHash, type VirtualBase } from './virtual-base.ts';
import { payloadOf } from './virtual-delta.ts';
import { stepTimeOf } from './virtual-part.ts';
import type { Work, WorkOwner } from './work.ts';

/** How often a paused node looks whether it may train on. */
const pausedMs = 1_000;

/**
 * A node's downloads, training and contributions, as client/contribute/round/round-work.ts does them, without parameters. What
 * `disk` holds survives a crash of the process.
 */
export class NodeWork implements Work {
  readonly #owner: WorkOwner;
  readonly #disk: {
    base: VirtualBase | null;
    made: VirtualOffer | null;
    settled: Round | null;
    counts: CountedIn | null;
    part: PartName;
  } = { base: null, made: null, settled: null, counts: null, part: 'whole' };
  /** The job that runs; a new object for each. */
  #job: { readonly number: number } | null = null;
  /** Ends the download of the job that runs. */
  #endDownload = () => {};
  /** The contribution of the current work. */
  #made: VirtualOffer | null = null;
  readonly isNeverLate = false;
  #restored = false;
  #held = false;
  /** The steps of the job that runs, or of the last one that trained. */
  #steps = 0;
  #payloads = 0;

  constructor(owner: WorkOwner) {
    this.#owner = owner;
  }

  /** The number of the job that runs. */
  get job(): number | null {
    return this.#job?.number ?? null;
  }

  get part(): PartName {
    return this.#disk.part;
  }

  get steps(): number {
    return this.#steps;
  }

  /** What a process that ended leaves in memory. */
  forget(): void {
    this.stop();
    this.#steps = 0;
    this.#made = null;
    this.#held = false;
    this.#restored = false;
  }

  lost(): void {}

  ended(): void {}

  /** Takes up the contribution on the disk at the first welcome; the event that says so, if there is one. */
  welcomed(): SessionEvent | null {
    if (this.#restored) return null;
    this.#restored = true;
    const { made, settled, counts } = this.#disk;
    if (made === null) return null;
    this.#made = made;
    const { round, base, steps, payload } = made;
    const attempt = settled?.attempt ?? 0;
    return {
      kind: 'restored',
      round: { round, base, attempt, localSteps: steps, normBound: 0 },
      payload,
      acknowledged: settled !== null,
      ...(settled !== null && this.#owner.staleness > 0 && counts !== null && { counts }),
    };
  }

  sync(number: number, { base }: Round): void {
    this.stop();
    const job = { number };
    this.#job = job;
    const done = (loaded: VirtualBase | null) => {
      if (this.#job !== job) return;
      if (loaded === null) {
        this.#job = null;
        this.#owner.unreachable();
        return;
      }
      this.#disk.base = loaded;
      this.#owner.dispatch({ kind: 'synced', job: number });
    };
    const { base: own } = this.#disk;
    if (own !== null && baseHash(own) === base) this.#owner.later(1, () => done(own));
    else this.#endDownload = this.#owner.download(base, done);
  }

  train(number: number, { round, base: wanted, localSteps }: Round): void {
    const { number: node, invariants, boasts } = this.#owner;
    const part = this.#owner.part();
    const stepMs = stepTimeOf(this.#owner.stepMs, part);
    this.#disk.part = part;
    const { base } = this.#disk;
    if (base === null || baseHash(base) !== wanted || wanted !== invariants.baseBefore(round))
      broken('same-base', `node ${node} trains round ${round} from another base than the relay's`);
    const job = { number };
    this.#job = job;
    const payload = payloadOf(node, ++this.#payloads, round);
    this.#steps = 0;
    const end = (steps: number) => {
      // A paused node trains on later. A job that was stopped may have ended just before: its report comes, and changes nothing.
      if (this.#held && this.#job === job) return this.#owner.later(pausedMs, () => end(steps));
      if (this.#job === job) {
        this.#steps = steps;
        const made = { payload, round, base: wanted, steps, part };
        this.#made = made;
        this.#disk.made = made;
        this.#disk.settled = null;
        this.#disk.counts = null;
      }
      this.#owner.dispatch({ kind: 'trained', job: number, payload });
    };
    if (this.#owner.workLeft() === null) {
      const done = boasts ? 1 : localSteps;
      this.#owner.later(done * stepMs, () => end(localSteps));
      return;
    }
    const step = (steps: number) => {
      if (this.#job === job) this.#steps = steps;
      const isEnough = steps > 0 && stepMs > (this.#owner.workLeft() ?? 0);
      if (steps === localSteps || isEnough) end(steps);
      else this.#owner.later(stepMs, () => step(steps + 1));
    };
    step(0);
  }

  stop(): void {
    this.#job = null;
    this.#endDownload();
  }

  hold(isHeld: boolean): void {
    this.#held = isHeld;
  }

  discard(payload: Hash): void {
    const { number, invariants } = this.#owner;
    if (invariants.isHeard && invariants.counts(number, payload))
      broken('exactly-once', `node ${number} takes ${payload} back, which is in a base`);
    this.#made = null;
  }

  /** The contribution is final. Unless its round is committed, steps are lost with it: the next attempt would have taken it. */
  settle(payload: Hash): void {
    const { round } = this.made(payload);
    const { number, invariants } = this.#owner;
    // A relay that only says that it has the work does not say where it counts.
    const counts = this.#disk.counts?.round ?? round;
    if (invariants.bases?.isSpoiled(payload) === true) {
      this.#made = null;
      return;
    }
    if (invariants.committed < counts)
      broken('steps-lost', `node ${number} gives up accepted work on round ${counts}, which has no base yet`);
    if (invariants.isHeard && !invariants.counts(number, payload))
      broken('steps-lost', `node ${number} gives up ${payload}, which is in no base`);
    this.#made = null;
  }

  /** The relay accepted the contribution; a null sequence says that it has one of this node already. */
  accept(payload: Hash, sequence: number | null): void {
    const { round, steps } = this.made(payload);
    const { number, invariants } = this.#owner;
    if (sequence === null) {
      if (!invariants.hasContributed(number, round))
        broken('exactly-once', `node ${number} takes work for accepted that the relay does not have`);
      return;
    }
    const entry = invariants.entry(sequence);
    if (entry?.kind !== 'contribution-accepted' || entry.node !== number || entry.payload !== payload)
      broken('exactly-once', `what entry ${sequence} acknowledged is not in the journal`);
    const { base, attempt, countsIn } = entry;
    this.#disk.counts = { round: countsIn, attempt };
    this.#disk.settled = { round, base, attempt, localSteps: steps, normBound: 0 };
  }

  /** The contribution with this payload. */
  made(payload: Hash): VirtualOffer {
    const made = this.#made;
    if (made?.payload !== payload)
      broken(
        'exactly-once',
        `node ${this.#owner.number} sends ${payload}, which is not the work that it has`,
      );
    return made;
  }
}
