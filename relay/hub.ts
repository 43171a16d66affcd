import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Clock } from './clock.ts';
import { Connection } from './connection.ts';
import { Doorway, type RelayLimits } from './limits.ts';
import type { Logger } from './log.ts';
import { codeName, type Metrics } from './metrics.ts';
import type { NodeKey } from './round.ts';
import type { Run, RunEvent } from './run.ts';
import { type Member, Session } from './session.ts';
import type { DraftToNode } from './wire/frames.ts';
import { fromHex } from './wire/hex.ts';
import { GoodbyeReason, RefusalCode } from './wire/tapestry_pb.js';

export interface HubOptions {
  readonly run: Run;
  readonly limits: RelayLimits;
  readonly metrics: Metrics;
  /** Null where anyone may join. */
  readonly token: string | null;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Everyone who is connected, and what happens to all of them at once. */
export class Hub {
  readonly run: Run;
  readonly limits: RelayLimits;
  readonly metrics: Metrics;
  readonly token: string | null;
  readonly log: Logger;
  readonly clock: Clock;
  /** Called when something that the status shows has changed. */
  onChange: () => void = () => {};
  onComplete: () => void = () => {};

  readonly #doorway: Doorway;
  readonly #sessions = new Set<Session>();
  readonly #members = new Map<NodeKey, Session>();
  #openedAt: number | null;
  #storageFails = false;
  #tickedAt: number;

  constructor(options: HubOptions) {
    this.run = options.run;
    this.limits = options.limits;
    this.metrics = options.metrics;
    this.token = options.token;
    this.log = options.log;
    this.clock = options.clock;
    this.#tickedAt = this.clock.elapsed();
    this.#doorway = new Doorway(options.limits);
    this.#openedAt = this.run.current().openedAt;
    this.metrics.round.set(this.run.current().round);
    this.run.onEvent = (event) => this.#happened(event);
  }

  /** False from when something could not be made durable until something was again. */
  get healthy(): boolean {
    return !this.#storageFails;
  }

  /** Nodes that have joined, in the order they did. */
  members(): Iterable<Session> {
    return this.#members.values();
  }

  /** Takes a WebSocket that was just opened; `stream` is what it reads from. */
  connected(socket: WebSocket, stream: Duplex, address: string): void {
    const connection = new Connection(socket, stream, this.limits, this.metrics, this.clock);
    const visit = this.#doorway.enter(address);
    if (visit === null) {
      this.refused(RefusalCode.TOO_MANY);
      connection.send({
        case: 'refusal',
        value: { code: RefusalCode.TOO_MANY, round: this.run.current().round },
      });
      connection.end(GoodbyeReason.REFUSED);
      return;
    }
    this.#sessions.add(new Session(connection, this, visit));
    this.metrics.connections.set(this.#sessions.size);
  }

  /** Whether a node with this key may join: there is room, or it takes its own place again. */
  hasRoom(key: NodeKey): boolean {
    return this.#members.has(key) || this.#members.size < this.run.manifest.limits.maxNodes;
  }

  /** A node was welcomed. An older connection of its key ends, without the node having left. */
  joined(session: Session, { key, host, nation }: Member): void {
    const older = this.#members.get(key);
    this.#members.set(key, session);
    this.metrics.nodes.inc({ host });
    if (older === undefined) this.run.nodeJoined(key, host, nation);
    else older.superseded();
    if (this.run.current().phase === 'complete') session.connection.end(GoodbyeReason.RUN_COMPLETE);
    else session.roundOpened();
    this.onChange();
  }

  closed(session: Session): void {
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

  /** Lets time pass. */
  tick(): void {
    const now = this.clock.elapsed();
    // In a long commit, or while the machine slept, the relay heard nobody: that was not the nodes' silence.
    const away = now - this.#tickedAt;
    this.#tickedAt = now;
    for (const { connection } of this.#sessions) {
      if (away > this.limits.heartbeat) connection.excuse(away);
      connection.checkDeadline(now);
    }
    this.run.tick();
  }

  /** Says goodbye to everyone; resolves when the last socket is closed, or when the time for that is over. */
  async close(): Promise<void> {
    for (const session of this.#sessions) session.connection.end(GoodbyeReason.RELAY_STOPPING);
    const deadline = performance.now() + this.limits.close + 100;
    while (this.#sessions.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
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
        this.#openedAt = this.run.current().openedAt;
        this.metrics.round.set(event.round);
        for (const session of this.#members.values()) session.roundOpened();
        break;
      case 'committed': {
        const { round, base, contributions, tokens } = event;
        this.metrics.rounds.inc({ outcome: 'committed' });
        this.metrics.tokens.inc(tokens);
        if (this.#openedAt !== null)
          this.metrics.roundSeconds.observe((this.clock.now() - this.#openedAt) / 1000);
        this.#closeRound({
          case: 'commit',
          value: { round, base: fromHex(base), contributions, tokens: BigInt(tokens) },
        });
        this.log.info({ round, base, contributions, tokens }, 'round committed');
        break;
      }
      case 'abandoned':
        this.metrics.rounds.inc({ outcome: 'abandoned' });
        this.#closeRound({ case: 'abandon', value: { round: event.round } });
        this.log.warn({ round: event.round }, 'round abandoned: too few contributions by its deadline');
        break;
      case 'complete':
        for (const session of this.#members.values()) session.connection.end(GoodbyeReason.RUN_COMPLETE);
        this.onComplete();
        break;
    }
    this.onChange();
  }

  #closeRound(message: DraftToNode): void {
    for (const session of this.#members.values()) {
      session.roundClosed();
      session.connection.send(message);
    }
  }
}
