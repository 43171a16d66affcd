import { recentProblems } from '../../../../relay/journal/recent-rounds.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import { type Evaluation, GoodbyeReason, RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import { checkTold } from '../invariants/open-round.ts';
import type { NodeNumber, ToRelay, VirtualOffer } from '../world/messages.ts';
import { baseHash, firstBase, type VirtualBase } from '../world/virtual-base.ts';
import { bytesOf } from '../world/virtual-part.ts';
import { RelayAcceptances } from './acceptances.ts';
import type { OpenAttempt, VirtualContribution, VirtualEntry } from './journal.ts';
import { closing, type Port, type Process, type RelayOptions, type RelayWorld } from './process.ts';
import { stalenessOf, type UpstreamPart } from './round-options.ts';
import { arrivalOf, RelayRounds } from './rounds.ts';

/**
 * The relay's edge in a virtual world: what relay/run/run.ts and relay/server do around the round machine, without sockets,
 * signatures and payloads. The journal, the bases and the uploads are on its disk and survive a crash; all else is lost.
 */
export class VirtualRelay {
  readonly #world: RelayWorld;
  readonly #options: RelayOptions;
  readonly #journal: VirtualEntry[] = [];
  readonly #bases = new Map<Hash, VirtualBase>([[baseHash(firstBase), firstBase]]);
  /** The bytes of each node's last upload that are stored. */
  readonly #stored = new Map<NodeNumber, { readonly payload: Hash; readonly round: number; bytes: number }>();
  /** The newest connection of each node that is known to be closed. */
  readonly #closed = new Map<NodeNumber, number>();
  #process: Process | null = null;

  constructor(world: RelayWorld, options: RelayOptions) {
    this.#world = world;
    this.#options = options;
  }

  get alive(): boolean {
    return this.#process !== null;
  }

  get isComplete(): boolean {
    return this.#journal.at(-1)?.kind === 'run-complete';
  }

  /** Whether a node's connection has joined and is not given up. */
  holds(node: NodeNumber, connection: number): boolean {
    return this.#process?.ports.get(node)?.connection === connection;
  }

  /** The process's part of the upstream run; null where none runs, or in a run without one. */
  get upstream(): UpstreamPart | null {
    return this.#process?.rounds.upstream ?? null;
  }

  /** A base that the relay has. */
  baseOf(hash: Hash): VirtualBase | undefined {
    return this.alive ? this.#bases.get(hash) : undefined;
  }

  /** Starts the process: it reads its journal and takes up what was open. */
  start(): void {
    const rounds = new RelayRounds(
      this.#world,
      this.#options,
      this.#journal,
      (entry) => this.#tell(entry),
      () => this.#tellPlan(),
    );
    const acceptances = new RelayAcceptances(rounds, this.#options, this.#world.invariants, {
      accepted: ({ node, connection }, entry) => {
        this.#acknowledge(node, connection, entry);
        this.#answered(process, node);
      },
      refused: ({ node, connection }, code) => {
        const port = this.#process?.ports.get(node);
        if (port?.connection === connection) this.#refuse(node, connection, code);
        this.#answered(process, node);
      },
    });
    const { base } = rounds.replay;
    this.#bases.set(baseHash(base), base);
    const process: Process = {
      ...{ rounds, acceptances, ports: new Map(), offers: new Map() },
      behind: new Map(),
    };
    this.#process = process;
    const tick = () => {
      if (this.#process !== process || this.isComplete) return;
      rounds.settle();
      acceptances.tick();
      this.#world.invariants.stepped(rounds.state, this.#world.elapsed());
      this.#world.queue.after(this.#options.tick, tick);
    };
    tick();
  }

