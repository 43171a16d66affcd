import { downlinkCodecOf } from '../wire/manifest.ts';
import { mostStatusRounds, type RelayStatus } from '../wire/status.ts';
import { NodeState } from '../wire/tapestry_pb.js';
import type { Hub } from './hub.ts';
import type { NodeSession } from './node-session.ts';

export type Sample = NonNullable<RelayStatus['sample']>;
type NodeStatus = RelayStatus['nodes'][number];

const states: Readonly<Record<NodeState, NodeStatus['state']>> = {
  [NodeState.UNSPECIFIED]: 'waiting',
  [NodeState.SYNCING]: 'syncing',
  [NodeState.TRAINING]: 'training',
  [NodeState.UPLOADING]: 'uploading',
  [NodeState.WAITING]: 'waiting',
  [NodeState.PAUSED]: 'paused',
};

/** Milliseconds without a change after which the status is published anyway, to keep streams alive through proxies. */
const quiet = 10_000;

const encoder = new TextEncoder();

const prefix = 'data: ';
const suffix = '\n\n';

/**
 * A status with its two encodings, each made at most once and shared by all viewers: the whole, and the one for viewers that
 * have the status before.
 */
class Published {
  readonly status: RelayStatus;
  readonly at: number;
  /** Committed rounds of the status before this one. */
  readonly #before: number;
  #whole: Uint8Array<ArrayBuffer> | null = null;
  #news: Uint8Array<ArrayBuffer> | null = null;

  constructor(status: RelayStatus, at: number, before: number) {
    this.status = status;
    this.at = at;
    this.#before = before;
  }

