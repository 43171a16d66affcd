import type { WholeManifest } from '../../wire/frames.ts';
import type { NodeKey } from '../../wire/hex.ts';
import { tokensOf } from '../../wire/offer.ts';
import { PaceMeasures } from './measures.ts';
import { leastTrainingMs, type PaceSettings, paceSettingsOf, planOf, type RoundTimes } from './plan.ts';

/** A plan is replaced only by one that differs by more than this part, so that nodes are not told each small change. */
const change = 0.1;

/** A round's grace is at least this part of the one before: with the last upload that is measured it would end at once for the whole crowd. */
const graceLeft = 0.75;

/** A pass over n nodes is made once for so many parts of n calls, so that a call costs O(1) on average. With fewer nodes each call makes one. */
const partsOfNodes = 8;

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
  /** The grace of the round before; 0 before the first plan. */
  #graceBefore = 0;
  /** Calls since then. */
  #calls = 0;
  #planned: { readonly times: RoundTimes; readonly isFinal: boolean; readonly hasShare: boolean } | null =
    null;

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
    this.#graceBefore = this.#planned?.times.graceMs ?? this.#graceBefore;
    this.#planned = null;
    this.#seen = null;
  }

  /**
   * The plan of the open round for the nodes that are connected, if it is new. A plan is final once all of them are measured. The first call
   * of a round looks at all nodes; later ones do so after a change of what is known, or of who is connected, and then only every
   * n/8 calls for n nodes. Once it was made of more than the manifest's `grace_share` of the nodes it is only replaced by a longer one. A call is O(1) on average, however many nodes come and report one by one.
   */
  plan(connected: ReadonlySet<NodeKey>): RoundTimes | null {
    if (this.#planned?.isFinal === true) return null;
    const { changes } = this.measures;
    this.#calls++;
    if (this.#seen !== null) {
      if (this.#seen.changes === changes && this.#seen.nodes === connected.size) return null;
      if (this.#calls * partsOfNodes < connected.size) return null;
    }
    this.#calls = 0;
    this.#seen = { changes, nodes: connected.size };
    const nodes = [...connected].map((key) => this.measures.of(key));
    const times = planOf(nodes, this.#settings, graceLeft * this.#graceBefore);
    if (times === null) return null;
    const before = this.#planned;
    const known = nodes.filter((node) => node.times !== null).length;
    const hasShare = 100 * known > nodes.length * this.#settings.graceShare;
    const made = { isFinal: known === nodes.length, hasShare: hasShare || before?.hasShare === true };
    this.#planned = { ...made, times: before?.times ?? times };
    if (before !== null) {
      const part = times.workMs / before.times.workMs - 1;
      // The nodes that are measured anew first are the fastest: by them alone no round gets shorter.
      if (before.hasShare ? part <= change : Math.abs(part) <= change) return null;
    }
    this.#planned = { ...made, times };
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
