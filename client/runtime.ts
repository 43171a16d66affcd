/** Time as a runtime measures it. */
export interface Clock {
  /** Milliseconds on a clock that never steps back. */
  now(): number;
  /** Resolves after `milliseconds`, or at once when the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/**
 * The host that training and all local work run on. No method of it uses the network.
 * `client/host/{browser,node,deno}/runtime.ts` each make one.
 */
export interface Runtime extends Clock {
  readonly kind: 'browser' | 'node' | 'deno';
  /** The WebGPU entry point; each call to its `requestAdapter` gives a fresh adapter. Throws `adapter.missing`. */
  gpu(): Promise<GPU>;
  /** This node's own folder: identity, saved state and weights. */
  readonly files: Files;
  /** Files that can be computed again. All nodes of a user share them where the runtime allows it. */
  readonly cache: Files;
  /** Runs `work`, and asks the runtime not to freeze this node or start it twice meanwhile. Throws `host.in-use`. */
  hold<T>(work: () => Promise<T>): Promise<T>;
}

/** A flat folder. Writes replace whole files; they and removals are durable on return. Throws `disk.*`. */
export interface Files {
  /** Null for a file that does not exist. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | null>;
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** A file that does not exist is no error. */
  remove(name: string): Promise<void>;
}

/** A thread with a program of its own, which shares no memory with the thread that started it. */
export interface Isolate {
  /** Sends a message, and resolves to the next one that comes back; one at a time. Rejects if the thread ends before. */
  ask(message: unknown): Promise<unknown>;
  /** Ends the thread at once, also within an endless loop. */
  end(): void;
}
