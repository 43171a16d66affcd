import type { Clock } from '../run/clock.ts';
import type { Run } from '../run/run.ts';
import { type MessageToRelay, protocolVersion, unlistedCorpus } from '../wire/frames.ts';
import type { NodeKey } from '../wire/hex.ts';
import { fromHex, toHex } from '../wire/hex.ts';
import { isPlausibleProgress } from '../wire/reported.ts';
import {
  type Chunk,
  GoodbyeReason,
  type Heartbeat,
  HostKind,
  type Join,
  NodeState,
  type Offer,
  RefusalCode,
} from '../wire/tapestry_pb.js';
import { refusalOfJoin } from './admission.ts';
import type { Budget } from './budget/budget.ts';
import type { Connection, ConnectionHandler } from './connection.ts';
import type { ConnectionSlot } from './connection-slot.ts';
import type { Invitations } from './invitations.ts';
import type { RelayLimits } from './limits.ts';
import type { Logger } from './log.ts';

export type HostName = 'browser' | 'node' | 'deno';

const hosts: Readonly<Record<HostKind, HostName | null>> = {
  [HostKind.UNSPECIFIED]: null,
  [HostKind.BROWSER]: 'browser',
  [HostKind.NODE]: 'node',
  [HostKind.DENO]: 'deno',
};

/** A node that has joined. */
export interface Member {
  readonly key: NodeKey;
  readonly host: HostName;
  /** Index into the manifest's corpora; null for a corpus that it does not list. */
  readonly corpus: number | null;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
}

/** The server as one session sees it. */
export interface ServerContext {
  readonly run: Run;
  readonly limits: RelayLimits;
  readonly budget: Budget;
  readonly invitations: Invitations;
  readonly log: Logger;
  readonly clock: Clock;
  /** True if a node with this key may join: there is room, or the key replaces its own older connection. */
  hasRoom(key: NodeKey): boolean;
  /** The session was welcomed as `member`. */
  joined(session: NodeSession, member: Member): void;
  /** The session's connection is closed. */
  closed(session: NodeSession): void;
  /** The session sends a refusal with this code. */
  refused(code: RefusalCode): void;
  /** The session acknowledges a contribution, which took so many seconds to journal. */
  acknowledged(seconds: number): void;
  /** The node reported progress that the status shows. */
  progressed(): void;
}

/** A node's last report on its work in the current round. */
export interface ReportedProgress {
  readonly state: NodeState;
  readonly steps: number;
  readonly trainingLoss: number | null;
  readonly tokensPerSecond: number;
  /** Bytes of bodies that the node says it downloaded since it began to connect. */
  readonly bytesDownloaded: number;
}

const fresh: ReportedProgress = {
  state: NodeState.WAITING,
  steps: 0,
  trainingLoss: null,
  tokensPerSecond: 0,
  bytesDownloaded: 0,
};

/**
 * One node's conversation, from Challenge to Goodbye. Every message gets an answer or a refusal with a code. A node can do
 * no more harm to a round than to be absent from it.
 */
export class NodeSession implements ConnectionHandler {
  readonly connection: Connection;
  readonly #server: ServerContext;
  readonly #nonce = crypto.getRandomValues(new Uint8Array(32));
  readonly #slot: ConnectionSlot;
  #member: Member | null = null;
  #progress = fresh;
  /** Chunks in flight when an upload is refused are dropped without a refusal each. */
  #upload: 'none' | 'open' | 'refused' = 'none';
  /** Bytes of the open upload that have not come yet. */
  #missing = 0;
  #openedRound: number | null = null;
  #refusals = 0;
  /** The time at which a wrong token is answered; null if there was none. */
  #answerAt: number | null = null;

  constructor(connection: Connection, server: ServerContext, slot: ConnectionSlot) {
    this.connection = connection;
    this.#server = server;
    this.#slot = slot;
    connection.listen(this);
    connection.send({
      case: 'challenge',
      value: {
        protocol: protocolVersion,
        nonce: this.#nonce,
        run: fromHex(server.run.id),
        tokenNeeded: server.invitations.needed,
      },
    });
  }

  /** Null until the node has joined. */
  get member(): Member | null {
    return this.#member;
  }

  get progress(): ReportedProgress {
    return this.#progress;
  }

