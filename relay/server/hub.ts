import type { Clock } from '../run/clock.ts';
import type { NodeKey, Run, RunEvent } from '../run/run.ts';
import { codeName } from '../wire/code-name.ts';
import type { DraftToNode } from '../wire/frames.ts';
import { fromHex } from '../wire/hex.ts';
import { GoodbyeReason, RefusalCode } from '../wire/tapestry_pb.js';
import type { Budget } from './budget/budget.ts';
import { MessageMeter } from './budget/message-meter.ts';
import { Connection } from './connection.ts';
import { ConnectionSlot } from './connection-slot.ts';
import { fateOf } from './fate.ts';
import type { Invitations } from './invitations.ts';
import type { RelayLimits } from './limits.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import { type Member, NodeSession, type ServerContext } from './node-session.ts';
import type { Transport } from './transport/transport.ts';

export interface HubOptions {
  readonly run: Run;
  readonly limits: RelayLimits;
  readonly metrics: Metrics;
  readonly budget: Budget;
  readonly invitations: Invitations;
  readonly log: Logger;
  readonly clock: Clock;
}

/** All connections, and the events that concern all of them. */
export class Hub implements ServerContext {
  readonly run: Run;
  readonly limits: RelayLimits;
  readonly metrics: Metrics;
  readonly budget: Budget;
  readonly invitations: Invitations;
  readonly log: Logger;
  readonly clock: Clock;
  /** Called when a fact that the status shows has changed. */
  onChange: () => void = () => {};
  onComplete: () => void = () => {};

  readonly #closing = new AbortController();
  readonly #sessions = new Set<NodeSession>();
  readonly #members = new Map<NodeKey, NodeSession>();
  /** On the monotonic clock; null for a round that an earlier process opened. */
  #openedAt: number | null = null;
  /** What waits for a time, on the monotonic clock. */
  readonly #delayed = new Set<{ readonly at: number; readonly wake: () => void }>();
  #storageFails = false;
  #tickedAt: number;

  constructor(options: HubOptions) {
    this.run = options.run;
    this.limits = options.limits;
    this.metrics = options.metrics;
    this.budget = options.budget;
    this.invitations = options.invitations;
    this.log = options.log;
    this.clock = options.clock;
    this.#tickedAt = this.clock.elapsed();
    this.metrics.round.set(this.run.current().round);
    void this.#follow(this.run.events(this.#closing.signal));
  }

  /** False after a write to the disk failed, until one succeeds. */
  get healthy(): boolean {
    return !this.#storageFails;
  }

  /** Nodes that have joined, in the order in which they joined. */
  members(): Iterable<NodeSession> {
    return this.#members.values();
  }

