import { fragmentsOf } from '../../wire/fragments.ts';
import type { WholeManifest } from '../../wire/frames.ts';
import { toHex } from '../../wire/hex.ts';
import { downlinkCodecOf } from '../../wire/manifest.ts';
import { lettersOf, type RelayStatus } from '../../wire/status.ts';
import { NodeState } from '../../wire/tapestry_pb.js';
import type { Hub } from '../hub.ts';
import type { NodeSession } from '../node-session.ts';
import type { Room } from '../speech/room.ts';

type NodeStatus = RelayStatus['nodes'][number];

const states: Readonly<Record<NodeState, NodeStatus['state']>> = {
  [NodeState.UNSPECIFIED]: 'waiting',
  [NodeState.SYNCING]: 'syncing',
  [NodeState.TRAINING]: 'training',
  [NodeState.UPLOADING]: 'uploading',
  [NodeState.WAITING]: 'waiting',
  [NodeState.PAUSED]: 'paused',
  [NodeState.FOLLOWING]: 'following',
};

/** Digits of a node's losses and of its speed: more are noise, and cost every viewer bytes. */
const digits = { loss: 5, rate: 4 };

/** The run's status as the relay has it now. It shows `publicUrl` unless it is null. */
export function currentStatus(
  hub: Hub,
  publicUrl: URL | null,
  {
    plainEntry,
    sample,
    room,
  }: {
    readonly plainEntry: boolean;
    readonly sample: RelayStatus['sample'];
    readonly room: Pick<Room, 'revision'> | null;
  },
): RelayStatus {
  const { run, metrics } = hub;
  const { model, strategy, limits, name, corpora, lane } = run.manifest;
  const current = run.current();
  const history = run.history();
  const tokensPerStep = strategy.batch * strategy.sequence;
  const { payloadBytes, ...totals } = run.totals();
  const evaluation = run.evaluators?.standing();
  /** What a node that has the base before downloads of a round. */
  const baseBytes =
    downlinkCodecOf(run.manifest)?.payloadBytes(fragmentsOf(run.manifest).length) ?? 4 * model.parameters;
  return {
    address: publicUrl?.href ?? null,
    ...(plainEntry ? { plainEntry } : {}),
    run: {
      id: run.id,
      name,
      parameters: model.parameters,
      rounds: strategy.rounds,
      localSteps: strategy.localSteps,
      tokensPerStep,
      corpora: [...corpora],
      lane: lane.case,
      ...upperOf(run.manifest),
      ...evaluatorsOf(run.manifest),
    },
    round: {
      number: current.round,
      phase: current.phase,
      hold: current.hold,
      contributions: current.contributions,
      quorum: limits.quorum,
      target: Math.max(limits.quorum, Math.min(current.expected, limits.target)),
      openedAt: current.openedAt,
      deadlineAt: timeAfter(hub.clock, current.remainingMs),
    },
    base: {
      round: history.length,
      hash: current.base,
      bytes: model.parameters * 4,
      ...(run.upstream.status === null ? {} : { upstream: run.upstream.status }),
    },
    nodes: [...hub.members()].flatMap((session) => nodeStatus(hub, session)),
    history: [...history],
    totals: {
      ...totals,
      // The relay has counted bytes since it started. Each earlier contribution moved at least its payload, and its base or
      // what leads to it.
      bytesUp: Math.max(metrics.bytes.up, payloadBytes),
      bytesDown: Math.max(metrics.bytes.down, totals.contributions * baseBytes),
      // Data-parallel training sends an f32 gradient up and one down at every local step.
      bytesDataParallel: 2 * 4 * model.parameters * Math.round(totals.tokens / tokensPerStep),
    },
    sample,
    ...(evaluation && {
      evaluation: {
        ...{ round: evaluation.round, scores: evaluation.scores, states: lettersOf(evaluation.states) },
        deadlineAt: timeAfter(hub.clock, evaluation.remainingMs),
      },
    }),
    ...(room === null ? {} : { speech: room.revision }),
  };
}

/** The part that a node may train alone; nothing for a run that grants none. */
function upperOf({ model, strategy: { part } }: WholeManifest): Pick<RelayStatus['run'], 'upper'> {
  return part.case === 'upperLayers' ? { upper: { layers: part.value.layers, of: model.layers } } : {};
}

/** Who scores contributions by the manifest; nothing for a run in which only the relay does. */
function evaluatorsOf({ quality }: WholeManifest): Pick<RelayStatus['run'], 'evaluators'> {
  if (quality.case === 'claimed' || quality.value.evaluators.length === 0) return {};
  const { evaluators, evaluatorQuorum: quorum } = quality.value;
  return { evaluators: { ids: evaluators.map((key) => toHex(key).slice(0, 16)), quorum } };
}

/** The time so many milliseconds from now; null for null. */
function timeAfter(clock: Hub['clock'], milliseconds: number | null): number | null {
  return milliseconds === null ? null : Math.round(clock.now() + milliseconds);
}

function nodeStatus(hub: Hub, { member, progress, connection }: NodeSession): NodeStatus[] {
  if (member === null) return [];
  const given = hub.run.contributor(member.key);
  return [
    {
      id: member.key.slice(0, 16),
      host: member.host,
      corpus: member.corpus === null ? null : (hub.run.manifest.corpora[member.corpus] ?? null),
      state: states[progress.state],
      steps: progress.steps,
      tokens: given?.tokens ?? 0,
      contributions: given?.contributions ?? 0,
      tokensPerSecond: shortened(progress.tokensPerSecond, digits.rate),
      trainingLoss: shortLoss(progress.trainingLoss ?? given?.trainingLoss ?? null),
      heldOutLoss: shortLoss(given?.heldOutLoss ?? null),
      bytesUp: connection.bytesUp,
      bytesDown: connection.bytesDown + progress.bytesDownloaded,
      part: given?.part ?? 'whole',
      connectedAt: member.connectedAt,
    },
  ];
}

function shortened(value: number, precision: number): number {
  return Number(value.toPrecision(precision));
}

function shortLoss(loss: number | null): number | null {
  return loss === null ? null : shortened(loss, digits.loss);
}
