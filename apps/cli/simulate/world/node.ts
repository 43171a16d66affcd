import { heartbeatOf } from '../../../../client/contribute/protocol/heartbeat.ts';
import { plannedRound } from '../../../../client/contribute/protocol/round-plan.ts';
import type { GrantedPart } from '../../../../client/contribute/session/part.ts';
import { steadyMilliseconds } from '../../../../client/contribute/session/relay-loss.ts';
import { isPassing, silent, stopping } from '../../../../client/contribute/session/relay-problems.ts';
import {
  type Effect,
  newSession,
  type Session,
  type SessionEvent,
} from '../../../../client/contribute/session/state.ts';
import { TapestryError } from '../../../../client/errors.ts';
import type { Random } from '../../../../client/random.ts';
import { noProgress } from '../../../../client/train/loop/training-progress.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import { NodeState } from '../../../../relay/wire/tapestry_pb.js';
import { broken } from '../invariants/invariant.ts';
import type { RelayInvariants } from '../invariants/relay-invariants.ts';
import { checkSession } from '../invariants/session-invariants.ts';
import type { EventQueue } from './event-queue.ts';
import type { Machines } from './machines.ts';
import type { NodeNumber, ToNode, ToRelay } from './messages.ts';
import type { Link } from './network.ts';
import { NodeWork } from './node-work.ts';
import type { VirtualBase } from './virtual-base.ts';
import { bytesOf, stepTimeOf } from './virtual-part.ts';
import type { Work, WorkOwner } from './work.ts';

/** A node's machine. */
export interface NodeDevice {
  /** Index into the world's speed classes. */
  readonly speedClass: number;
  /** Milliseconds that one local step takes. */
  readonly stepMs: number;
  readonly link: Link;
  /** Claims all local steps of a round and does one. */
  readonly boasts?: boolean | undefined;
  readonly workOf?: ((owner: WorkOwner) => Work) | undefined;
}

/** What a node needs of its world. */
export interface NodeWorld {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly machines: Machines;
  readonly invariants: RelayInvariants;
  readonly payloadBytes: number;
  readonly silenceMs: number;
  /** Rounds ask for work until a moment. */
  readonly isTimed: boolean;
  /** Null in a run that grants no part of its model. */
  readonly part: GrantedPart | null;
  /** How many rounds old work may be: more than 0 in a run with arrivals. */
  readonly staleness: number;
  /** How often a node reports; null where no report matters. */
  readonly heartbeatMs: number | null;
  /** Opens a socket: `done` hears whether the relay answers. */
  connect(node: VirtualNode, done: (answers: boolean) => void): void;
  sendToRelay(node: VirtualNode, message: ToRelay): void;
  /** Downloads a base; null if the relay is not there or the line breaks. The returned function ends the download. */
  download(node: VirtualNode, hash: Hash, done: (base: VirtualBase | null) => void): () => void;
  told(node: VirtualNode, effect: Effect): void;
}

const joinMs = 30_000;

/** An upload is sent in so many parts, so that what arrived of it can be resumed. */
const uploadParts = 4;

const unreachable = () =>
  new TapestryError('relay.unreachable', 'The relay cannot be reached.', 'The node tries again.');

/**
 * A node's edge in a virtual world: what client/contribute/contributor.ts and protocol/relay-client.ts do around the session
 * machine, without sockets and training.
 */
export class VirtualNode {
  readonly number: NodeNumber;
  readonly device: NodeDevice;
  readonly #world: NodeWorld;
  readonly #work: Work;
  #session: Session = newSession;
  #connection = 0;
  #hasSocket = false;
  #waits = false;
  #offeredOver: number | null = null;
  /** Counts the processes of this node; null while none runs. */
  #process: number | null = null;
  #processes = 0;

