import type { PaceSettings } from '../../../../relay/run/pace/plan.ts';
import type { SpeedSettings } from '../../../../relay/run/pace/speeds.ts';
import type { RoundLimits } from '../../../../relay/run/round.ts';
import type { Upstream } from '../../../../relay/run/upstream/upstream.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import type { RelayInvariants } from '../invariants/relay-invariants.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { Machines } from '../world/machines.ts';
import type { VirtualBase } from '../world/virtual-base.ts';
import type { BaseOptions } from './base-options.ts';
import type { JournalState } from './journal.ts';
import type { QualityOptions } from './quality-options.ts';

/** Times in milliseconds. */
export interface RoundOptions {
  readonly limits: RoundLimits;
  /** How often the deadlines are checked. */
  readonly tick: number;
  /** A write of the journal that is on the disk, and the making of a base. */
  readonly sync: number;
  readonly merge: number;
  readonly localSteps: number;
  readonly tokensPerStep: number;
  /** Null for rounds that are not timed. */
  readonly pace: PaceSettings | null;
  /** For a run with arrivals, whose `limits` say so too. */
  readonly arrivals?: SpeedSettings | undefined;
  /** For a run that measures contributions. */
  readonly quality?: QualityOptions | undefined;
  /** For a run with an outer step, or a guard. */
  readonly bases?: BaseOptions | undefined;
  /** For a relay below an upstream relay: its part of the run. `tick` makes the rounds look what is due. */
  readonly upstreamOf?: ((replay: JournalState, tick: () => void) => UpstreamPart) | undefined;
}

/** The real machine of a run below an upstream run, and the bases that it may name. */
export interface UpstreamPart {
  readonly machine: Upstream;
  baseOf(hash: Hash): VirtualBase;
  /** The parameters from which later work is sent up. */
  reference(): Float32Array<ArrayBuffer>;
}

export interface RoundWorld {
  readonly queue: EventQueue;
  /** The relay's monotonic clock, in milliseconds: it may jump ahead of the queue's. */
  elapsed(): number;
  readonly machines: Machines;
  readonly invariants: RelayInvariants;
  /** Work without virtual time: the next event waits for it. */
  wait(work: Promise<void>): void;
}

/** How many rounds old work may be: 0 but in a run with arrivals. */
export function stalenessOf({ arrivals }: RoundOptions): number {
  return arrivals?.maxStaleness ?? 0;
}
