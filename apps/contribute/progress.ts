import type { SentBytes } from '../../client/contribute/events.ts';
import { messages } from '../ui/messages.ts';
import type { Problem, WorkerEvent } from './worker-api.ts';

/** What the contributor does; the ways it can have ended are apart. */
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

/** All that the page shows of the node's own work. */
export interface Progress {
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
  /** Accepted since the page was opened. */
  readonly tokens: number;
  readonly contributions: number;
  readonly localSteps: number;
  readonly loss: readonly LossPoint[];
  readonly sent: SentBytes;
  readonly received: number;
  /** Of bases, which are fetched beside the socket. */
  readonly downloaded: number;
  readonly retry: { readonly attempt: number; readonly milliseconds: number } | null;
  readonly failure: Problem | null;
  readonly notices: readonly Notice[];
}

export const atRest: Progress = {
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
  localSteps: 0,
  loss: [],
  sent: { join: 0, offer: 0, chunk: 0, heartbeat: 0, leave: 0 },
  received: 0,
  downloaded: 0,
  retry: null,
  failure: null,
  notices: [],
};

/** Points kept for the chart; past it every second one goes, so that a day of training stays drawable. */
const keptPoints = 400;
const keptNotices = 4;

export type State = keyof typeof messages.contribute.state;

/** The one word for the whole, as the state line shows it. */
export function stateOf(progress: Progress): State {
  if (progress.ending !== null) return progress.ending;
  if (progress.activity === null) return 'ready';
  if (progress.activity === 'retrying') return 'retrying';
  if (progress.finishing) return 'finishing';
  return progress.paused ? 'paused' : progress.activity;
}

export function started(progress: Progress): Progress {
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

function addPoint(progress: Progress, point: LossPoint): readonly LossPoint[] {
  const last = progress.loss.at(-1);
  if (last?.step === point.step)
    return [
      ...progress.loss.slice(0, -1),
      { ...last, training: point.training ?? last.training, heldOut: point.heldOut ?? last.heldOut },
    ];
  const kept =
    progress.loss.length < keptPoints
      ? progress.loss
      : progress.loss.filter((old, index) => index % 2 === 0 || old.heldOut !== null);
  return [...kept, point];
}

/** The same notice again, as at each attempt to reconnect, is not said twice. */
function warn(progress: Progress, tone: Notice['tone'], text: string, next: string | null): Progress {
  if (progress.notices.at(-1)?.text === text) return progress;
  const key = (progress.notices.at(-1)?.key ?? 0) + 1;
  return { ...progress, notices: [...progress.notices, { key, tone, text, next }].slice(-keptNotices) };
}

/** Folds one event into what the page shows. */
export function reduceProgress(progress: Progress, event: WorkerEvent): Progress {
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
      // Steps done again after a lost device or a resume count again: they were computed again.
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
    case 'committed':
      return { ...progress, activity: 'waiting' };
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
    case 'failed':
      return {
        ...progress,
        activity: null,
        ending: 'failed',
        retry: null,
        failure: { code: event.code, message: event.message, next: event.next },
      };
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
    case 'measured':
    case 'restored':
    case 'fresh':
      return progress;
  }
}
