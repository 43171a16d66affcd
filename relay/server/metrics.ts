import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Lateness } from './loop-monitor.ts';

export type Direction = 'up' | 'down';

const loopBuckets = [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5];

/** Everything that `/metrics` shows. Each instance has its own registry, so two relays in one process do not mix. */
export class Metrics {
  readonly registry = new Registry();
  readonly nodes = this.#gauge('nodes', 'Nodes joined now, by kind of host', ['host']);
  readonly connections = this.#gauge('connections', 'WebSockets open now, joined or not', []);
  readonly sockets = this.#gauge('sockets', 'TCP connections open now, for pages, downloads and nodes', []);
  readonly round = this.#gauge('round', 'The current round', []);
  readonly rounds = this.#counter('rounds_total', 'Rounds ended, by outcome', ['outcome']);
  readonly contributions = this.#counter('contributions_total', 'Contributions acknowledged', []);
  readonly tokens = this.#counter('tokens_total', 'Tokens in acknowledged contributions', []);
  readonly refusals = this.#counter('refusals_total', 'Refusals, by code', ['code']);
  readonly overLimit = this.#counter(
    'over_limit_total',
    "What clients were refused because a limit of the relay was reached, each client's (each) or that of all (all)",
    ['resource', 'scope'],
  );
  readonly wireBytes = this.#counter(
    'wire_bytes_total',
    'Bytes of frames and of blob downloads, without the framing of what carries them, by direction seen from the nodes and by message',
    ['direction', 'message'],
  );
  readonly roundSeconds = this.#histogram(
    'round_duration_seconds',
    'From the opening of a round to its commit',
    [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600],
  );
  readonly journalSeconds = this.#histogram(
    'journal_sync_seconds',
    'From the last byte of a contribution to its entry in the journal being synced',
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
  );
  readonly loopDelay = this.#histogram(
    'event_loop_delay_seconds',
    'How late the event loop comes back to a timer of 20 ms',
    loopBuckets,
  );
  readonly loopHeld = this.#histogram(
    'event_loop_held_seconds',
    'The part of that delay in which the relay itself computed; the rest of it other programs had the processor',
    loopBuckets,
  );
  readonly processorSeconds = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time of the process, user and system',
    registers: [this.registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  readonly residentBytes = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the process',
    registers: [this.registry],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });

  /** Bytes that the run took so far: frames, and downloads of bases and of what leads to them. */
  readonly bytes = { up: 0, down: 0 };

  constructor() {
    for (const outcome of ['committed', 'abandoned']) this.rounds.inc({ outcome }, 0);
    for (const host of ['browser', 'node', 'deno']) this.nodes.set({ host }, 0);
  }

  /** Counts one look at the event loop. */
  looked({ delay, held }: Lateness): void {
    this.loopDelay.observe(delay);
    this.loopHeld.observe(held);
  }

  moved(direction: Direction, message: string, bytes: number): void {
    this.bytes[direction] += bytes;
    this.wireBytes.inc({ direction, message }, bytes);
  }

  /** Counts bytes of a single contribution that a reader downloads to check the relay, which the run itself does not take. */
  read(bytes: number): void {
    this.wireBytes.inc({ direction: 'down', message: 'contribution' }, bytes);
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> {
    return new Gauge({ name: `tapestry_${name}`, help, labelNames, registers: [this.registry] });
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name: `tapestry_${name}`, help, labelNames, registers: [this.registry] });
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name: `tapestry_${name}`, help, buckets, registers: [this.registry] });
  }
}
