import type { WholeManifest } from '../../wire/frames.ts';
import type { NodeKey } from '../../wire/hex.ts';
import { tokensOf } from '../../wire/offer.ts';

/** The settings of a run whose nodes are told steps by their speed: `localSteps` >= `leastSteps` >= 1. */
export interface SpeedSettings {
  readonly localSteps: number;
  readonly leastSteps: number;
  readonly maxStaleness: number;
}

/** The settings of a manifest with arrivals; null for any other. */
export function speedSettingsOf({ pace, strategy: { localSteps } }: WholeManifest): SpeedSettings | null {
  return pace.case === 'arrivals' ? { localSteps, ...pace.value } : null;
}

interface MeasuredSpeed {
  joinedAt: number;
  /** A step's time by the node's own report; null before its first. */
  reportedMs: number | null;
  /** As measured from its last offer; null before its first. */
  stepMs: number | null;
}

/**
 * How many steps each node of a run with arrivals is told (dynamic local updates: Liu et al. 2024, arXiv 2401.09135, algorithm 4):
 *
 *     steps = floor(v / vmax * H), but at least the manifest's least
 *
 * with v the steps a second of the node, vmax those of the fastest node that takes part at the opening of the round or comes after it, and H
 * the strategy's local steps. A node that is not measured is told all of them. As in timed rounds, the relay measures from the opening of the round that the work began from
 * to its offer, on its own clock; the node's report only takes from that what is no step. Times are in milliseconds.
 */
export class Speeds {
  readonly #settings: SpeedSettings;
  readonly #stepTokens: number;
  readonly #most: number;
  readonly #nodes = new Map<NodeKey, MeasuredSpeed>();
  /** A step's time of the fastest node since the last opening, as far as it is known. */
  #fastest = Number.POSITIVE_INFINITY;
  /** When the rounds opened that work may begin from. */
  readonly #openedAt = new Map<number, number>();

  /** Nodes beyond `most` displace those that were measured the longest ago. */
  constructor(settings: SpeedSettings, stepTokens: number, most: number) {
    this.#settings = settings;
    this.#stepTokens = stepTokens;
    this.#most = most;
  }

  /** Null for a run without arrivals. */
  static of(manifest: WholeManifest): Speeds | null {
    const settings = speedSettingsOf(manifest);
    const { strategy, limits } = manifest;
    return settings === null ? null : new Speeds(settings, tokensOf(strategy, 1), limits.maxNodes);
  }

  /** Takes up what the journal tells of the nodes. */
  resume(contributors: ReadonlyMap<NodeKey, { readonly stepMs: number | null }>): void {
    for (const [key, { stepMs }] of contributors) if (stepMs !== null) this.#node(key).stepMs = stepMs;
  }

  /** A round opened, for the first time or again; `taking` are the nodes that take part. Costs O(nodes), and any other call O(1). */
  opened(round: number, time: number, taking: Iterable<NodeKey>): void {
    this.#fastest = Number.POSITIVE_INFINITY;
    for (const key of taking) this.#compare(key);
    if (!this.#openedAt.has(round)) this.#openedAt.set(round, time);
    for (const old of this.#openedAt.keys()) {
      if (old >= round - this.#settings.maxStaleness) break;
      this.#openedAt.delete(old);
    }
  }

  joined(key: NodeKey, time: number): void {
    this.#node(key).joinedAt = time;
    this.#compare(key);
  }

  /** A node's heartbeat: it did `steps`, of late at this rate. */
  reported(key: NodeKey, steps: number, tokensPerSecond: number): void {
    if (steps < 1 || tokensPerSecond <= 0) return;
    this.#node(key).reportedMs = (1000 * this.#stepTokens) / tokensPerSecond;
    this.#compare(key);
  }

  /** A node offers so many steps that it began from a round's base. */
  offered(
    key: NodeKey,
    { round, steps }: { readonly round: number; readonly steps: number },
    time: number,
  ): void {
    const node = this.#node(key);
    const openedAt = this.#openedAt.get(round);
    // Work that began before the node joined, or before the relay started, tells nothing.
    if (openedAt === undefined || openedAt < node.joinedAt) return;
    const measured = Math.max(1, time - openedAt) / steps;
    node.stepMs = Math.min(node.reportedMs ?? Number.POSITIVE_INFINITY, measured);
    this.#compare(key);
  }

  /** The steps that a node is told. */
  stepsOf(key: NodeKey): number {
    const { localSteps, leastSteps } = this.#settings;
    const own = this.#stepMs(key);
    if (own === null) return localSteps;
    const fastest = Math.min(own, this.#fastest);
    return Math.min(localSteps, Math.max(leastSteps, Math.floor((localSteps * fastest) / own)));
  }

  #compare(key: NodeKey): void {
    this.#fastest = Math.min(this.#fastest, this.#stepMs(key) ?? Number.POSITIVE_INFINITY);
  }

  #stepMs(key: NodeKey): number | null {
    const node = this.#nodes.get(key);
    return node?.stepMs ?? node?.reportedMs ?? null;
  }

  #node(key: NodeKey): MeasuredSpeed {
    const node = this.#nodes.get(key) ?? { joinedAt: 0, reportedMs: null, stepMs: null };
    this.#nodes.delete(key);
    this.#nodes.set(key, node);
    // Only now: the first key is found behind the places of all that were displaced since the map was made anew.
    if (this.#nodes.size > this.#most) {
      const [oldest] = this.#nodes.keys();
      if (oldest !== undefined) this.#nodes.delete(oldest);
    }
    return node;
  }
}
