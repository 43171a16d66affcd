import type { DraftToRelay } from '../../../relay/wire/frames.ts';
import { NodeState } from '../../../relay/wire/tapestry_pb.js';
import type { TrainingProgress } from '../../train/loop/training-progress.ts';
import { follows } from '../session/following.ts';
import type { Session, Work } from '../session/state.ts';

const states: Readonly<Record<Work['kind'], NodeState>> = {
  idle: NodeState.WAITING,
  syncing: NodeState.SYNCING,
  training: NodeState.TRAINING,
  ready: NodeState.UPLOADING,
  offered: NodeState.UPLOADING,
  uploading: NodeState.UPLOADING,
  asked: NodeState.WAITING,
  accepted: NodeState.WAITING,
};

/**
 * A node's report, sent at the interval that the relay sets. All reports have the same size. `downloaded` counts the bytes of bodies
 * since the node began to connect.
 */
export function heartbeatOf(session: Session, progress: TrainingProgress, downloaded: number): DraftToRelay {
  const { work, settled, open } = session;
  const isWaiting = states[work.kind] === NodeState.WAITING;
  const round = work.kind === 'idle' || isWaiting ? (open ?? settled) : work.round;
  const halted = session.paused && (isWaiting || work.kind === 'training');
  const followsOnly = follows(session) && (work.kind === 'idle' || work.kind === 'syncing');
  const working = followsOnly ? NodeState.FOLLOWING : states[work.kind];
  return {
    case: 'heartbeat',
    value: {
      round: round?.round ?? 0,
      state: halted ? NodeState.PAUSED : working,
      ...progress,
      bytesDownloaded: BigInt(downloaded),
    },
  };
}
