import { expect } from 'vitest';
import { heartbeatOf } from '../../../../client/contribute/protocol/heartbeat.ts';
import { advance } from '../../../../client/contribute/session/session.ts';
import {
  type Effect,
  newSession,
  type Session,
  type SessionEvent,
} from '../../../../client/contribute/session/state.ts';
import { noProgress } from '../../../../client/train/loop/training-progress.ts';
import { NodeState } from '../../../../relay/wire/tapestry_pb.js';
import { roundOf } from './given.ts';

/** A node in a run whose rounds all close while it is still at its work, unless it is told to be in time. */
export class SlowNode {
  session: Session;
  round = 0;
  readonly effects: Effect[] = [];

  constructor(session: Session = newSession) {
    this.session = session;
    this.hear({ kind: 'start' }, { kind: 'connected' }, { kind: 'welcomed', round: 1, base: 'base 0' });
  }

  hear(...events: SessionEvent[]): void {
    for (const event of events) {
      const [session, effects] = advance(this.session, event);
      this.session = session;
      this.effects.push(...effects);
    }
  }

  /** The next round opens; true if the node trains it. */
  open(attempt = 1): boolean {
    this.round++;
    this.hear({ kind: 'opened', round: roundOf(this.round, attempt) });
    this.hear({ kind: 'synced', job: this.session.job });
    return this.session.work.kind === 'training';
  }

  close(): void {
    const facts = { contributions: 1, tokens: 1, fate: null };
    this.hear({ kind: 'committed', round: this.round, base: `base ${this.round}`, ...facts });
  }

  /** So many rounds open and close; whether the node trained each. */
  rounds(count: number): boolean[] {
    return Array.from({ length: count }, () => {
      const trains = this.open();
      this.close();
      return trains;
    });
  }

  /** A round opens, and the node's contribution is in time. */
  inTime(): void {
    expect(this.open()).toBe(true);
    this.hear({ kind: 'trained', job: this.session.job, payload: `p${this.round}` });
    this.hear({ kind: 'acknowledged', payload: `p${this.round}`, sequence: this.round });
    this.close();
  }

  get reports(): NodeState {
    const { case: name, value } = heartbeatOf(this.session, noProgress, 0);
    return name === 'heartbeat' ? (value.state ?? NodeState.UNSPECIFIED) : NodeState.UNSPECIFIED;
  }
}
