import type { Hash } from '../../../../relay/wire/hex.ts';
import { broken } from '../invariants/invariant.ts';
import type { RelayInvariants } from '../invariants/relay-invariants.ts';
import type { VirtualEntry } from '../relay/journal.ts';

/** What a contribution to the upstream run holds: the rounds after the first `from`, up to `through`, of a relay below. */
export interface Sent {
  readonly relay: number;
  readonly from: number;
  readonly through: number;
}

/**
 * What must hold between an upstream run and the runs below it, beside the invariants of each: each round below goes up once, none is left
 * out, and what a relay adopts is a base of the upstream run that holds all that it sent. An entry costs O(1).
 */
export class UpstreamInvariants {
  readonly #upstream: RelayInvariants;
  readonly #nationals: readonly RelayInvariants[];
  /** The entries of each journal that were looked at, the upstream one first. */
  readonly #read: number[];
  /** The upstream round of the base that each relay adopted last. */
  readonly adopted: number[];
  /** By relay: the rounds that it committed, and those of them before its last adoption. */
  readonly #before: { committed: number; adopted: number }[];
  readonly #sent = new Map<Hash, Sent>();
  /** Contributions to the open attempt. */
  #open: Sent[] = [];
  /** By relay: the rounds that are in upstream bases. */
  readonly #applied = new Map<number, number>();
  /** Contributions in upstream bases. */
  applied = 0;

  constructor(upstream: RelayInvariants, nationals: readonly RelayInvariants[]) {
    this.#upstream = upstream;
    this.#nationals = nationals;
    this.#read = [upstream, ...nationals].map(() => 0);
    this.adopted = nationals.map(() => 0);
    this.#before = nationals.map(() => ({ committed: 0, adopted: 0 }));
  }

  made(payload: Hash, sent: Sent): void {
    const { relay, from, through } = sent;
    if (through <= from) broken('upstream-once', `relay ${relay} sends no round`);
    this.stepped();
    if (from < (this.#before[relay]?.adopted ?? 0))
      broken('upstream-once', `relay ${relay} sends round ${from + 1}, which is in the base that it adopted`);
    this.#sent.set(payload, sent);
  }

  /** Looks at the entries that were written since the last call: a process that wrote one may be gone already. */
  stepped(): void {
    for (const [place, relay] of [this.#upstream, ...this.#nationals].entries())
      for (let entry = this.#next(place, relay); entry !== undefined; entry = this.#next(place, relay))
        if (place === 0) this.#upstreamEntry(entry);
        else this.#nationalEntry(place - 1, entry);
  }

  #next(place: number, relay: RelayInvariants): VirtualEntry | undefined {
    const read = (this.#read[place] ?? 0) + 1;
    const entry = relay.entry(read);
    if (entry !== undefined) this.#read[place] = read;
    return entry;
  }

  #upstreamEntry(entry: VirtualEntry): void {
    if (entry.kind === 'round-opened') this.#open = [];
    else if (entry.kind === 'contribution-accepted') this.#open.push(this.#of(entry.payload));
    else if (entry.kind === 'round-committed') for (const sent of this.#open) this.#apply(sent);
  }

  #nationalEntry(relay: number, entry: VirtualEntry): void {
    const before = this.#before[relay];
    if (before !== undefined && entry.kind === 'round-committed') before.committed++;
    if (before === undefined || entry.kind !== 'upstream-adopted') return;
    before.adopted = entry.through;
    if (this.#upstream.baseBefore(entry.round + 1) !== entry.upstream)
      broken('upstream-followed', `relay ${relay} adopts a base that the upstream run does not have`);
    this.adopted[relay] = entry.round;
    if ((this.#applied.get(relay) ?? 0) !== before.adopted)
      broken(
        'upstream-lost',
        `relay ${relay} adopts a base after ${before.adopted} rounds that do not all count in it`,
      );
  }

  #of(payload: Hash): Sent {
    return this.#sent.get(payload) ?? broken('upstream-once', `nobody made ${payload}`);
  }

  #apply(sent: Sent): void {
    const { relay, from, through } = sent;
    const gone = this.#applied.get(relay) ?? 0;
    const which = `relay ${relay} sends its rounds ${from + 1} to ${through}`;
    if (from > gone) broken('upstream-lost', `${which}, and those after ${gone} never went up`);
    if (from < gone) broken('upstream-once', `${which}, of which ${gone} went up before`);
    this.applied++;
    this.#applied.set(relay, through);
  }
}
