/** Two places, and the network between them. */
export interface Line {
  /** What the network is: two network namespaces whose packets are late and lost, or a forwarder of TCP connections. */
  readonly kind: 'namespaces' | 'forwarder';
  /** Where the relay listens. */
  readonly host: string;
  /** The words before a command that runs beside the relay, and beyond the line. */
  readonly near: readonly string[];
  readonly far: readonly string[];
  /** The address beyond the line of the relay that listens on this port. */
  farAddress(port: number): Promise<URL>;
  /** Cuts the line; the function that it returns joins it again. */
  cut(): Promise<() => Promise<void>>;
  /** Ends the line; what it carried. */
  close(): Promise<{ readonly packets: number; readonly lost: number } | null>;
}

export interface LineOptions {
  /** Milliseconds one way. */
  readonly delay: number;
  /** The part of all packets that is lost, from 0 to 1. */
  readonly loss: number;
  readonly seed: number;
}
