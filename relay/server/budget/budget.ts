import type { Clock } from '../../run/clock.ts';
import type { NodeKey } from '../../wire/hex.ts';
import type { RelayLimits } from '../limits.ts';
import type { Metrics } from '../metrics.ts';
import { Guesses } from './guesses.ts';
import { type Full, type Place, Places } from './places.ts';
import { KeyedRates } from './rates.ts';
import { Seats } from './seats.ts';
import { Turns } from './turns.ts';

/** Resources of which clients have a limited number at a time. */
export type Held =
  | 'sockets'
  | 'handshakes'
  | 'connections'
  | 'joining'
  | 'answers'
  | 'event-streams'
  | 'downloads'
  | 'journals';

/** Resources of which clients get a limited number a second. */
export type Spent = 'requests' | 'handshake-starts' | 'joins' | 'key-joins' | 'messages' | 'key-messages';

/**
 * Everything that a client can make the relay spend: sockets, handshakes, connections, answers, streams, joins, messages and
 * time of the event loop, counted by address or by a node's key and in all. Every limit is a named one of RelayLimits; each
 * refusal is counted in /metrics. Addresses of nodes that have joined may use a share that strangers do not get.
 */
export class Budget {
  readonly turns: Turns;
  readonly guesses: Guesses;
  readonly seats = new Seats();
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #held: Readonly<Record<Held, Places>>;
  readonly #spent: Readonly<Record<Spent, KeyedRates>>;
  /** Nodes that have joined, by address. */
  readonly #members = new Map<string, number>();

  constructor(limits: RelayLimits, metrics: Metrics, clock: Clock) {
    this.#clock = clock;
    this.#metrics = metrics;
    this.turns = new Turns(limits.slicesAtOnce);
    this.guesses = new Guesses(limits);
    const places = (most: number, mostEach: number) =>
      new Places({ most, mostEach, reserved: Math.floor(most * limits.memberShare) });
    this.#held = {
      sockets: places(limits.connections, limits.socketsPerAddress),
      handshakes: places(limits.handshakes, limits.handshakesPerAddress),
      connections: places(limits.connections, limits.connectionsPerAddress),
      joining: places(limits.joining, limits.joiningPerAddress),
      answers: places(limits.answers, limits.answersPerAddress),
      'event-streams': places(limits.eventStreams, limits.eventStreamsPerAddress),
      downloads: places(limits.downloads, limits.downloadsPerAddress),
      journals: places(limits.journals, limits.journalsPerAddress),
    };
    this.#spent = {
      requests: new KeyedRates(limits.requestsPerSecond, limits.requestBurst),
      'handshake-starts': new KeyedRates(limits.handshakesPerSecond, limits.handshakeBurst),
      joins: new KeyedRates(limits.joinsPerSecond, limits.joinBurst),
      'key-joins': new KeyedRates(limits.keyJoinsPerSecond, limits.keyJoinBurst),
      messages: new KeyedRates(limits.addressMessagesPerSecond, limits.addressMessageBurst),
      'key-messages': new KeyedRates(limits.messagesPerSecond, limits.messageBurst),
    };
  }

  /**
   * Takes a place of a resource for an address, until it is left. `giveWay` ends the work for which it is taken, when another
   * address, which has fewer places, gets this one; without `giveWay` the place stays.
   */
  take(resource: Held, address: string, giveWay: (() => void) | null = null): Place | Full {
    const isMember = this.#members.has(address);
    const evict =
      giveWay === null
        ? null
        : () => {
            this.#over(resource, 'all');
            giveWay();
          };
    const place = this.#held[resource].take(address, evict, isMember);
    if (typeof place === 'string') this.#over(resource, place);
    return place;
  }

  /** Spends one of what a key, such as an address, has of a resource; false if nothing is left. */
  spend(resource: Spent, key: string): boolean {
    const allowed = this.#spent[resource].spend(key, this.#clock.elapsed());
    if (!allowed) this.#over(resource, 'each');
    return allowed;
  }

  /** Takes a seat of `holder` for a node; false if all `most` are taken. */
  seat(key: NodeKey, holder: string, most: number): boolean {
    return this.#counted(this.seats.take(key, holder, most));
  }

  /** True if `seat` would succeed now. It takes nothing, so a key that is not proved yet may be asked about. */
  mayBeSeated(key: NodeKey, holder: string, most: number): boolean {
    return this.#counted(this.seats.hasRoom(key, holder, most));
  }

  #counted(seated: boolean): boolean {
    if (!seated) this.#over('seats', 'each');
    return seated;
  }

  /** A node of this address joined. Returns a function to call when it is gone. */
  joined(address: string): () => void {
    const count = (more: number) => {
      const nodes = (this.#members.get(address) ?? 0) + more;
      if (nodes > 0) this.#members.set(address, nodes);
      else this.#members.delete(address);
    };
    count(1);
    return () => count(-1);
  }

  #over(resource: string, scope: Full): void {
    this.#metrics.overLimit.inc({ resource, scope });
  }
}
