import type { ContributionFate, SentBytes } from '../../client/contribute/events.ts';
import type { EvidenceFile } from '../../client/contribute/protocol/evidence.ts';
import { messages } from '../ui/messages.ts';
import type { Problem } from '../ui/problem.ts';
import { type LossPoint, withPoint } from './progress/loss-points.ts';
import { addNotice, endNotices, type Notice } from './progress/notice-list.ts';
import { withPart, withPlan } from './progress/round-plan.ts';
import { withStored } from './progress/stored.ts';
import type { WorkerEvent } from './worker/worker-api.ts';

/** The contributor's current activity. `Ending` is how it ended. */
export type Activity =
  | 'starting'
  | 'joining'
  | 'syncing'
  | 'training'
  | 'sending'
  | 'waiting'
  | 'following'
  | 'retrying';
export type Ending = 'finished' | 'complete' | 'failed';

/** The steps from the start to the first training step, in order. */
export const launchSteps = ['join', 'compile', 'fetch', 'train'] as const;
export type LaunchStep = (typeof launchSteps)[number];

/** The problem that ended the node, with what the relay signed if it showed two journals. */
export interface Failure extends Problem {
  readonly evidence: readonly EvidenceFile[];
}

export interface Retry extends Problem {
  readonly attempt: number;
  readonly milliseconds: number;
}

/** Everything that the page shows about the node's own work. */
export interface ContributeView {
  readonly activity: Activity | null;
  /** The step of the start that is in progress; null once the node has trained. */
  readonly launch: LaunchStep | null;
  readonly paused: boolean;
  /** The device is too slow for the rounds, and only follows them for a while. */
  readonly follows: boolean;
  readonly finishing: boolean;
  readonly ending: Ending | null;
  /** First 16 hex digits of the node's public key, as the relay's status names it. */
  readonly node: string | null;
  /** Id of the run, hex; null before the node has joined. */
  readonly run: string | null;
  /** The corpus of the run that the node trains on; null for own text. */
  readonly corpus: string | null;
  /** The base that lies in this tab, and the number of rounds that made it; null before the node has one. */
  readonly base: { readonly round: number; readonly hash: string } | null;
  /** The run's last base as this node measured it, in nats a token; null before the run's end. */
  readonly lastBase: { readonly hash: string; readonly heldOutLoss: number } | null;
  readonly rounds: number;
  readonly round: number;
  readonly step: number;
  readonly steps: number;
  readonly tokensPerStep: number;
  readonly tokensPerSecond: number;
  /** Tokens of the text that the node trains on; null before they are counted. */
  readonly corpusTokens: number | null;
  /** Tokens and contributions accepted since the page was opened. */
  readonly tokens: number;
  readonly contributions: number;
  /** Contributions accepted since the last start. */
  readonly sinceStart: number;
  /** Rounds whose base holds a contribution of this node, since the page was opened. */
  readonly counted: number;
  /** What became of this node's last contribution to a base; null before the first. */
  readonly fate: ContributionFate | null;
  readonly localSteps: number;
  readonly loss: readonly LossPoint[];
  readonly sent: SentBytes;
  /** All bytes that the node received since the page was opened: frames, bases, deltas and proofs. */
  readonly received: number;
  /** The lost connection; null while the relay answers. `milliseconds` is the time to the next attempt. */
  readonly retry: Retry | null;
  readonly failure: Failure | null;
  readonly notices: readonly Notice[];
}

export const atRest: ContributeView = {
  activity: null,
  launch: null,
  paused: false,
  follows: false,
  finishing: false,
  ending: null,
  node: null,
  run: null,
  corpus: null,
  base: null,
  lastBase: null,
  rounds: 0,
  round: 0,
  step: 0,
  steps: 0,
  tokensPerStep: 0,
  tokensPerSecond: 0,
  corpusTokens: null,
  tokens: 0,
  contributions: 0,
  sinceStart: 0,
  counted: 0,
  fate: null,
  localSteps: 0,
  loss: [],
  sent: { join: 0, offer: 0, chunk: 0, heartbeat: 0, leave: 0 },
  received: 0,
  retry: null,
  failure: null,
  notices: [],
};

export type State = keyof typeof messages.contribute.state;

/** The single state that the state line shows. */
export function stateOf(progress: ContributeView): State {
  if (progress.ending !== null) return progress.ending;
  if (progress.activity === null) return 'ready';
  if (progress.activity === 'retrying') return 'retrying';
  if (progress.finishing) return 'finishing';
  if (progress.paused) return 'paused';
  return progress.activity === 'waiting' && progress.launch === 'compile' ? 'compiling' : progress.activity;
}

export function started(progress: ContributeView): ContributeView {
  return {
    ...progress,
    activity: 'starting',
    launch: 'join',
    corpusTokens: null,
    sinceStart: 0,
    ending: null,
    paused: false,
    follows: false,
    finishing: false,
    failure: null,
    retry: null,
    notices: [],
  };
}

/** Adds a notice; `kind` is the event's name, and several of one kind are one. */
function warn(
  progress: ContributeView,
  kind: string,
  text: string,
  next: string | null = null,
  tone: Notice['tone'] = 'warn',
): ContributeView {
  return { ...progress, notices: addNotice(progress.notices, { kind, tone, text, next }) };
}

