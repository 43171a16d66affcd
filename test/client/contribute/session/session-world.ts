import { expect } from 'vitest';
import type { GrantedPart } from '../../../../client/contribute/session/part.ts';
import { advance } from '../../../../client/contribute/session/session.ts';
import {
  type Effect,
  newSession,
  type Session,
  type SessionEvent,
} from '../../../../client/contribute/session/state.ts';
import { TapestryError } from '../../../../client/errors.ts';
import type { PartName } from '../../../../relay/wire/fragments.ts';
import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';

export const lost = new TapestryError('relay.unreachable', 'The connection broke.', 'Wait.');

/** The steps of work, in the order that completes it soonest; all other steps are trouble. */
export const forward: readonly string[] = [
  'retries',
  'connects',
  'relay hears',
  'node hears',
  'job ends',
  'opens',
];

/**
 * A session whose relay, network and machine act in any order: the relay opens, commits and
 * abandons rounds, messages are late, connections break, jobs take their time, the person pauses, and the node starts again
 * from what it saved.
 */
export class World {
  session: Session = newSession;
  round = 1;
  base = 'base 1';
  open = false;
  attempt = 0;
  /** The payload that the open attempt accepted. */
  accepted: string | null = null;
  /** Payloads in bases. */
  readonly counted = new Set<string>();
  connected = false;
  connecting = false;
  waiting = false;
  job: (Effect & { kind: 'sync' | 'train' }) | null = null;
  /** Jobs that were told to stop; they may have ended just before. */
  readonly stopped: (Effect & { kind: 'sync' | 'train' })[] = [];
  readonly toNode: SessionEvent[] = [];
  readonly toRelay: { payload: string; complete: boolean }[] = [];
  /** Maps a payload to the round and base it was trained from. */
  readonly made = new Map<string, { round: number; base: string }>();
  readonly offers: { payload: string; opening: string; connection: number }[] = [];
  /** The node's disk: the delta trained last and the last receipt. */
  saved: string | null = null;
  receipt: { payload: string; attempt: number } | null = null;
  restored = false;
  connection = 0;
  trained = 0;
  readonly #granted: GrantedPart | null;
  /** What the node trained when its process ended. */
  #part: PartName = 'whole';

  /** `granted` is what the run grants to a node that is too slow. */
  constructor(granted: GrantedPart | null = null) {
    this.#granted = granted;
  }

  /** The steps that are possible now, by name. */
  possible(): Record<string, () => void> {
    const can: Record<string, () => void> = {};
    if (this.connecting) {
      can['connects'] = () => this.connects();
      can['cannot connect'] = () => this.breaks();
    }
    if (this.connected) can['breaks'] = () => this.breaks();
    if (this.waiting) can['retries'] = () => this.retries();
    if (this.toNode.length > 0) can['node hears'] = () => this.nodeHears();
    if (this.toRelay.length > 0) can['relay hears'] = () => this.relayHears();
    if (this.job) {
      const { job } = this;
      can['job ends'] = () => {
        this.job = null;
        this.jobEnds(job);
      };
      can['job fails'] = () => this.jobFails();
    }
    if (this.stopped.length > 0) can['stopped job ends'] = () => this.jobEnds(this.stopped.shift() ?? null);
    if (!this.open) can['opens'] = () => this.opens();
    if (this.open && this.accepted !== null) can['commits'] = () => this.commits();
    if (this.open) {
      can['commits without'] = () => this.commits();
      can['abandons'] = () => this.abandons();
    }
    can['pauses'] = () => this.dispatch({ kind: 'pause' });
    can['speeds up'] = () => this.dispatch({ kind: 'faster' });
    can['resumes'] = () => this.dispatch({ kind: 'resume-work' });
    can['starts again'] = () => this.restarts();
    return can;
  }

  dispatch(event: SessionEvent): void {
    const [session, effects] = advance(this.session, event);
    this.session = session;
    for (const effect of effects) this.perform(effect);
  }

  perform(effect: Effect): void {
    switch (effect.kind) {
      case 'connect':
        this.connecting = true;
        break;
      case 'disconnect':
        this.cut();
        break;
      case 'wait':
        this.waiting = true;
        break;
      case 'sync':
      case 'train':
        expect(this.job).toBeNull();
        this.job = effect;
        break;
      case 'stop':
      case 'conclude':
        if (this.job) this.stopped.push(this.job);
        this.job = null;
        break;
      case 'offer':
        this.offered(effect.payload);
        break;
      case 'upload':
        this.toRelay.push({ payload: effect.payload, complete: true });
        break;
      case 'settle':
        // Steps are lost if they are in no base.
        expect(this.counted).toContain(effect.payload);
        break;
      case 'discard':
        // Steps count twice if they return to the error feedback and are in a base.
        expect(this.counted).not.toContain(effect.payload);
        break;
      case 'accept':
        if (effect.sequence !== null) this.receipt = { payload: effect.payload, attempt: effect.sequence };
        break;
    }
  }

