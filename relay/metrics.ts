import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { RefusalCode } from './wire/tapestry_pb.js';

export type Direction = 'up' | 'down';

/** STALE_BASE is `stale-base`: how metrics and logs write a code. */
export function codeName(code: RefusalCode): string {
  return RefusalCode[code].toLowerCase().replaceAll('_', '-');
}

/** Everything `/metrics` shows, in a registry of its own so that two relays in one process do not mix. */
export class Metrics {
  readonly registry = new Registry();
  readonly nodes = this.#gauge('nodes', 'Nodes joined now, by kind of host', ['host']);
  readonly connections = this.#gauge('connections', 'WebSockets open now, joined or not', []);
  readonly round = this.#gauge('round', 'The round being worked on', []);
  readonly rounds = this.#counter('rounds_total', 'Rounds ended, by outcome', ['outcome']);
  readonly contributions = this.#counter('contributions_total', 'Contributions acknowledged', []);
  readonly tokens = this.#counter('tokens_total', 'Tokens in acknowledged contributions', []);
  readonly refusals = this.#counter('refusals_total', 'Refusals, by code', ['code']);
  readonly wireBytes = this.#counter(
    'wire_bytes_total',
    'Bytes of frames and of blob downloads, by direction seen from the nodes and by message',
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
  readonly residentBytes = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the process',
    registers: [this.registry],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });

  /** Bytes up and down so far, frames and blob downloads together. */
  readonly bytes = { up: 0, down: 0 };

  constructor() {
    for (const outcome of ['committed', 'abandoned']) this.rounds.inc({ outcome }, 0);
    for (const host of ['browser', 'node', 'deno']) this.nodes.set({ host }, 0);
  }

  moved(direction: Direction, message: string, bytes: number): void {
    this.bytes[direction] += bytes;
    this.wireBytes.inc({ direction, message }, bytes);
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
