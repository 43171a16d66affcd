import type { NodeKey } from '../../wire/hex.ts';
import type { NodeTimes, PacedNodeTimes } from './plan.ts';

interface Measured {
  /** When the node could begin the open round; null if the relay does not know it. */
  startedAt: number | null;
  /** A step's time by the node's own report; null before its first. */
  reportedStepMs: number | null;
  offered: { readonly steps: number; readonly at: number } | null;
  /** The node's last contribution, measured before its first report: how long it took until its offer, and its steps. */
  undivided: { readonly took: number; readonly steps: number } | null;
  times: NodeTimes | null;
  contributed: boolean;
  missed: number;
}

/**
 * Measures how long nodes take for a round, from what they send. Times are on the relay's monotonic clock. A node's own report
 * only divides the time that the relay measured into steps and the rest, or serves until its first contribution.
 */
export class PaceMeasures {
  readonly #nodes = new Map<NodeKey, Measured>();
  readonly #most: number;
  #changes = 0;

  /** Nodes beyond `most` displace those that were measured the longest ago. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Grows whenever what is known of a node changes, or a node is added. */
  get changes(): number {
    return this.#changes;
  }

  /**
   * What an earlier process knew of a node: the time of its steps, by the journal. It serves until the node's next contribution,
   * which is measured.
   */
  recall(key: NodeKey, stepMs: number): void {
    this.#node(key).times = { overheadMs: 0, stepMs, uploadMs: null };
    this.#changes++;
  }

  /** A round opened for these nodes. `isFirst`: it is the first attempt, to which nodes cannot have earlier work. */
  opened(keys: Iterable<NodeKey>, isFirst: boolean, time: number): void {
    for (const node of this.#nodes.values())
      Object.assign(node, { startedAt: null, offered: null, contributed: false });
    for (const key of keys) this.#node(key).startedAt = isFirst ? time : null;
  }

  /** A node joined; `isFirst` is that of the open attempt. A node that comes back began when it was here first. */
  joined(key: NodeKey, isFirst: boolean, time: number): void {
    this.#changes++;
    if (isFirst) this.#node(key).startedAt ??= time;
    else this.#node(key);
  }

  /** The node reported its steps in the open round, and the time of one. */
  reported(key: NodeKey, steps: number, stepMs: number, time: number): void {
    const node = this.#node(key);
    node.reportedStepMs = stepMs;
    if (node.undivided !== null && node.times !== null) {
      // Else its download would count as steps, and a few steps would seem to need next to no time.
      node.times = { ...node.times, ...divided(node.undivided, stepMs) };
      node.undivided = null;
      this.#changes++;
    }
    if (node.times !== null || node.startedAt === null) return;
    this.#changes++;
    node.times = { overheadMs: Math.max(0, time - node.startedAt - steps * stepMs), stepMs, uploadMs: null };
  }

  /** The relay answered an offer of so many steps with Resume. */
  offered(key: NodeKey, steps: number, time: number): void {
    this.#node(key).offered = { steps, at: time };
  }

  /** The node's contribution is in the journal. */
  accepted(key: NodeKey, time: number): void {
    const node = this.#node(key);
    Object.assign(node, { contributed: true, missed: 0 });
    this.#changes++;
    if (node.offered === null) return;
    const { steps, at } = node.offered;
    const uploadMs = time - at;
    if (node.startedAt === null) {
      if (node.times !== null) node.times = { ...node.times, uploadMs };
      return;
    }
    const measured = { took: at - node.startedAt, steps };
    node.undivided = node.reportedStepMs === null ? measured : null;
    node.times = { ...divided(measured, node.reportedStepMs), uploadMs };
  }

  /** The round closed while these nodes were connected. */
  closed(keys: Iterable<NodeKey>): void {
    this.#changes++;
    for (const key of keys) {
      const node = this.#node(key);
      if (!node.contributed && node.startedAt !== null) node.missed++;
    }
  }

  of(key: NodeKey): PacedNodeTimes {
    return this.#nodes.get(key) ?? { times: null, missed: 0 };
  }

  #node(key: NodeKey): Measured {
    const node = this.#nodes.get(key) ?? {
      startedAt: null,
      reportedStepMs: null,
      offered: null,
      undivided: null,
      times: null,
      contributed: false,
      missed: 0,
    };
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

/** The time of a contribution until its offer as steps and the rest: by the node's report, or evenly where steps would take longer. */
function divided(
  { took, steps }: { readonly took: number; readonly steps: number },
  reportedMs: number | null,
): { overheadMs: number; stepMs: number } {
  const stepMs = Math.min(reportedMs ?? Number.POSITIVE_INFINITY, took / steps);
  return { overheadMs: took - steps * stepMs, stepMs };
}
