import type { ContributionFate, SentBytes } from '../../client/contribute/events.ts';
import type { EvidenceFile } from '../../client/contribute/protocol/evidence.ts';
import { formatDuration } from '../ui/format.ts';
import { messages } from '../ui/messages.ts';
import type { Problem } from '../ui/problem.ts';
import type { WorkerEvent } from './worker/worker-api.ts';

/** The contributor's current activity. `Ending` is how it ended. */
export type Activity = 'starting' | 'joining' | 'syncing' | 'training' | 'sending' | 'waiting' | 'retrying';
export type Ending = 'finished' | 'complete' | 'failed';

export interface LossPoint {
  /** Local steps since the page was opened. */
  readonly step: number;
  readonly training: number | null;
  readonly heldOut: number | null;
}

export interface Notice {
  readonly key: number;
  readonly tone: 'warn' | 'bad';
  readonly text: string;
  readonly next: string | null;
}

/** The problem that ended the node, with what the relay signed if it showed two journals. */
export interface Failure extends Problem {
  readonly evidence: readonly EvidenceFile[];
}

/** Everything that the page shows about the node's own work. */
export interface ContributeView {
  readonly activity: Activity | null;
  readonly paused: boolean;
  readonly finishing: boolean;
  readonly ending: Ending | null;
  /** First 16 hex digits of the node's public key, as the relay's status names it. */
  readonly node: string | null;
  readonly rounds: number;
  readonly round: number;
  readonly step: number;
  readonly steps: number;
  readonly tokensPerSecond: number;
  /** Tokens and contributions accepted since the page was opened. */
  readonly tokens: number;
  readonly contributions: number;
  /** What became of this node's last contribution to a base; null before the first. */
  readonly fate: ContributionFate | null;
  readonly localSteps: number;
  readonly loss: readonly LossPoint[];
  readonly sent: SentBytes;
  readonly received: number;
  /** Bytes of bases, which are downloaded over HTTP and not over the socket. */
  readonly downloaded: number;
  readonly retry: { readonly attempt: number; readonly milliseconds: number } | null;
  readonly failure: Failure | null;
  readonly notices: readonly Notice[];
}

export const atRest: ContributeView = {
  activity: null,
  paused: false,
  finishing: false,
  ending: null,
  node: null,
  rounds: 0,
  round: 0,
  step: 0,
  steps: 0,
  tokensPerSecond: 0,
  tokens: 0,
  contributions: 0,
  fate: null,
  localSteps: 0,
  loss: [],
  sent: { join: 0, offer: 0, chunk: 0, heartbeat: 0, leave: 0 },
  received: 0,
  downloaded: 0,
  retry: null,
  failure: null,
  notices: [],
};

/** The chart shows at most this many points with a held-out loss, and as many with a training loss only. */
const keptPoints = 200;
const keptNotices = 4;

export type State = keyof typeof messages.contribute.state;

/** The single state that the state line shows. */
export function stateOf(progress: ContributeView): State {
  if (progress.ending !== null) return progress.ending;
  if (progress.activity === null) return 'ready';
  if (progress.activity === 'retrying') return 'retrying';
  if (progress.finishing) return 'finishing';
  return progress.paused ? 'paused' : progress.activity;
}

export function started(progress: ContributeView): ContributeView {
  return {
    ...progress,
    activity: 'starting',
    ending: null,
    paused: false,
    finishing: false,
    failure: null,
    retry: null,
    notices: [],
  };
}

function addPoint(progress: ContributeView, point: LossPoint): readonly LossPoint[] {
  const last = progress.loss.at(-1);
  if (last?.step !== point.step) return thinned([...progress.loss, point], point.heldOut !== null);
  const merged = {
    ...last,
    training: point.training ?? last.training,
    heldOut: point.heldOut ?? last.heldOut,
  };
  return thinned([...progress.loss.slice(0, -1), merged], merged.heldOut !== null);
}

/**
 * Removes one point of a kind (with a held-out loss or without) if there are more than `keptPoints` of that kind. Each kind
 * has its own limit, so that neither curve displaces the other. It removes the point whose two neighbours are closest, so
 * that the others remain spread over the whole session. The first and the last point always remain.
 */
function thinned(points: readonly LossPoint[], heldOut: boolean): readonly LossPoint[] {
  const kind = points.filter((point) => (point.heldOut !== null) === heldOut);
  if (kind.length <= keptPoints) return points;
  const gap = (at: number) => (kind[at + 1]?.step ?? Infinity) - (kind[at - 1]?.step ?? -Infinity);
  const crowded = kind.reduce((least, _, at) => (gap(at) < gap(least) ? at : least), 1);
  return points.filter((point) => point !== kind[crowded]);
}

