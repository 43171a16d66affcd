import type { Clock } from '../../run/clock.ts';
import {
  mostStatusRounds,
  type RelayStatus,
  type StatusHistory,
  type StatusSnapshot,
} from '../../wire/status.ts';
import { CompressibleJson } from '../http/compressible.ts';
import type { RelayLimits } from '../limits.ts';
import { StatusChanges } from './status-changes.ts';

/** Milliseconds without a change after which an event is sent anyway, to keep streams alive through proxies. */
const quiet = 10_000;

const encoder = new TextEncoder();

/** At most `mostStatusRounds` rounds: every second one, or every fourth, and so on, and the newest. */
export function thinned(history: RelayStatus['history']): RelayStatus['history'] {
  let step = 1;
  while (history.length / step > mostStatusRounds - 1) step *= 2;
  if (step === 1) return history;
  const newest = history.at(-1)?.round;
  return history.filter(({ round }) => round % step === 0 || round === newest);
}

export interface StatusViewOptions {
  /** The status at the moment of the call. */
  readonly status: () => RelayStatus;
  readonly limits: Pick<RelayLimits, 'statusInterval' | 'statusBytesPerSecond' | 'viewerBytesPerSecond'>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

/**
 * The relay's status for its viewers: snapshots, the history, and one stream of changes that all share. The bytes a second of
 * a stream are bounded, whatever the numbers of nodes and of rounds; where many nodes report, each waits longer for its turn.
 */
export class StatusView {
  readonly #options: StatusViewOptions;
  readonly #watchers = new Set<(status: RelayStatus) => void>();
  readonly #viewers = new Set<(event: Uint8Array<ArrayBuffer>) => void>();
  readonly #changes: StatusChanges;
  #eventBytes = 0;
  #changed = false;
  #publishedAt = -Infinity;
  #snapshot: { readonly at: number; readonly json: CompressibleJson } | null = null;
  #history: { readonly rounds: number; readonly whole: CompressibleJson } | null = null;

  constructor(options: StatusViewOptions) {
    this.#options = options;
    this.#changes = new StatusChanges(options.status());
  }

  /** Says that a fact of the status has changed. */
  changed(): void {
    this.#changed = true;
  }

  /** Calls `listener` with each status that is published; returns a function that stops it. */
  watch(listener: (status: RelayStatus) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /**
   * Changes as server-sent events; the first only gives the number at which the stream begins. A viewer that reads slower than
   * the relay publishes misses changes, sees that from their numbers and asks for a snapshot. It delays nobody.
   */
  events(): ReadableStream<Uint8Array<ArrayBuffer>> {
    if (this.#viewers.size === 0) {
      this.#changes.restart(this.#options.status());
      this.#snapshot = null;
    }
    let latest: Uint8Array<ArrayBuffer> | null = eventOf({ sequence: this.#changes.sequence });
    let wake = () => {};
    const hear = (event: Uint8Array<ArrayBuffer>) => {
      latest = event;
      wake();
    };
    this.#viewers.add(hear);
    return new ReadableStream(
      {
        pull: async (controller) => {
          while (latest === null) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
          controller.enqueue(latest);
          latest = null;
        },
        cancel: () => {
          this.#viewers.delete(hear);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** The current status without its history, at most one interval old. */
  snapshot(): CompressibleJson {
    const now = this.#options.clock.elapsed();
    if (this.#snapshot !== null && now - this.#snapshot.at < this.#options.limits.statusInterval)
      return this.#snapshot.json;
    const status = this.#options.status();
    this.#changes.compare(status);
    const { history: _, ...facts } = status;
    const snapshot: StatusSnapshot = { sequence: this.#changes.sequence, ...facts };
    const json = new CompressibleJson(snapshot);
    this.#snapshot = { at: now, json };
    return json;
  }

  /** The committed rounds after round `after`. */
  history(after: number): CompressibleJson {
    const { run, history } = this.#options.status();
    const answer = (): CompressibleJson => {
      const said: StatusHistory = { run: run.id, history: thinned(history.slice(after)) };
      return new CompressibleJson(said);
    };
    if (after > 0) return answer();
    if (this.#history?.rounds !== history.length) this.#history = { rounds: history.length, whole: answer() };
    return this.#history.whole;
  }

  /**
   * Publishes what changed, at most once each interval. The interval grows with the size of the last event and with the number
   * of viewers, so that the bytes a second of one viewer, and of all together, stay below their limits.
   */
  tick(now: number): void {
    const { statusInterval, statusBytesPerSecond, viewerBytesPerSecond } = this.#options.limits;
    const costOfByte = Math.max(this.#viewers.size / statusBytesPerSecond, 1 / viewerBytesPerSecond);
    const needed = this.#viewers.size === 0 ? 0 : 1000 * this.#eventBytes * costOfByte;
    const since = now - this.#publishedAt;
    const isDue = this.#changed || this.#changes.pending || since >= quiet;
    if (since < Math.max(statusInterval, needed) || !isDue) return;
    this.#publishedAt = now;
    this.#changed = false;
    this.#snapshot = null;
    if (this.#watchers.size + this.#viewers.size === 0) return;
    const status = this.#options.status();
    for (const watcher of this.#watchers) watcher(status);
    if (this.#viewers.size === 0) return;
    // Room for the framing of an event and of its chunk of HTTP.
    const event = eventOf(this.#changes.next(status, viewerBytesPerSecond - framing));
    this.#eventBytes = event.length + framing;
    for (const hear of this.#viewers) hear(event);
  }
}

const framing = 32;

function eventOf(value: object): Uint8Array<ArrayBuffer> {
  return encoder.encode(`data: ${JSON.stringify(value)}\n\n`);
}
