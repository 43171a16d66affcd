import type { Identity } from '../identity.ts';

/**
 * The connections and the identity that a node uses toward its relay. `client/host/{browser,node,deno}/network.ts` each
 * make one. Only contributing needs it.
 */
export interface Network {
  /** The node's own key. The first call creates it; later calls return the same key. Throws `identity.*`. */
  identity(): Promise<Identity>;
  /**
   * Opens a WebSocket in Tapestry's subprotocol, or its like by HTTP where none opens; resolves when it is open.
   * Throws `relay.unreachable`, `relay.tls` or `host.permission`.
   */
  connect(url: URL): Promise<Socket>;
  /**
   * Sends a GET request like the web's `fetch`, but refuses redirects.
   * Throws `relay.unreachable`, `relay.tls`, `relay.redirected`, `host.permission`, or the signal's reason.
   */
  fetch(url: URL, init?: FetchOptions): Promise<Response>;
}

export interface FetchOptions {
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** A connection that carries whole binary messages. `messages` ends when the socket closes, and throws if the connection broke. */
export interface Socket {
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Bytes passed to `send` that the operating system has not accepted yet. */
  readonly buffered: number;
  /** Number of messages received so far, including those not read yet. */
  readonly arrived: number;
  readonly messages: AsyncIterable<Uint8Array<ArrayBuffer>>;
  close(): void;
}
