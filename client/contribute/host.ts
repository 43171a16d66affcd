/**
 * What the contributor needs from the place it runs in. `client/host/{browser,node,deno}.ts` each make one; nothing
 * else in client/ knows which runtime it is in.
 */
export interface Host {
  readonly kind: 'browser' | 'node' | 'deno';
  /** The WebGPU entry point; each call to its `requestAdapter` gives a fresh adapter. Throws `adapter.missing`. */
  gpu(): Promise<GPU>;
  readonly files: Files;
  /** What can be made again; where the runtime lets them, all of a user's nodes share it. */
  readonly cache: Files;
  /** The node's own key, made at the first call and the same ever after. Throws `identity.*`. */
  identity(): Promise<Identity>;
  /** Opens a socket; resolves when it is open. Throws `relay.unreachable` or `relay.tls`. */
  connect(url: URL): Promise<Socket>;
  /** As the web's, but throws `relay.unreachable` or `relay.tls`, or the signal's reason. */
  fetch(url: URL, init?: { headers?: Record<string, string>; signal?: AbortSignal }): Promise<Response>;
  /** Milliseconds on a clock that never steps back. */
  now(): number;
  /** Resolves after the time, or at once when the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Runs `work` while the runtime is told not to freeze or share this node. Throws `host.in-use`. */
  hold<T>(work: () => Promise<T>): Promise<T>;
}

/** An Ed25519 key. The private half signs and nothing else; in a browser it cannot be exported. */
export interface Identity {
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly privateKey: CryptoKey;
}

/** A node's own folder: identity, resume state and weights. Writes replace whole files and are durable on return. */
export interface Files {
  read(name: string): Promise<Uint8Array<ArrayBuffer> | null>;
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  remove(name: string): Promise<void>;
}

/** A binary WebSocket. `messages` ends when the socket closes and throws if it broke. */
export interface Socket {
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Bytes accepted by `send` that the network has not taken yet. */
  readonly buffered: number;
  readonly messages: AsyncIterable<Uint8Array<ArrayBuffer>>;
  close(): void;
}
