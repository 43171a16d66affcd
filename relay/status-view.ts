import type { Hub } from './hub.ts';
import type { Session } from './session.ts';
import type { RelayStatus } from './wire/status.ts';
import { NodeState } from './wire/tapestry_pb.js';

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

/** The least time without news after which a status is published all the same: keeps streams alive through proxies. */
const quiet = 10_000;

/** What the relay shows of itself, and who is watching. */
export class StatusView {
  readonly #hub: Hub;
  readonly #interval: number;
  readonly #listeners = new Set<(status: RelayStatus) => void>();
  #sample: Sample | null = null;
  #changed = false;
  #publishedAt = -Infinity;

  constructor(hub: Hub, interval: number) {
    this.#hub = hub;
    this.#interval = interval;
    hub.onChange = () => {
      this.#changed = true;
    };
  }

  announceSample(sample: Sample): void {
    this.#sample = sample;
    this.#changed = true;
  }

  watch(listener: (status: RelayStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Publishes when there is something new, at most once each interval. */
  tick(now: number): void {
    const since = now - this.#publishedAt;
    if (since < this.#interval || (!this.#changed && since < quiet)) return;
    this.publish(now);
  }

  publish(now: number): void {
    this.#publishedAt = now;
    this.#changed = false;
    if (this.#listeners.size === 0) return;
    const status = this.status();
    for (const listener of this.#listeners) listener(status);
  }

  status(): RelayStatus {
    const { run, metrics } = this.#hub;
    const { model, strategy, limits, name, nations } = run.manifest;
    const current = run.current();
    const history = run.history();
    const tokensPerStep = strategy.batch * strategy.sequence;
    const totals = run.totals();
    return {
      run: {
        id: run.id,
        name,
        parameters: model.parameters,
        rounds: strategy.rounds,
        localSteps: strategy.localSteps,
        tokensPerStep,
        nations: [...nations],
        lane: 'open',
      },
      round: {
        number: current.round,
        phase: current.phase,
        contributions: current.contributions,
        quorum: limits.quorum,
        target: limits.target,
        openedAt: current.openedAt,
        deadlineAt: current.deadlineAt,
      },
      base: { round: history.length, hash: current.base, bytes: model.parameters * 4 },
      nodes: [...this.#hub.members()].flatMap((session) => this.#node(session)),
      history: [...history],
      totals: {
        ...totals,
        bytesUp: metrics.bytes.up,
        bytesDown: metrics.bytes.down,
        // Every local step would have sent an f32 gradient up and brought one down.
        bytesDataParallel: 2 * 4 * model.parameters * Math.round(totals.tokens / tokensPerStep),
      },
      sample: this.#sample,
    };
  }

  #node({ member, progress, connection }: Session): NodeStatus[] {
    if (member === null) return [];
    const given = this.#hub.run.contributor(member.key);
    return [
      {
        id: member.key.slice(0, 16),
        host: member.host,
        nation: member.nation === null ? null : (this.#hub.run.manifest.nations[member.nation] ?? null),
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
