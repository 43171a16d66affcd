/** What a relay spends at most on anyone who connects. Times in milliseconds, sizes in bytes. */
export interface RelayLimits {
  /** How often a node must say something, and after how much silence it is dropped. */
  readonly heartbeat: number;
  readonly silence: number;
  /** From the upgrade to a whole, valid Join. */
  readonly join: number;
  /** All that a connection may send before it has joined: one Join and its framing. */
  readonly bytesBeforeJoin: number;
  /** Messages (pings too) a second that a connection may send on average, and at once. */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  /** Refusals after which a connection is ended: whoever errs so often errs on purpose. */
  readonly refusals: number;
  /** What a node has been sent but not yet taken; more ends the connection. */
  readonly buffered: number;
  /** Sockets of any kind on the relay, WebSockets of one address (a /64 in IPv6), and those of them not yet joined. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly joiningPerAddress: number;
  /** Open streams of `/api/events`. */
  readonly eventStreams: number;
  /** For all of a request's headers, and for all of a request. */
  readonly headers: number;
  readonly request: number;
  /** Least time between two publications of the status, and how often the run's deadlines are looked at. */
  readonly statusInterval: number;
  readonly tick: number;
  /** How long a closing socket may take to say goodbye. */
  readonly close: number;
}

export const defaultLimits: RelayLimits = {
  heartbeat: 5_000,
  silence: 20_000,
  join: 10_000,
  bytesBeforeJoin: 1_024,
  messagesPerSecond: 1_000,
  messageBurst: 4_000,
  refusals: 32,
  buffered: 1 << 20,
  connections: 4_096,
  connectionsPerAddress: 1_024,
  joiningPerAddress: 256,
  eventStreams: 256,
  headers: 10_000,
  request: 60_000,
  statusInterval: 500,
  tick: 100,
  close: 2_000,
};

/** A token bucket: `burst` at once, `perSecond` on average. Time is passed in. */
export class Allowance {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #at: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#left = burst;
    this.#at = now;
  }

  /** Whether one more is within the allowance; if so it is spent. */
  spend(now: number): boolean {
    const earned = (Math.max(0, now - this.#at) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#burst, this.#left + earned);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

/** One connection's place in the quotas of its address. */
export interface Visit {
  joined(): void;
  left(): void;
}

/** Holds each address to its number of connections, and of connections that have not joined yet. */
export class Doorway {
  readonly #limits: Pick<RelayLimits, 'connectionsPerAddress' | 'joiningPerAddress'>;
  readonly #inside = new Map<string, { connections: number; joining: number }>();

  constructor(limits: Pick<RelayLimits, 'connectionsPerAddress' | 'joiningPerAddress'>) {
    this.#limits = limits;
  }

  /** Null when the address has as many as it may. */
  enter(address: string): Visit | null {
    const held = this.#inside.get(address) ?? { connections: 0, joining: 0 };
    const { connectionsPerAddress, joiningPerAddress } = this.#limits;
    if (held.connections >= connectionsPerAddress || held.joining >= joiningPerAddress) return null;
    this.#inside.set(address, held);
    held.connections++;
    held.joining++;
    let isJoining = true;
    const joined = () => {
      if (isJoining) held.joining--;
      isJoining = false;
    };
    const left = () => {
      joined();
      held.connections--;
      if (held.connections === 0) this.#inside.delete(address);
    };
    return { joined, left };
  }
}
