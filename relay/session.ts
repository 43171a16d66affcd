import { refusalOfJoin } from './admission.ts';
import type { Connection, ConnectionHandler } from './connection.ts';
import type { Hub } from './hub.ts';
import type { Visit } from './limits.ts';
import type { NodeKey } from './round.ts';
import { type MessageToRelay, protocolVersion, unlistedNation } from './wire/frames.ts';
import { fromHex, toHex } from './wire/hex.ts';
import {
  type Chunk,
  GoodbyeReason,
  type Heartbeat,
  HostKind,
  type Join,
  NodeState,
  type Offer,
  RefusalCode,
} from './wire/tapestry_pb.js';

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
  /** Index into the manifest's nations; null for a corpus it does not list. */
  readonly nation: number | null;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
}

/** What a node last said of its work on the present round. */
export interface Progress {
  readonly state: NodeState;
  readonly steps: number;
  readonly trainingLoss: number | null;
  readonly tokensPerSecond: number;
}

const fresh: Progress = { state: NodeState.WAITING, steps: 0, trainingLoss: null, tokensPerSecond: 0 };

/**
 * One node's conversation, from Challenge to Goodbye. Whatever a node does here ends in an answer or in a refusal with
 * its code; the worst it can do to the round is to be absent from it.
 */
export class Session implements ConnectionHandler {
  readonly connection: Connection;
  readonly #hub: Hub;
  readonly #nonce = crypto.getRandomValues(new Uint8Array(32));
  readonly #visit: Visit;
  #member: Member | null = null;
  #progress = fresh;
  /** Chunks that were on their way when an upload was refused are not refused once more each. */
  #upload: 'none' | 'open' | 'refused' = 'none';
  #openedRound: number | null = null;
  #refusals = 0;

  constructor(connection: Connection, hub: Hub, visit: Visit) {
    this.connection = connection;
    this.#hub = hub;
    this.#visit = visit;
    connection.listen(this);
    connection.send({
      case: 'challenge',
      value: {
        protocol: protocolVersion,
        nonce: this.#nonce,
        run: fromHex(hub.run.id),
        tokenNeeded: hub.token !== null,
      },
    });
  }

  /** Null until the node has joined. */
  get member(): Member | null {
    return this.#member;
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** Tells the node of the open round, once. */
  roundOpened(): void {
    const { round, attempt, base, phase, deadlineAt } = this.#hub.run.current();
    const isOpen = phase === 'training' || phase === 'grace';
    if (!isOpen || deadlineAt === null || this.#openedRound === round) return;
    this.#openedRound = round;
    this.#progress = { ...fresh, state: this.#progress.state };
    const deadlineMs = Math.max(0, Math.round(deadlineAt - this.#hub.clock.now()));
    const { localSteps } = this.#hub.run.manifest.strategy;
    this.connection.send({
      case: 'roundOpen',
      value: { round, attempt, base: fromHex(base), localSteps, deadlineMs },
    });
  }

  /** The round is over, whether it made a base or not. */
  roundClosed(): void {
    this.#openedRound = null;
  }

  /** The same key joined over a newer connection. */
  superseded(): void {
    this.refused(RefusalCode.ALREADY_CONNECTED);
    this.connection.end(GoodbyeReason.REFUSED);
  }

  async received(message: MessageToRelay): Promise<void> {
    try {
      if (this.#member !== null) await this.#asMember(this.#member.key, message);
      else if (message.case === 'join') await this.#join(message.value);
      else this.#turnAway(RefusalCode.UNEXPECTED);
    } catch (error) {
      this.#hub.log.error({ err: error, message: message.case }, 'a message could not be handled');
      this.refused(RefusalCode.STORAGE);
    }
  }

  refused(code: RefusalCode): void {
    this.#hub.refused(code);
    this.connection.send({ case: 'refusal', value: { code, round: this.#hub.run.current().round } });
    if (++this.#refusals >= this.#hub.limits.refusals) this.connection.end(GoodbyeReason.REFUSED);
  }

  closed(): void {
    this.#visit.left();
    this.#hub.closed(this);
  }

  #turnAway(code: RefusalCode): void {
    this.refused(code);
    this.connection.end(GoodbyeReason.REFUSED);
  }

  async #join(join: Join): Promise<void> {
    const { run, token, limits } = this.#hub;
    const { manifest, manifestBytes, manifestSignature } = run;
    const threshold = { nonce: this.#nonce, run: fromHex(run.id), manifest, token };
    const code = await refusalOfJoin(join, threshold);
    const host = hosts[join.host];
    if (code !== null || host === null) return this.#turnAway(code ?? RefusalCode.OUT_OF_LIMIT);
    if (this.connection.ended) return;
    const key = toHex(join.publicKey);
    if (!this.#hub.hasRoom(key)) return this.#turnAway(RefusalCode.TOO_MANY);
    const nation = join.nation === unlistedNation ? null : join.nation;
    this.#member = { key, host, nation, connectedAt: this.#hub.clock.now() };
    this.connection.admit();
    this.#visit.joined();
    const { round, base } = run.current();
    this.connection.send({
      case: 'welcome',
      value: {
        manifest: manifestBytes,
        signature: manifestSignature,
        round,
        base: fromHex(base),
        heartbeatMs: limits.heartbeat,
      },
    });
    this.#hub.joined(this, this.#member);
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
        return this.#heartbeat(message.value);
      case 'leave':
        return this.connection.close();
    }
  }

  async #offer(key: NodeKey, offer: Offer): Promise<void> {
    const answer = await this.#hub.run.offer(key, offer);
    if ('refusal' in answer) {
      this.#upload = 'refused';
      return this.refused(answer.refusal);
    }
    this.#upload = 'open';
    this.connection.send({ case: 'resume', value: { payload: offer.payload, offset: answer.resume } });
  }

  async #chunk(key: NodeKey, chunk: Chunk): Promise<void> {
    if (this.#upload === 'refused') return;
    if (this.#upload === 'none') return this.refused(RefusalCode.UNEXPECTED);
    const started = this.#hub.clock.elapsed();
    const answer = await this.#hub.run.chunk(key, chunk);
    if (answer === null) return;
    if ('refusal' in answer) {
      this.#upload = 'refused';
      return this.refused(answer.refusal);
    }
    this.#upload = 'none';
    this.#hub.acknowledged((this.#hub.clock.elapsed() - started) / 1000);
    this.connection.send({ case: 'acknowledgement', value: answer.acknowledgement });
  }

  #heartbeat(heartbeat: Heartbeat): void {
    const current = heartbeat.round === this.#hub.run.current().round;
    this.#progress = {
      state: heartbeat.state,
      steps: current ? heartbeat.steps : 0,
      trainingLoss: current && heartbeat.steps > 0 ? heartbeat.trainingLoss : this.#progress.trainingLoss,
      tokensPerSecond: Math.max(0, heartbeat.tokensPerSecond),
    };
    this.#hub.onChange();
  }
}