  offered(payload: string): void {
    const { made, session } = this;
    expect(this.connected).toBe(true);
    if (session.work.kind === 'asked') {
      // Its round is over: the relay is asked whether it counts.
      this.toRelay.push({ payload, complete: false });
      return;
    }
    // A delta must be for the round and base that the relay last opened.
    expect(made.get(payload)).toEqual({ round: session.open?.round, base: session.open?.base });
    const opening = `${session.open?.round}, attempt ${session.open?.attempt}`;
    // Each opening gets at most one offer per connection, and at most one delta over all connections.
    for (const other of this.offers) {
      expect(other.opening === opening && other.connection === this.connection).toBe(false);
      if (other.opening === opening) expect(other.payload).toBe(payload);
    }
    this.offers.push({ payload, opening, connection: this.connection });
    this.toRelay.push({ payload, complete: false });
  }

  connects(): void {
    this.connecting = false;
    this.connected = true;
    this.connection++;
    this.dispatch({ kind: 'connected' });
    this.toNode.push({ kind: 'welcomed', round: this.round, base: this.base });
    if (this.open) this.tellOpen();
  }

  tellOpen(): void {
    const { round, base, attempt } = this;
    this.toNode.push({ kind: 'opened', round: { round, base, attempt, localSteps: 1, normBound: 1 } });
  }

  breaks(): void {
    this.cut();
    this.dispatch({ kind: 'disconnected', problem: lost, jitter: 0.5 });
  }

  cut(): void {
    this.connecting = false;
    this.connected = false;
    this.toNode.length = 0;
    this.toRelay.length = 0;
  }

  retries(): void {
    this.waiting = false;
    this.dispatch({ kind: 'retry' });
  }

  nodeHears(): void {
    const event = this.toNode.shift();
    if (event?.kind === 'welcomed') this.restores();
    if (event) this.dispatch(event);
  }

  /** The process ends, and a new one resumes from the disk. */
  restarts(): void {
    this.cut();
    this.waiting = false;
    this.job = null;
    this.stopped.length = 0;
    this.restored = false;
    this.#part = this.session.part?.part ?? this.#part;
    this.session = newSession;
    this.dispatch({ kind: 'start' });
  }

  restores(): void {
    const payload = this.saved;
    const made = payload === null ? undefined : this.made.get(payload);
    if (this.#granted !== null && !this.restored)
      this.dispatch({ kind: 'granted', granted: this.#granted, part: this.#part });
    if (payload !== null && made && !this.restored) {
      const attempt = this.receipt?.payload === payload ? this.receipt.attempt : 0;
      const round = { ...made, attempt, localSteps: 1, normBound: 1 };
      this.dispatch({ kind: 'restored', round, payload, acknowledged: attempt > 0 });
    }
    this.restored = true;
  }

  relayHears(): void {
    const heard = this.toRelay.shift();
    const made = heard && this.made.get(heard.payload);
    if (!heard || !made) return;
    const refuse = (code: RefusalCode) =>
      this.toNode.push({ kind: 'refused', code, round: this.round, jitter: 0.5 });
    const { payload } = heard;
    // The attempt takes the place of the journal's sequence number; a receipt holds both.
    const acknowledge = () => this.toNode.push({ kind: 'acknowledged', payload, sequence: this.attempt });
    if (this.counted.has(payload) || this.accepted === payload) acknowledge();
    else if (made.round < this.round || !this.open) refuse(RefusalCode.TOO_LATE);
    else if (made.base !== this.base) refuse(RefusalCode.STALE_BASE);
    else if (this.accepted !== null) refuse(RefusalCode.DUPLICATE);
    else if (!heard.complete) this.toNode.push({ kind: 'resume', payload: heard.payload, offset: 0 });
    else {
      this.accepted = payload;
      acknowledge();
    }
  }

  jobEnds(job: World['job']): void {
    if (job?.kind === 'sync') this.dispatch({ kind: 'synced', job: job.job });
    if (job?.kind === 'train') {
      const payload = `payload ${++this.trained}`;
      this.made.set(payload, { round: job.round.round, base: job.round.base });
      if (job.job === this.session.job) this.saved = payload;
      this.dispatch({ kind: 'trained', job: job.job, payload });
    }
  }

  jobFails(): void {
    const { job } = this;
    this.job = null;
    if (job?.kind === 'train') this.dispatch({ kind: 'diverged', job: job.job });
    if (job?.kind === 'sync') this.dispatch({ kind: 'disconnected', problem: lost, jitter: 0.5 });
  }

  opens(): void {
    this.open = true;
    this.accepted = null;
    this.attempt++;
    if (this.connected) this.tellOpen();
  }

  commits(): void {
    this.open = false;
    if (this.accepted !== null) this.counted.add(this.accepted);
    this.accepted = null;
    const { round } = this;
    this.round++;
    this.attempt = 0;
    this.base = `base ${this.round}`;
    if (this.connected)
      this.toNode.push({
        kind: 'committed',
        round,
        base: this.base,
        contributions: 1,
        tokens: 1,
        fate: null,
      });
  }

  abandons(): void {
    this.open = false;
    if (this.connected) this.toNode.push({ kind: 'abandoned', round: this.round });
  }

  /** Plays on without any further failure. */
  settle(until: () => boolean): boolean {
    for (let i = 0; i < 200 && !until(); i++) {
      const can = this.possible();
      const next = forward.find((name) => can[name]);
      if (next === undefined) return until();
      can[next]?.();
    }
    return until();
  }
}