  /** Sends RoundOpen for the open round, once. */
  roundOpened(): void {
    const { round, attempt, base, normBound, phase, remainingMs } = this.#server.run.current();
    const isOpen = phase === 'training' || phase === 'grace';
    if (!isOpen || remainingMs === null || this.#openedRound === round) return;
    this.#openedRound = round;
    const { state, bytesDownloaded } = this.#progress;
    this.#progress = { ...fresh, state, bytesDownloaded };
    const { pace, manifest } = this.#server.run;
    const localSteps = this.#member === null ? manifest.strategy.localSteps : pace.stepsOf(this.#member.key);
    const deadlineMs = Math.round(remainingMs);
    this.connection.send({
      case: 'roundOpen',
      value: { round, attempt, base: fromHex(base), localSteps, deadlineMs, normBound },
    });
  }

  /** Sends the plan of the open round, if it has one. */
  roundPlanned(): void {
    const { run } = this.#server;
    const { round, attempt, plan } = run.current();
    if (this.#member === null || plan === null || this.#openedRound !== round) return;
    const { trainingMs, uploadMs } = run.pace.measured(this.#member.key);
    const workMs = Math.round(plan.workMs);
    const { graceMs, plannedMs } = plan;
    this.connection.send({
      case: 'roundPlan',
      value: { round, attempt, workMs, graceMs, plannedMs, trainingMs, uploadMs },
    });
  }

  /** The round was committed or abandoned. */
  roundClosed(): void {
    this.#openedRound = null;
  }

  /** The same key joined over a newer connection, which replaces this one. */
  superseded(): void {
    this.refused(RefusalCode.ALREADY_CONNECTED);
    this.connection.end(GoodbyeReason.REFUSED);
  }

  /** The presenter removed this node. */
  removed(): void {
    this.#turnAway(RefusalCode.REMOVED);
  }

  async received(message: MessageToRelay): Promise<void> {
    try {
      // Nothing is heard from a node that waits for the answer to a wrong token.
      if (this.#answerAt !== null) return;
      if (this.#member !== null) await this.#asMember(this.#member.key, message);
      else if (message.case === 'join') await this.#join(message.value);
      else this.#turnAway(RefusalCode.UNEXPECTED);
    } catch (error) {
      this.#server.log.error({ err: error, message: message.case }, 'a message could not be handled');
      this.refused(RefusalCode.STORAGE);
    }
  }

  refused(code: RefusalCode): void {
    this.#server.refused(code);
    this.connection.send({ case: 'refusal', value: { code, round: this.#server.run.current().round } });
    if (++this.#refusals >= this.#server.limits.refusals) this.connection.end(GoodbyeReason.REFUSED);
  }

  /** Does what is due at `now`, on the monotonic clock. */
  tick(now: number): void {
    this.connection.checkDeadline(now);
    if (this.#answerAt !== null && now >= this.#answerAt && !this.connection.ended)
      this.#turnAway(RefusalCode.BAD_TOKEN);
  }

  closed(): void {
    this.#slot.left();
    this.#server.closed(this);
  }

  #turnAway(code: RefusalCode): void {
    this.refused(code);
    this.connection.end(GoodbyeReason.REFUSED);
  }

  async #join(join: Join): Promise<void> {
    const { run, limits, budget, invitations } = this.#server;
    const { address } = this.#slot;
    const { manifest, manifestBytes, manifestSignature } = run;
    const invited = invitations.holderOf(join, this.#nonce, address);
    // A right token is admitted however many wrong ones its address sent: other people may be behind it.
    if (invited !== null && !budget.spend('joins', address)) return this.#turnAway(RefusalCode.TOO_MANY);
    const key = toHex(join.publicKey);
    // Asked before the signature is verified, which costs the most of a join.
    if (invited !== null && !budget.mayBeSeated(key, invited.holder, invited.seats))
      return this.#turnAway(RefusalCode.TOO_MANY);
    const context = { nonce: this.#nonce, run: fromHex(run.id), manifest, isInvited: invited !== null };
    const code = await refusalOfJoin(join, context);
    if (code === RefusalCode.BAD_TOKEN) return this.#guessedWrong();
    const host = hosts[join.host];
    if (code !== null || host === null || invited === null)
      return this.#turnAway(code ?? RefusalCode.OUT_OF_LIMIT);
    if (run.hasRemoved(key)) return this.#turnAway(RefusalCode.REMOVED);
    if (this.connection.ended) return;
    // The signature was checked before, so nobody can use up the joins or the seat of another's key.
    const mayJoin =
      budget.spend('key-joins', key) &&
      this.#server.hasRoom(key) &&
      budget.seat(key, invited.holder, invited.seats);
    if (!mayJoin) return this.#turnAway(RefusalCode.TOO_MANY);
    const corpus = join.corpus === unlistedCorpus ? null : join.corpus;
    this.#member = { key, host, corpus, connectedAt: this.#server.clock.now() };
    this.connection.admit();
    this.#slot.joined(key);
    const { round, base } = run.current();
    this.connection.send({
      case: 'welcome',
      value: {
        manifest: manifestBytes,
        signature: manifestSignature,
        round,
        base: fromHex(base),
        heartbeatMs: limits.heartbeat,
        checkpoint: run.checkpoint() ?? new Uint8Array(),
      },
    });
    this.#server.joined(this, this.#member);
  }

  /** Answers a wrong token, later if the address sent many. */
  #guessedWrong(): void {
    const now = this.#server.clock.elapsed();
    const delay = this.#server.budget.guesses.delayOf(this.#slot.address, now);
    if (delay === 0) this.#turnAway(RefusalCode.BAD_TOKEN);
    else this.#answerAt = now + delay;
  }

  async #asMember(key: NodeKey, message: MessageToRelay): Promise<void> {
    switch (message.case) {
      case 'join':
        return this.refused(RefusalCode.UNEXPECTED);
      case 'offer':
        return this.#offer(key, message.value);
      case 'chunk':
        return this.#chunk(key, message.value);
      case 'heartbeat':
        return this.#heartbeat(key, message.value);
      case 'leave':
        return this.connection.close();
    }
  }

  async #offer(key: NodeKey, offer: Offer): Promise<void> {
    const answer = await this.#server.run.offer(key, offer);
    if ('refusal' in answer) {
      this.#upload = 'refused';
      return this.refused(answer.refusal);
    }
    if ('acknowledgement' in answer) {
      this.#upload = 'none';
      return this.connection.send({ case: 'acknowledgement', value: answer.acknowledgement });
    }
    this.#upload = 'open';
    this.#missing = offer.payloadBytes - answer.resume;
    this.connection.send({ case: 'resume', value: { payload: offer.payload, offset: answer.resume } });
  }

  async #chunk(key: NodeKey, chunk: Chunk): Promise<void> {
    if (this.#upload === 'refused') return;
    if (this.#upload === 'none') return this.refused(RefusalCode.UNEXPECTED);
    this.#missing -= chunk.data.length;
    const answering = this.#answer(this.#server.run.chunk(key, chunk));
    // An arrival may wait for its round, and the node's heartbeats must not wait with it.
    const mayWait = this.#missing <= 0 && this.#server.run.manifest.pace.case === 'arrivals';
    if (!mayWait) await answering;
  }

  async #answer(received: ReturnType<Run['chunk']>): Promise<void> {
    const started = this.#server.clock.elapsed();
    const answer = await received;
    if (answer === null) return;
    if ('refusal' in answer) {
      this.#upload = 'refused';
      return this.refused(answer.refusal);
    }
    this.#upload = 'none';
    this.#server.acknowledged((this.#server.clock.elapsed() - started) / 1000);
    this.connection.send({ case: 'acknowledgement', value: answer.acknowledgement });
  }

  #heartbeat(key: NodeKey, heartbeat: Heartbeat): void {
    const { manifest } = this.#server.run;
    const { steps, tokensPerSecond, trainingLoss } = heartbeat;
    if (!isPlausibleProgress(heartbeat, manifest)) {
      this.refused(RefusalCode.OUT_OF_LIMIT);
      return;
    }
    const { pace } = this.#server.run;
    const current = pace.isRecent(heartbeat.round);
    this.#progress = {
      state: heartbeat.state,
      steps: current ? steps : 0,
      trainingLoss: current && steps > 0 ? trainingLoss : this.#progress.trainingLoss,
      // A paused node has no speed. A short round may take a part of a second: what is shown stays within the tokens of a round.
      tokensPerSecond:
        heartbeat.state === NodeState.PAUSED ? 0 : Math.min(tokensPerSecond, manifest.limits.maxTokens),
      bytesDownloaded: Number(heartbeat.bytesDownloaded),
    };
    pace.takesPart(key, heartbeat.state !== NodeState.FOLLOWING && heartbeat.state !== NodeState.PAUSED);
    if (current) pace.reported(key, steps, tokensPerSecond);
    this.#server.progressed();
    this.connection.send({ case: 'pulse', value: {} });
  }
}