  /** A server-sent event for a viewer that has the rounds up to `known`: the whole for one that missed a round. */
  event(known: number): Uint8Array<ArrayBuffer> {
    if (this.#before === 0 || known < this.#before || known > this.status.base.round) {
      this.#whole ??= eventOf({ ...this.status, history: thinned(this.status.history) });
      return this.#whole;
    }
    const history = this.status.history.slice(this.#before);
    this.#news ??= eventOf({ ...this.status, historyAfter: this.#before, history });
    return this.#news;
  }

  json(known: number): Uint8Array<ArrayBuffer> {
    return this.event(known).subarray(prefix.length, -suffix.length);
  }
}

function eventOf(status: RelayStatus): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${prefix}${JSON.stringify(status)}${suffix}`);
}

/** At most `mostStatusRounds` rounds: every second one, or every fourth, and so on, and the newest. */
export function thinned(history: RelayStatus['history']): RelayStatus['history'] {
  let step = 1;
  while (history.length / step > mostStatusRounds - 1) step *= 2;
  if (step === 1) return history;
  return history.filter(({ round }) => round % step === 0 || round === history.length);
}

/** The relay's status and its viewers. */
export class StatusView {
  readonly #hub: Hub;
  readonly #publicUrl: URL | null;
  /** What a node that has the base before downloads of a round. */
  readonly #baseBytes: number;
  readonly #listeners = new Set<(published: Published) => void>();
  #viewers = 0;
  #eventBytes = 0;
  #sample: Sample | null = null;
  #changed = false;
  #publishedAt = -Infinity;
  #recent: Published | null = null;
  /** Committed rounds of the status that was made last. */
  #published = 0;

  /** The status shows `publicUrl` unless it is null. */
  constructor(hub: Hub, publicUrl: URL | null) {
    this.#hub = hub;
    this.#publicUrl = publicUrl;
    const { manifest } = hub.run;
    const { parameters } = manifest.model;
    this.#baseBytes = downlinkCodecOf(manifest)?.payloadBytes(parameters) ?? 4 * parameters;
    hub.onChange = () => {
      this.#changed = true;
    };
  }

  announceSample(sample: Sample): void {
    this.#sample = sample;
    this.#changed = true;
  }

  /** Calls `listener` with each status that is published; returns a function that stops it. */
  watch(listener: (status: RelayStatus) => void): () => void {
    return this.#listen(({ status }) => listener(status));
  }

  /**
   * Statuses as server-sent events, the current one first. Later ones have only the rounds that are new. A viewer that reads
   * slower than the relay publishes gets the latest status only, and delays nobody.
   */
  events(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let latest: Published | null = this.#present();
    /** Committed rounds that the viewer has. */
    let known = 0;
    let wake = () => {};
    const unwatch = this.#listen((published) => {
      latest = published;
      wake();
    });
    this.#viewers++;
    return new ReadableStream(
      {
        pull: async (controller) => {
          while (latest === null) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
          const event = latest.event(known);
          this.#eventBytes = event.length;
          controller.enqueue(event);
          known = latest.status.base.round;
          latest = null;
        },
        cancel: () => {
          unwatch();
          this.#viewers--;
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** The current status as JSON, at most one interval old, for a reader that has the rounds up to `known`. */
  current(known: number): Uint8Array<ArrayBuffer> {
    return this.#present().json(known);
  }

  /**
   * Publishes a changed status, at most once each interval. The interval grows with the size of the status and the number
   * of viewers, so that the bytes a second sent to all of them stay below the limit.
   */
  tick(now: number): void {
    const { statusInterval, statusBytesPerSecond } = this.#hub.limits;
    const needed = (1000 * this.#eventBytes * this.#viewers) / statusBytesPerSecond;
    const since = now - this.#publishedAt;
    if (since < Math.max(statusInterval, needed) || (!this.#changed && since < quiet)) return;
    this.#publishedAt = now;
    this.#changed = false;
    this.#recent = null;
    if (this.#listeners.size === 0) return;
    const published = this.#present();
    for (const listener of this.#listeners) listener(published);
  }

  /** All requests within an interval share one status. */
  #present(): Published {
    const now = this.#hub.clock.elapsed();
    const isRecent = this.#recent !== null && now - this.#recent.at < this.#hub.limits.statusInterval;
    return isRecent && this.#recent !== null ? this.#recent : this.#publish(now);
  }

  #publish(now: number): Published {
    const status = this.status();
    this.#recent = new Published(status, now, this.#published);
    this.#published = status.base.round;
    return this.#recent;
  }

  #listen(listener: (published: Published) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  status(): RelayStatus {
    const { run, metrics } = this.#hub;
    const { model, strategy, limits, name, corpora, lane } = run.manifest;
    const current = run.current();
    const history = run.history();
    const tokensPerStep = strategy.batch * strategy.sequence;
    const totals = run.totals();
    return {
      address: this.#publicUrl?.href ?? null,
      run: {
        id: run.id,
        name,
        parameters: model.parameters,
        rounds: strategy.rounds,
        localSteps: strategy.localSteps,
        tokensPerStep,
        corpora: [...corpora],
        lane: lane.case,
      },
      round: {
        number: current.round,
        phase: current.phase,
        contributions: current.contributions,
        quorum: limits.quorum,
        target: Math.max(limits.quorum, Math.min(current.expected, limits.target)),
        openedAt: current.openedAt,
        deadlineAt:
          current.remainingMs === null ? null : Math.round(this.#hub.clock.now() + current.remainingMs),
      },
      base: { round: history.length, hash: current.base, bytes: model.parameters * 4 },
      nodes: [...this.#hub.members()].flatMap((session) => this.#node(session)),
      historyAfter: 0,
      history: [...history],
      totals: {
        ...totals,
        // The relay has counted bytes since it started. Each earlier contribution moved at least its payload, and its base or
        // what leads to it.
        bytesUp: Math.max(metrics.bytes.up, totals.contributions * limits.payloadBytes),
        bytesDown: Math.max(metrics.bytes.down, totals.contributions * this.#baseBytes),
        // Data-parallel training sends an f32 gradient up and one down at every local step.
        bytesDataParallel: 2 * 4 * model.parameters * Math.round(totals.tokens / tokensPerStep),
      },
      sample: this.#sample,
    };
  }

  #node({ member, progress, connection }: NodeSession): NodeStatus[] {
    if (member === null) return [];
    const given = this.#hub.run.contributor(member.key);
    return [
      {
        id: member.key.slice(0, 16),
        host: member.host,
        corpus: member.corpus === null ? null : (this.#hub.run.manifest.corpora[member.corpus] ?? null),
        state: states[progress.state],
        steps: progress.steps,
        tokens: given?.tokens ?? 0,
        contributions: given?.contributions ?? 0,
        tokensPerSecond: progress.tokensPerSecond,
        trainingLoss: progress.trainingLoss ?? given?.trainingLoss ?? null,
        heldOutLoss: given?.heldOutLoss ?? null,
        bytesUp: connection.bytesUp,
        bytesDown: connection.bytesDown,
        connectedAt: member.connectedAt,
      },
    ];
  }
}