/** Removes the notices whose cause has ended. */
function ended(progress: ContributeView, ...kinds: string[]): ContributeView {
  return { ...progress, notices: endNotices(progress.notices, kinds) };
}

/** The losses with that of a base, which was measured after the steps so far. */
function withBase({ loss, localSteps }: ContributeView, { heldOutLoss }: { readonly heldOutLoss: number }) {
  return withPoint(loss, { step: localSteps, training: null, heldOut: heldOutLoss });
}

/** What a node does between its rounds. */
function between({ follows }: ContributeView): Activity {
  return follows ? 'following' : 'waiting';
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
        run: event.run,
        corpus: event.corpus,
        round: event.round,
        rounds: event.rounds,
        steps: event.localSteps,
        tokensPerStep: event.tokensPerStep,
        launch: progress.launch === 'join' ? 'compile' : progress.launch,
      };
    case 'corpus':
      return { ...progress, corpusTokens: event.tokens };
    case 'compiled':
      return { ...progress, launch: progress.launch === 'compile' ? 'fetch' : progress.launch };
    case 'syncing':
      return {
        ...progress,
        activity: progress.follows ? 'following' : 'syncing',
        round: event.round,
        step: 0,
      };
    case 'synced':
      return {
        ...progress,
        // A base may also arrive while a round is trained.
        activity: progress.activity === 'training' ? 'training' : between(progress),
        launch: progress.launch === null ? null : 'train',
        base: { round: event.round - 1, hash: event.base },
      };
    case 'round':
      return {
        ...ended(progress, 'follows'),
        activity: 'training',
        follows: false,
        round: event.round,
        step: 0,
        steps: event.steps,
        loss: withBase(progress, event),
      };
    case 'last-base': {
      const { base: hash, heldOutLoss } = event;
      return { ...progress, lastBase: { hash, heldOutLoss }, loss: withBase(progress, event) };
    }
    case 'step': {
      // Steps that are repeated after a lost device or a resume count again, because they are computed again.
      const localSteps = progress.localSteps + Math.max(1, event.step - progress.step);
      return {
        ...progress,
        activity: 'training',
        launch: null,
        round: event.round,
        step: event.step,
        steps: event.steps,
        localSteps,
        tokensPerSecond: event.tokensPerSecond,
        loss: withPoint(progress.loss, { step: localSteps, training: event.loss, heldOut: null }),
      };
    }
    case 'contribution':
      return { ...ended(progress, 'device-lost', 'stored-round', 'snapshot-failed'), activity: 'sending' };
    case 'acknowledged':
      return {
        ...ended(progress, 'late', 'not-finite', 'refused', 'kernels-changed'),
        activity: 'waiting',
        sinceStart: progress.sinceStart + 1,
        tokens: progress.tokens + event.tokens,
        contributions: progress.contributions + 1,
      };
    case 'committed': {
      const isLeftOut = event.fate?.outcome === 'left-out';
      const isMerged = event.fate !== null && !isLeftOut;
      const waiting: ContributeView = {
        ...ended(progress, 'abandoned', ...(isMerged ? ['left-out'] : [])),
        activity: between(progress),
        counted: progress.counted + (isMerged ? 1 : 0),
        fate: event.fate ?? progress.fate,
      };
      if (!isLeftOut) return waiting;
      return warn(waiting, 'left-out', words.leftOut(event.round), words.leftOutNext);
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
        ...progress,
        activity: 'retrying',
        retry: {
          attempt: event.attempt,
          milliseconds: event.milliseconds,
          code: event.code,
          message: event.message,
          next: event.next,
        },
      };
    case 'refused':
      return warn(progress, 'refused', words.refused(event.code, event.round));
    case 'dropped': {
      const isLate = event.reason !== 'not-finite';
      const text = isLate ? words.dropped : words.notFinite;
      return {
        ...warn(progress, isLate ? 'late' : 'not-finite', text(event.round)),
        activity: 'waiting',
      };
    }
    case 'following': {
      const { was, round, steps, localSteps, rounds } = event;
      const text = `${words.follows[was](round, steps, localSteps)} ${words.follows.rounds(rounds)}`;
      return {
        ...warn(ended(progress, 'late', 'too-short'), 'follows', text, words.followsNext),
        activity: 'following',
        follows: true,
      };
    }
    case 'abandoned':
      return { ...warn(progress, 'abandoned', words.abandoned(event.round)), activity: 'waiting' };
    case 'device-lost':
      return {
        ...warn(progress, 'device-lost', words.deviceLost(event.round, event.step)),
        step: event.step,
      };
    case 'kernels-changed':
      return warn(progress, 'kernels-changed', words.kernelsChanged);
    case 'kernels-demoted':
      return warn(progress, 'kernels-demoted', words.kernelsDemoted);
    case 'file-problem':
      return warn(progress, event.message, event.message, event.next, 'bad');
    case 'failed': {
      const { code, message, next, evidence } = event;
      return {
        ...progress,
        activity: null,
        ending: 'failed',
        launch: null,
        retry: null,
        failure: { code, message, next, evidence },
      };
    }
    case 'left':
      return {
        ...progress,
        activity: null,
        launch: null,
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
      return { ...progress, ...withPlan(progress, event) };
    case 'part':
      return { ...progress, ...withPart(progress, event) };
    case 'measured':
    case 'encoding-on-processor':
      return progress;
    default:
      return { ...progress, ...withStored(progress, event) };
  }
}
