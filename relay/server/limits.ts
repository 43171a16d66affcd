import { defaultRunLimits, type RunLimits } from '../run/contributions/limits.ts';

/** The limits of a relay for clients that connect. Times in milliseconds, sizes in bytes, rates a second. */
export interface RelayLimits extends RunLimits {
  /** How often a node must send something, and after how much silence it is dropped: two heartbeats, and time for the network. */
  readonly heartbeat: number;
  readonly silence: number;
  /** The most time from the opening of a connection to a complete, valid Join. */
  readonly join: number;
  /** The most bytes that a connection may send before it has joined: one Join and its framing. */
  readonly bytesBeforeJoin: number;
  /**
   * Small messages (pings too) of one key, or of a connection that has not joined, on average and at once, and of one address.
   * A frame of at least `freeFrame` bytes is not counted: its bytes take longer to send than to read.
   */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  readonly addressMessagesPerSecond: number;
  readonly addressMessageBurst: number;
  readonly freeFrame: number;
  /** A connection ends after so many refusals. */
  readonly refusals: number;
  /** Bytes sent to a node that it has not read yet; more end the connection. */
  readonly buffered: number;
  /** Joins of one address (a /64 in IPv6) and of one key, on average and at once. */
  readonly joinsPerSecond: number;
  readonly joinBurst: number;
  readonly keyJoinsPerSecond: number;
  readonly keyJoinBurst: number;
  /**
   * Wrong join tokens of one address, on average and at once. The answer to each further one is delayed twice as long as the
   * one before, up to `wrongTokenDelay`, which is shorter than `join`.
   */
  readonly wrongTokensPerSecond: number;
  readonly wrongTokenBurst: number;
  readonly wrongTokenDelay: number;
  /** Nodes, counted by key, that one address brings to a round of a relay without a join token. */
  readonly seatsPerAddress: number;
  /** The part of all places, such as sockets and answers, that only addresses get from which nodes have joined. */
  readonly memberShare: number;
  /** Slices of work for clients in one cycle of the event loop. */
  readonly slicesAtOnce: number;
  /** TCP connections in all and of one address, and those that the system holds until the relay accepts them. */
  readonly connections: number;
  readonly backlog: number;
  readonly socketsPerAddress: number;
  /** TLS handshakes under way in all and of one address; and those that an address starts on average and at once. */
  readonly handshakes: number;
  readonly handshakesPerAddress: number;
  readonly handshakesPerSecond: number;
  readonly handshakeBurst: number;
  /** Connections of nodes (WebSockets, or their like by fetch) of one address, and those that have not joined, in all and of one address. */
  readonly connectionsPerAddress: number;
  readonly joining: number;
  readonly joiningPerAddress: number;
  /** The most time for a TLS handshake, for all of a request's headers, and for a whole request. */
  readonly handshake: number;
  readonly headers: number;
  readonly request: number;
  /** An HTTP connection without a request for this long is closed. */
  readonly idle: number;
  /** A request or an answer that moves no byte for this long is cut off: stalled downloads, viewers that do not read. */
  readonly stall: number;
  /** Unanswered requests of one TCP connection; more of them (pipelining) close it. */
  readonly requestsAtOnce: number;
  /** HTTP requests of one address, on average and at once. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  /** Answers under way, without streams, downloads and journals, in all and of one address. */
  readonly answers: number;
  readonly answersPerAddress: number;
  /**
   * Open streams of `/api/events`, answers of `/blobs` and answers of `/journal`, in all and of one address. An answer of
   * `/blobs` holds at most 64 KiB in memory, one of `/journal` 32.
   */
  readonly eventStreams: number;
  readonly eventStreamsPerAddress: number;
  readonly downloads: number;
  readonly downloadsPerAddress: number;
  readonly journals: number;
  readonly journalsPerAddress: number;
  /** The least time between two publications of the status, and the bytes a second that are sent to all viewers and to each. */
  readonly statusInterval: number;
  readonly statusBytesPerSecond: number;
  readonly viewerBytesPerSecond: number;
  /** For how long all requests of /metrics share one text. */
  readonly metricsInterval: number;
  /** How often the run's deadlines are checked. */
  readonly tick: number;
  /** How long a closing connection of a node may take to end. */
  readonly close: number;
  /** How often the relay looks whether its certificate is to be renewed, and asks an authority whether it has decided. */
  readonly certificateLook: number;
  readonly acmePoll: number;
}

export const defaultLimits: RelayLimits = {
  ...defaultRunLimits,
  heartbeat: 5_000,
  silence: 12_000,
  join: 10_000,
  bytesBeforeJoin: 1_024,
  messagesPerSecond: 20,
  messageBurst: 400,
  addressMessagesPerSecond: 1_000,
  addressMessageBurst: 8_000,
  freeFrame: 4_096,
  refusals: 32,
  buffered: 1 << 20,
  joinsPerSecond: 20,
  joinBurst: 2_048,
  keyJoinsPerSecond: 0.5,
  keyJoinBurst: 60,
  wrongTokensPerSecond: 0.2,
  wrongTokenBurst: 20,
  wrongTokenDelay: 8_000,
  seatsPerAddress: 4,
  memberShare: 0.25,
  slicesAtOnce: 2,
  connections: 4_096,
  backlog: 4_096,
  socketsPerAddress: 2_048,
  handshakes: 1_024,
  handshakesPerAddress: 256,
  handshakesPerSecond: 50,
  handshakeBurst: 1_024,
  connectionsPerAddress: 1_024,
  joining: 1_024,
  joiningPerAddress: 256,
  handshake: 10_000,
  headers: 10_000,
  request: 60_000,
  idle: 5_000,
  stall: 60_000,
  requestsAtOnce: 8,
  requestsPerSecond: 200,
  requestBurst: 4_000,
  answers: 1_024,
  answersPerAddress: 256,
  eventStreams: 1_024,
  eventStreamsPerAddress: 256,
  downloads: 1_024,
  downloadsPerAddress: 256,
  journals: 64,
  journalsPerAddress: 16,
  statusInterval: 500,
  statusBytesPerSecond: 32 << 20,
  viewerBytesPerSecond: 2_000,
  metricsInterval: 250,
  tick: 100,
  close: 2_000,
  certificateLook: 3_600_000,
  acmePoll: 1_000,
};