/** Adds a notice, unless it repeats the last one, as each attempt to reconnect does. */
function warn(
  progress: ContributeView,
  tone: Notice['tone'],
  text: string,
  next: string | null,
): ContributeView {
  if (progress.notices.at(-1)?.text === text) return progress;
  const key = (progress.notices.at(-1)?.key ?? 0) + 1;
  return { ...progress, notices: [...progress.notices, { key, tone, text, next }].slice(-keptNotices) };
}

/** The view after one event. */
export function reduceProgress(progress: ContributeView, event: WorkerEvent): ContributeView {
  const words = messages.contribute;
  switch (event.event) {
    case 'adapter':
      return { ...progress, activity: 'joining' };
    case 'joined':
      return {
        ...progress,
        activity: 'waiting',
        retry: null,
        node: event.node.slice(0, 16),
        round: event.round,
        rounds: event.rounds,
        steps: event.localSteps,
      };
    case 'syncing':
      return { ...progress, activity: 'syncing', round: event.round };
    case 'synced':
      return { ...progress, activity: 'waiting', downloaded: progress.downloaded + event.bytes };
    case 'round':
      return {
        ...progress,
        activity: 'training',
        round: event.round,
        step: 0,
        steps: event.steps,
        loss: addPoint(progress, { step: progress.localSteps, training: null, heldOut: event.heldOutLoss }),
      };
    case 'step': {
      // Steps that are repeated after a lost device or a resume count again, because they are computed again.
      const localSteps = progress.localSteps + Math.max(1, event.step - progress.step);
      return {
        ...progress,
        activity: 'training',
        round: event.round,
        step: event.step,
        steps: event.steps,
        localSteps,
        tokensPerSecond: event.tokensPerSecond,
        loss: addPoint(progress, { step: localSteps, training: event.loss, heldOut: null }),
      };
    }
    case 'contribution':
      return { ...progress, activity: 'sending' };
    case 'acknowledged':
      return {
        ...progress,
        activity: 'waiting',
        tokens: progress.tokens + event.tokens,
        contributions: progress.contributions + 1,
      };
    case 'committed': {
      const waiting: ContributeView = { ...progress, activity: 'waiting', fate: event.fate ?? progress.fate };
      if (event.fate?.outcome !== 'left-out') return waiting;
      return warn(waiting, 'warn', words.leftOut(event.round), words.leftOutNext);
    }
    case 'sent':
      return { ...progress, sent: event.bytes, received: event.received };
    case 'paused':
      return { ...progress, paused: true, tokensPerSecond: 0 };
    case 'resumed':
      return { ...progress, paused: false };
    case 'finishing':
      return { ...progress, finishing: true };
    case 'retry':
      return {
        ...warn(progress, 'warn', event.message, event.next),
        activity: 'retrying',
        retry: { attempt: event.attempt, milliseconds: event.milliseconds },
      };
    case 'refused':
      return warn(progress, 'warn', words.refused(event.code, event.round), null);
    case 'dropped': {
      const text = event.reason === 'not-finite' ? words.notFinite : words.dropped;
      return { ...warn(progress, 'warn', text(event.round), null), activity: 'waiting' };
    }
    case 'abandoned':
      return { ...warn(progress, 'warn', words.abandoned(event.round), null), activity: 'waiting' };
    case 'device-lost':
      return { ...warn(progress, 'warn', words.deviceLost(event.round, event.step), null), step: event.step };
    case 'kernels-changed':
      return warn(progress, 'warn', words.kernelsChanged, null);
    case 'file-problem':
      return warn(progress, 'bad', event.message, event.next);
    case 'failed': {
      const { code, message, next, evidence } = event;
      return {
        ...progress,
        activity: null,
        ending: 'failed',
        retry: null,
        failure: { code, message, next, evidence },
      };
    }
    case 'left':
      return {
        ...progress,
        activity: null,
        paused: false,
        finishing: false,
        retry: null,
        tokensPerSecond: 0,
        ending:
          event.reason === 'complete' || event.reason === 'failed'
            ? event.reason
            : (progress.ending ?? 'finished'),
      };
    case 'plan':
      return event.tooShort ? warn(progress, 'warn', tooShort(event), words.tooShortNext) : progress;
    case 'measured':
    case 'restored':
    case 'fresh':
      return progress;
  }
}

function tooShort(times: WorkerEvent & { readonly event: 'plan' }): string {
  const { round, plannedMilliseconds, graceMilliseconds, trainingMilliseconds, uploadMilliseconds } = times;
  const lasts = formatDuration(plannedMilliseconds + graceMilliseconds);
  return messages.contribute.tooShort(
    round,
    lasts,
    formatDuration(trainingMilliseconds),
    formatDuration(uploadMilliseconds),
  );
}
