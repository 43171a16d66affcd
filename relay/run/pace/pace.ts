import type { WholeManifest } from '../../wire/frames.ts';
import type { NodeKey } from '../../wire/hex.ts';
import { tokensOf } from '../../wire/offer.ts';
import { PaceMeasures } from './measures.ts';
import { leastTrainingMs, type PaceSettings, paceSettingsOf, planOf, type RoundTimes } from './plan.ts';

/** A plan is replaced only by one that differs by more than this part, so that nodes are not told each small change. */
const change = 0.1;

/** What the relay measured of a node, in milliseconds; see `RoundPlan` in tapestry.proto. */
export interface MeasuredNode {
  readonly trainingMs: number;
  readonly uploadMs: number;
}

/** Plans the rounds of a run that are timed. */
export class Pace {
  readonly measures: PaceMeasures;
  readonly #settings: PaceSettings;
  readonly #stepTokens: number;
  /** What the last plan was made of: the changes of the measures, and the number of nodes. */
  #seen: { readonly changes: number; readonly nodes: number } | null = null;
  #planned: { readonly times: RoundTimes; readonly isFinal: boolean } | null = null;

  /** `mostNodes` are measured at a time. */
  constructor(settings: PaceSettings, stepTokens: number, mostNodes: number) {
    this.#settings = settings;
    this.#stepTokens = stepTokens;
    this.measures = new PaceMeasures(mostNodes);
  }

  /** Null for a run with fixed steps. */
  static of(manifest: WholeManifest): Pace | null {
    const settings = paceSettingsOf(manifest);
    const { strategy, limits } = manifest;
    return settings === null ? null : new Pace(settings, tokensOf(strategy, 1), limits.maxNodes);
  }

  /** Takes up what the journal tells of the nodes, so that a relay that starts again plans its rounds at once. */
  resume(contributors: ReadonlyMap<NodeKey, { readonly stepMs: number | null }>): void {
    for (const [key, { stepMs }] of contributors) if (stepMs !== null) this.measures.recall(key, stepMs);
  }

  /** The plan of the open round, if it has one. */
  get planned(): RoundTimes | null {
    return this.#planned?.times ?? null;
  }

  roundOpened(): void {
    this.#planned = null;
    this.#seen = null;
  }

  /**
   * The plan of the open round for the nodes that are connected, if it is new. A plan is final once all of them are measured. It costs
   * O(nodes) after a change of what is known, or of who is connected, and O(1) otherwise.
   */
  plan(connected: ReadonlySet<NodeKey>): RoundTimes | null {
    if (this.#planned?.isFinal === true) return null;
    const { changes } = this.measures;
    if (this.#seen?.changes === changes && this.#seen.nodes === connected.size) return null;
    this.#seen = { changes, nodes: connected.size };
    const nodes = [...connected].map((key) => this.measures.of(key));
    const times = planOf(nodes, this.#settings);
    if (times === null) return null;
    const before = this.#planned?.times;
    this.#planned = { times: before ?? times, isFinal: nodes.every((node) => node.times !== null) };
    if (before !== undefined && Math.abs(times.workMs / before.workMs - 1) <= change) return null;
    this.#planned = { ...this.#planned, times };
    return times;
  }

  /** A node's heartbeat in the open round: it did `steps`, of late at this rate. */
  reported(key: NodeKey, steps: number, tokensPerSecond: number, time: number): void {
    if (steps < 1 || tokensPerSecond <= 0) return;
    this.measures.reported(key, steps, (1000 * this.#stepTokens) / tokensPerSecond, time);
  }

  /** Zero for what is not measured. */
  of(key: NodeKey): MeasuredNode {
    const { times } = this.measures.of(key);
    if (times === null) return { trainingMs: 0, uploadMs: 0 };
    const trainingMs = Math.ceil(leastTrainingMs(times, this.#settings));
    return { trainingMs, uploadMs: Math.ceil(times.uploadMs ?? 0) };
  }
}