  /** The process ends now. A write under way may or may not have reached the disk. */
  crash(): void {
    if (this.#process === null) return;
    this.#process.rounds.tasks.crash(this.#world.random.below(2) === 0);
    this.#process = null;
    this.#world.invariants.stopped();
  }

  /** Writes to the disk fail until then. */
  failDisk(until: number): void {
    if (this.#process === null) return;
    this.#process.rounds.tasks.fails = until;
    this.#world.invariants.diskFails(until - this.#world.queue.now + this.#world.elapsed());
  }

  received(message: ToRelay): void {
    if (this.#process === null) return;
    const { node, connection } = message;
    if (message.kind === 'join') {
      this.#join(this.#process, node, connection);
      return;
    }
    if (message.kind === 'close') {
      this.closed(node, connection);
      return;
    }
    const port = this.#process.ports.get(node);
    if (port?.connection !== connection) return;
    const { acceptances, behind } = this.#process;
    const waits = stalenessOf(this.#options) > 0 && acceptances.waitsFor(node);
    if (message.kind === 'heartbeat') this.#process.rounds.reported(message);
    else if (waits) behind.set(node, [...(behind.get(node) ?? []), message]);
    else if (message.kind === 'offer') this.#offer(this.#process, port, message);
    else this.#chunk(this.#process, port, message);
  }

  /** An upload of the node is answered: its messages behind it are heard. */
  #answered(process: Process, node: NodeNumber): void {
    const behind = process.behind.get(node) ?? [];
    process.behind.delete(node);
    for (const message of behind) this.received(message);
  }

  /** The attempt that is closed and waits for its commit; null where there is none, or no process runs. */
  get closedAttempt(): OpenAttempt | null {
    const open = this.#process?.rounds.replay.open ?? null;
    return open?.closedBy == null ? null : open;
  }

  /** Sequences of its contributions that are scored. */
  get scored(): readonly number[] {
    return this.#process?.rounds.quality?.scored ?? [];
  }

  /** An evaluation arrived. */
  evaluated(evaluation: Evaluation): void {
    const process = this.#process;
    if (process === null) return;
    const { rounds } = process;
    const { quality } = rounds;
    if (quality === null) return;
    const take = async () => {
      const taken = await quality.take(evaluation);
      if (this.#process !== process || taken === 'unknown') return;
      this.#world.invariants.evaluators?.arrived(evaluation, taken === 'taken', this.#world.elapsed());
      rounds.settle();
    };
    this.#world.wait(take());
  }

  /** The connection is gone: the node closed it, or nothing was heard on it for too long. */
  closed(node: NodeNumber, connection: number): void {
    if ((this.#closed.get(node) ?? 0) >= connection) return;
    this.#closed.set(node, connection);
    const process = this.#process;
    if (process?.ports.get(node)?.connection !== connection) return;
    process.ports.delete(node);
    process.rounds.connection('left', node);
  }

  #join(process: Process, node: NodeNumber, connection: number): void {
    if ((this.#closed.get(node) ?? 0) >= connection) return;
    const older = process.ports.get(node);
    if (older?.connection === connection) {
      this.#refuse(node, connection, RefusalCode.UNEXPECTED);
      return;
    }
    const port: Port = { connection, openedRound: null, upload: 'none' };
    process.ports.set(node, port);
    const { round, base, phase } = process.rounds.state;
    this.#world.sendToNode(node, connection, {
      ...{ kind: 'welcomed', round, base },
      staleness: stalenessOf(this.#options),
    });
    process.rounds.connection('joined', node);
    if (older !== undefined) {
      this.#refuse(node, older.connection, RefusalCode.ALREADY_CONNECTED);
      this.#world.sendToNode(node, older.connection, { kind: 'closed' });
    }
    if (phase === 'complete') this.#goodbye(node, connection);
    else {
      this.#tellOpen(process, node, port);
      this.#planTo(process, node, port);
    }
  }

  #offer({ rounds, offers }: Process, port: Port, message: ToRelay & { kind: 'offer' }): void {
    const { node, payload } = message;
    const accepted = rounds.replay.acceptedOf(message);
    if (accepted !== null) {
      port.upload = 'none';
      this.#acknowledge(node, port.connection, accepted);
      return;
    }
    const refusal = this.#refusalOf(rounds, node, message);
    if (refusal !== null) {
      port.upload = 'refused';
      this.#refuse(node, port.connection, refusal);
      return;
    }
    if (this.#stored.get(node)?.payload !== payload)
      this.#stored.set(node, { payload, round: message.round, bytes: 0 });
    offers.set(node, message);
    port.upload = 'open';
    const offset = this.#stored.get(node)?.bytes ?? 0;
    rounds.offered(node, message);
    this.#world.sendToNode(node, port.connection, { kind: 'resume', payload, offset });
  }

  #chunk({ rounds, offers, acceptances }: Process, port: Port, message: ToRelay & { kind: 'chunk' }): void {
    const { node, connection, from, to } = message;
    if (port.upload === 'refused') return;
    const [offer, stored] = [offers.get(node), this.#stored.get(node)];
    if (port.upload === 'none' || offer === undefined || stored === undefined) {
      this.#refuse(node, connection, RefusalCode.UNEXPECTED);
      return;
    }
    const refusal =
      this.#refusalOf(rounds, node, offer) ?? (from === stored.bytes ? null : RefusalCode.UNEXPECTED);
    if (refusal !== null) port.upload = 'refused';
    stored.bytes = to;
    if (refusal === null && to < bytesOf(this.#options.payloadBytes, offer.part)) return;
    offers.delete(node);
    this.#stored.delete(node);
    const accepted = refusal === null ? null : rounds.replay.acceptedOf({ node, ...offer });
    if (accepted !== null) {
      port.upload = 'none';
      this.#acknowledge(node, connection, accepted);
      return;
    }
    if (refusal !== null) {
      this.#refuse(node, connection, refusal);
      return;
    }
    port.upload = 'none';
    acceptances.add({ node, connection, offer });
  }

  /** Why an offer is refused before its payload is there. */
  #refusalOf(rounds: RelayRounds, node: NodeNumber, offer: VirtualOffer): RefusalCode | null {
    const refusal = rounds.refusalOf(node, offer, 0);
    const { open, recent } = rounds.replay;
    if (refusal !== null || open === null || stalenessOf(this.#options) > 0) return refusal;
    const problem = open.contributions.has(node) ? 'key' : recent.problemOf(arrivalOf(node, offer));
    return problem && recentProblems[problem].code;
  }

  #acknowledge(node: NodeNumber, connection: number, entry: VirtualContribution): void {
    const { payload, sequence, countsIn: round, attempt } = entry;
    const counts = stalenessOf(this.#options) > 0 ? { counts: { round, attempt } } : {};
    this.#world.sendToNode(node, connection, { kind: 'acknowledged', payload, sequence, ...counts });
  }

  #refuse(node: NodeNumber, connection: number, code: RefusalCode): void {
    const round = this.#process?.rounds.state.round ?? 0;
    this.#world.sendToNode(node, connection, { kind: 'refused', code, round });
  }

  #goodbye(node: NodeNumber, connection: number): void {
    this.#world.sendToNode(node, connection, { kind: 'goodbye', reason: GoodbyeReason.RUN_COMPLETE });
    this.#world.sendToNode(node, connection, { kind: 'closed' });
  }

  /** Tells a node of the open round, once. */
  #tellOpen({ rounds }: Process, node: NodeNumber, port: Port): void {
    const { phase, round, attempt, base } = rounds.state;
    const isOpen = phase === 'open' || phase === 'closed';
    if (!isOpen || port.openedRound === round) return;
    port.openedRound = round;
    const localSteps = rounds.stepsOf(node);
    const { arrivals, localSteps: most } = this.#options;
    checkTold(localSteps, arrivals?.leastSteps ?? most, most);
    const opened = { round, attempt, base, localSteps, normBound: 1 };
    this.#world.sendToNode(node, port.connection, { kind: 'opened', round: opened });
  }

  /** Tells a node the plan of the open round, if it has one. */
  #planTo({ rounds }: Process, node: NodeNumber, { connection }: Port): void {
    const message = rounds.planFor(node);
    if (message !== null) this.#world.sendToNode(node, connection, { kind: 'plan', message });
  }

  #tellPlan(): void {
    const process = this.#process;
    if (process !== null) for (const [node, port] of process.ports) this.#planTo(process, node, port);
  }

  /** Tells the nodes of an entry that was applied. */
  #tell(entry: VirtualEntry): void {
    const process = this.#process;
    if (process === null) return;
    this.#world.journaled(entry, process.rounds.connected);
    if (entry.kind === 'contribution-accepted' || entry.kind === 'evaluation-accepted') return;
    if (entry.kind === 'round-closed') return;
    if (entry.kind === 'upstream-adopted') {
      this.#bases.set(baseHash(entry.base), entry.base);
      return;
    }
    if (entry.kind === 'round-committed') {
      this.#bases.set(baseHash(entry.base), entry.base);
      const oldest = entry.round + 1 - stalenessOf(this.#options);
      for (const uploads of [this.#stored, process.offers])
        for (const [node, { round }] of uploads) if (round < oldest) uploads.delete(node);
    }
    for (const [node, port] of process.ports) {
      if (entry.kind === 'round-opened') this.#tellOpen(process, node, port);
      else if (entry.kind === 'run-complete') this.#goodbye(node, port.connection);
      else {
        port.openedRound = null;
        this.#world.sendToNode(node, port.connection, closing(entry));
      }
    }
  }
}