  /** Takes a connection that was just opened. `pin` is called when its node has joined. */
  connected(transport: Transport, address: string, pin: () => void): void {
    const meter = new MessageMeter(this.budget, address, this.limits.freeFrame);
    const connection = new Connection(transport, meter, this);
    const place = this.budget.take('connections', address);
    const joining =
      typeof place === 'string'
        ? place
        : this.budget.take('joining', address, () => connection.end(GoodbyeReason.REFUSED));
    if (typeof place === 'string' || typeof joining === 'string') {
      if (typeof place !== 'string') place.leave();
      this.refused(RefusalCode.TOO_MANY);
      connection.send({
        case: 'refusal',
        value: { code: RefusalCode.TOO_MANY, round: this.run.current().round },
      });
      connection.end(GoodbyeReason.REFUSED);
      return;
    }
    const slot = new ConnectionSlot(this.budget, { address, meter, place, joining, pin });
    this.#sessions.add(new NodeSession(connection, this, slot));
    this.metrics.connections.set(this.#sessions.size);
  }

  hasRoom(key: NodeKey): boolean {
    return this.#members.has(key) || this.#members.size < this.run.manifest.limits.maxNodes;
  }

  /** Registers a node. An older connection of its key is ended; the node counts as connected throughout. */
  joined(session: NodeSession, { key, host, corpus }: Member): void {
    const older = this.#members.get(key);
    this.#members.set(key, session);
    this.metrics.nodes.inc({ host });
    this.run.nodeJoined(key, corpus);
    older?.superseded();
    if (this.run.current().phase === 'complete') session.connection.end(GoodbyeReason.RUN_COMPLETE);
    else {
      session.roundOpened();
      session.roundPlanned();
    }
    this.onChange();
  }

  closed(session: NodeSession): void {
    this.#sessions.delete(session);
    this.metrics.connections.set(this.#sessions.size);
    const { member } = session;
    if (member === null) return;
    this.metrics.nodes.dec({ host: member.host });
    if (this.#members.get(member.key) !== session) return;
    this.#members.delete(member.key);
    this.run.nodeLeft(member.key);
    this.onChange();
  }

  refused(code: RefusalCode): void {
    this.metrics.refusals.inc({ code: codeName(code) });
    this.run.refused(code);
    if (code === RefusalCode.STORAGE) this.#storageFails = true;
    this.onChange();
  }

  acknowledged(seconds: number): void {
    this.metrics.contributions.inc();
    this.metrics.journalSeconds.observe(seconds);
    this.#storageFails = false;
    this.onChange();
  }

  progressed(): void {
    this.onChange();
  }

  /** Resolves at the first tick after so many milliseconds, or when the relay closes. */
  after(milliseconds: number): Promise<void> {
    if (milliseconds === 0) return Promise.resolve();
    const at = this.clock.elapsed() + milliseconds;
    return new Promise((wake) => this.#delayed.add({ at, wake }));
  }

  /** Checks the deadlines of every connection and of the run. */
  tick(): void {
    const now = this.clock.elapsed();
    // If the relay itself was busy or asleep for longer than a heartbeat, that time does not count as the nodes' silence.
    const away = now - this.#tickedAt;
    this.#tickedAt = now;
    for (const session of this.#sessions) {
      if (away > this.limits.heartbeat) session.connection.excuse(away);
      session.tick(now);
    }
    for (const delayed of this.#delayed) {
      if (now < delayed.at) continue;
      this.#delayed.delete(delayed);
      delayed.wake();
    }
    void this.run.tick();
  }

  /** Sends every node a Goodbye; resolves when the last connection is closed, at the latest after `limits.close` and 100 ms. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const { wake } of this.#delayed) wake();
    for (const session of this.#sessions) session.connection.end(GoodbyeReason.RELAY_STOPPING);
    const deadline = performance.now() + this.limits.close + 100;
    while (this.#sessions.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #follow(events: AsyncIterable<RunEvent>): Promise<void> {
    for await (const event of events) {
      try {
        this.#happened(event);
      } catch (error) {
        this.log.error({ err: error, event: event.type }, 'an event of the run could not be handled');
      }
    }
  }

  #happened(event: RunEvent): void {
    if (event.type === 'trouble') {
      const { code, message, next } = event.error;
      this.log.error({ code, next }, message);
    }
    this.#storageFails = event.type === 'trouble';
    switch (event.type) {
      case 'opened':
        this.#openedAt = this.clock.elapsed();
        this.metrics.round.set(event.round);
        for (const session of this.#members.values()) session.roundOpened();
        break;
      case 'planned':
        for (const session of this.#members.values()) session.roundPlanned();
        break;
      case 'committed': {
        const { round, base, state, contributions, tokens, fates } = event;
        this.metrics.rounds.inc({ outcome: 'committed' });
        this.metrics.tokens.inc(tokens);
        if (this.#openedAt !== null)
          this.metrics.roundSeconds.observe((this.clock.elapsed() - this.#openedAt) / 1000);
        const commit = {
          round,
          state: state.map(fromHex),
          contributions,
          tokens: BigInt(tokens),
          checkpoint: this.run.checkpoint() ?? new Uint8Array(),
        };
        this.#closeRound((key) => ({ case: 'commit', value: { ...commit, ...fateOf(fates.get(key)) } }));
        this.log.info({ round, base, contributions, tokens }, 'round committed');
        break;
      }
      case 'abandoned':
        this.metrics.rounds.inc({ outcome: 'abandoned' });
        this.#closeRound(() => ({ case: 'abandon', value: { round: event.round } }));
        this.log.warn(
          { round: event.round, loss: event.loss, next: event.loss === null ? null : unlikeProbe },
          event.loss === null
            ? 'round abandoned: too few contributions by its deadline'
            : 'round abandoned: the guard does not allow its base',
        );
        break;
      case 'removed':
        this.#members.get(event.node)?.removed();
        break;
      case 'complete':
        for (const session of this.#members.values()) session.connection.end(GoodbyeReason.RUN_COMPLETE);
        this.onComplete();
        break;
    }
    this.onChange();
  }

  #closeRound(messageTo: (key: NodeKey) => DraftToNode): void {
    this.budget.seats.roundEnded();
    for (const [key, session] of this.#members) {
      session.roundClosed();
      session.connection.send(messageTo(key));
    }
  }
}

const unlikeProbe =
  'If this happens again and again, nodes train on text unlike the probe, or send harmful contributions: start a run with ' +
  '--probe FILE of such text, or bound who joins with --seats and --invitations.';
