import type { EventLog, Lease } from '../journal/event-log.ts';
import type { Clock } from './clock.ts';

/** How long a lease lasts without renewal, in milliseconds. After that another process can replace a leader that stopped. */
export const leaseMs = 10_000;

/** This process's right to lead the run, renewed while it is used and acquired again after it was lost. */
export class Leadership {
  readonly #log: EventLog;
  readonly #holder: string;
  readonly #clock: Clock;
  #lease: Lease | null;
  #renewAt: number;

  constructor(log: EventLog, lease: Lease, clock: Clock) {
    this.#log = log;
    this.#lease = lease;
    this.#holder = lease.holder;
    this.#clock = clock;
    this.#renewAt = clock.elapsed() + leaseMs / 2;
  }

  /** The lease to append with; null while another process leads. */
  async lease(): Promise<Lease | null> {
    const now = this.#clock.elapsed();
    if (this.#lease !== null && now >= this.#renewAt) {
      if (await this.#log.renew(this.#lease, leaseMs)) this.#renewAt = now + leaseMs / 2;
      else this.#lease = null;
    }
    if (this.#lease === null) {
      this.#lease = await this.#log.lead(this.#holder, leaseMs);
      this.#renewAt = now + leaseMs / 2;
    }
    return this.#lease;
  }

  /** Called when the log refused the lease. */
  lost(): void {
    this.#lease = null;
  }
}