  constructor(number: NodeNumber, device: NodeDevice, world: NodeWorld) {
    this.number = number;
    this.device = device;
    this.#world = world;
    const owner: WorkOwner = {
      number,
      stepMs: device.stepMs,
      boasts: device.boasts ?? false,
      staleness: world.staleness,
      invariants: world.invariants,
      workLeft: () => {
        if (!world.isTimed) return null;
        const { plan } = this.#session;
        return plan === null ? Number.POSITIVE_INFINITY : plan.workUntil - world.queue.now;
      },
      part: () => this.#session.part?.part ?? 'whole',
      dispatch: (event) => this.dispatch(event),
      later: (milliseconds, act) => this.#later(milliseconds, act),
      unreachable: () => this.#lose(unreachable()),
      download: (base, done) => {
        const process = this.#process;
        return world.download(this, base, (loaded) => {
          if (this.#process === process) done(loaded);
        });
      },
    };
    this.#work = device.workOf?.(owner) ?? new NodeWork(owner);
  }

  get session(): Session {
    return this.#session;
  }

  get connection(): number {
    return this.#connection;
  }

  get runs(): boolean {
    return this.#process !== null && !this.#session.ended;
  }

  /** Starts the node's process with what its disk holds. */
  start(): void {
    if (this.runs) return;
    // A session that ended leaves nothing in memory either, such as a pause.
    this.#work.forget();
    this.#process = ++this.#processes;
    this.#session = this.#work.isNeverLate ? { ...newSession, standing: null } : newSession;
    this.dispatch({ kind: 'start' });
  }

  /** The process ends now. Its socket closes, or falls silent. */
  crash(): void {
    this.#process = null;
    this.#work.forget();
    this.#waits = false;
    this.#close();
  }

  dispatch(event: SessionEvent): void {
    if (this.#process === null) return;
    const before = this.#session.connection;
    const [session, effects] = this.#world.machines.advance(this.#session, event);
    this.#session = session;
    if (before === 'up' && session.connection !== 'up') this.#work.lost();
    for (const effect of effects) this.#perform(effect);
    if (this.#process === null) return;
    checkSession({
      session: this.#session,
      job: this.#work.job,
      hasSocket: this.#hasSocket,
      waits: this.#waits,
      offeredOver: this.#offeredOver,
      connection: this.#connection,
    });
  }

  /** A message that arrived on one of the node's connections; older ones are no longer read. */
  received(connection: number, message: ToNode): void {
    if (connection !== this.#connection || !this.runs || this.#session.connection === 'down') return;
    const jitter = this.#world.random.uniform();
    switch (message.kind) {
      case 'welcomed':
        if (this.#session.connection === 'joining') this.#welcomed(connection, message);
        return;
      case 'closed':
        this.#lose(stopping());
        return;
      case 'refused':
        this.dispatch({ ...message, jitter });
        return;
      case 'goodbye':
        this.dispatch({ ...message, jitter });
        return;
      case 'plan':
        if (this.#session.connection === 'up')
          this.dispatch(plannedRound(message.message, this.#world.queue.now));
        return;
      default:
        // A relay says nothing before its Welcome.
        if (this.#session.connection === 'up') this.dispatch(message);
    }
  }

  /** Nothing was heard on this connection for too long. */
  fellSilent(connection: number): void {
    if (connection === this.#connection && this.runs && this.#session.connection !== 'down')
      this.#lose(silent(this.#world.silenceMs));
  }

  #welcomed(connection: number, message: ToNode & { kind: 'welcomed' }): void {
    const { part: granted, heartbeatMs } = this.#world;
    if (granted !== null && this.#session.part === null)
      this.dispatch({ kind: 'granted', granted, part: this.#work.part });
    const restored = this.#work.welcomed();
    if (restored !== null) this.dispatch(restored);
    this.dispatch(message);
    this.#later(steadyMilliseconds, () => {
      if (connection === this.#connection) this.dispatch({ kind: 'steady' });
    });
    if (heartbeatMs !== null) this.#later(heartbeatMs, () => this.#report(connection, heartbeatMs));
  }

  /** Reports to the relay for as long as this connection lasts. */
  #report(connection: number, every: number): void {
    if (connection !== this.#connection || !this.runs || !this.#hasSocket) return;
    const message = heartbeatOf(this.#session, noProgress, 0);
    if (message.case !== 'heartbeat') return;
    const { state, round = 0 } = message.value;
    const takesPart = state !== NodeState.FOLLOWING && state !== NodeState.PAUSED;
    const stepMs = stepTimeOf(this.device.stepMs, this.#work.part);
    // As in client/train/loop, the progress is that of the last job until the next one trains.
    const facts = { takesPart, round, steps: this.#work.steps, stepMs };
    this.#world.sendToRelay(this, { kind: 'heartbeat', node: this.number, connection, ...facts });
    this.#later(every, () => this.#report(connection, every));
  }

  #lose(problem: TapestryError): void {
    this.#close();
    if (!isPassing(problem)) throw problem;
    this.dispatch({ kind: 'disconnected', problem, jitter: this.#world.random.uniform() });
  }

  #close(): void {
    if (!this.#hasSocket) return;
    this.#hasSocket = false;
    const { number, connection } = this;
    this.#world.sendToRelay(this, { kind: 'close', node: number, connection });
  }

  #perform(effect: Effect): void {
    this.#world.told(this, effect);
    switch (effect.kind) {
      case 'connect':
        this.#connect();
        return;
      case 'disconnect':
        this.#close();
        return;
      case 'wait':
        this.#waits = true;
        this.#later(effect.milliseconds, () => {
          this.#waits = false;
          this.dispatch({ kind: 'retry' });
        });
        return;
      case 'sync':
        this.#work.sync(effect.job, effect.round);
        return;
      case 'train':
        this.#work.train(effect.job, effect.round);
        return;
      case 'stop':
      case 'conclude':
        this.#work.stop();
        return;
      case 'hold':
      case 'release':
        this.#work.hold(effect.kind === 'hold');
        return;
      case 'offer':
        this.#offer(effect.payload);
        return;
      case 'upload':
        this.#upload(effect.payload, effect.offset);
        return;
      case 'accept':
        this.#work.accept(effect.payload, effect.sequence);
        return;
      case 'settle':
        this.#work.settle(effect.payload);
        return;
      case 'discard':
        this.#work.discard(effect.payload);
        return;
      case 'end':
        this.#close();
        this.#work.ended();
        return;
    }
  }

  #connect(): void {
    const connection = ++this.#connection;
    this.#hasSocket = true;
    const isPresent = () => connection === this.#connection && this.#hasSocket;
    const joining = this.#process;
    this.#world.connect(this, (answers) => {
      if (this.#process !== joining || !isPresent()) return;
      if (!answers) return this.#lose(unreachable());
      this.dispatch({ kind: 'connected' });
      this.#world.sendToRelay(this, { kind: 'join', node: this.number, connection });
    });
    this.#later(joinMs, () => {
      const joined = this.#session.connection === 'up';
      if (isPresent() && !joined) this.#lose(silent(joinMs));
    });
  }

  #offer(payload: Hash): void {
    const made = this.#work.made(payload);
    const { open, work } = this.#session;
    const { invariants, staleness } = this.#world;
    const age = (open?.round ?? 0) - made.round;
    const isOwn =
      staleness === 0 ? open?.base === made.base : invariants.baseBefore(made.round) === made.base;
    const isOpen = age >= 0 && age <= staleness && isOwn;
    if (!isOpen && work.kind !== 'asked')
      broken('same-base', `node ${this.number} offers work on round ${made.round} to round ${open?.round}`);
    this.#offeredOver = this.#connection;
    this.#world.sendToRelay(this, {
      kind: 'offer',
      node: this.number,
      connection: this.#connection,
      ...made,
    });
  }

  #upload(payload: Hash, offset: number): void {
    const payloadBytes = bytesOf(this.#world.payloadBytes, this.#work.made(payload).part);
    const part = Math.ceil(payloadBytes / uploadParts);
    for (let from = offset; from < payloadBytes; from += part) {
      const to = Math.min(payloadBytes, from + part);
      this.#world.sendToRelay(this, {
        ...{ kind: 'chunk', node: this.number, connection: this.#connection },
        ...{ from, to },
      });
    }
  }

  /** Runs `act` after so many milliseconds, if this process still runs. */
  #later(milliseconds: number, act: () => void): void {
    const process = this.#process;
    this.#world.queue.after(milliseconds, () => {
      if (this.#process === process && process !== null) act();
    });
  }
}
