import { Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ClientOptions } from 'ws';

/** Where an attack is aimed. */
export interface Target {
  readonly url: string;
  /** The local addresses that the attack comes from in turn, such as 127.0.0.2: the relay's quotas count by address. */
  readonly from: readonly string[];
  /** How many sockets, readers or keys attack. */
  readonly count: number;
  /** Length of the run's payloads. */
  readonly payloadBytes: number;
  /** Tokens of four local steps. */
  readonly tokens: number;
  /** Tokens of one step. */
  readonly tokensPerStep: number;
  /** Hash of a base that the relay serves. */
  readonly base: string;
}

/** What an attack did so far, by name. */
export type Counts = Record<string, number>;

/** Attacks until `signal` aborts. `counts` is shown beside the figures. */
export type Attack = (target: Target, counts: Counts, signal: AbortSignal) => Promise<void>;

export function count(counts: Counts, name: string, more = 1): void {
  counts[name] = (counts[name] ?? 0) + more;
}

/** The address from which the attack's socket, reader or key of this number comes. */
export function addressOf({ from }: Target, index: number): string {
  return from[index % from.length] ?? '127.0.0.1';
}

/** A TCP connection, whose errors are ignored; with `tls`, a finished handshake on it follows. */
export function dial(target: Target, index: number, counts: Counts, tls = false): Socket {
  const { hostname, port } = new URL(target.url);
  const options = { host: hostname, port: Number(port), localAddress: addressOf(target, index) };
  const socket = tls ? connectTls({ ...options, rejectUnauthorized: false }) : connect(options);
  socket.on('error', () => {});
  socket.once('connect', () => count(counts, 'opened'));
  socket.once('close', () => count(counts, 'closed'));
  return socket;
}

/** The options of a WebSocket to `url` that comes from a local address. */
export function socketFrom(url: string, localAddress: string): ClientOptions {
  const agent = url.startsWith('https:') ? new TlsAgent({ localAddress }) : new PlainAgent({ localAddress });
  return { agent, rejectUnauthorized: false, handshakeTimeout: 5_000 };
}

/** A request without a body. */
export function ask(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Runs `task` again and again, in `count` loops at once, until `signal` aborts. A failed task is counted and repeated. */
export async function loops(
  count_: number,
  counts: Counts,
  signal: AbortSignal,
  task: (loop: number) => Promise<void>,
): Promise<void> {
  const loop = async (index: number) => {
    while (!signal.aborted) {
      try {
        await task(index);
      } catch {
        count(counts, 'failed');
        await pause(5);
      }
    }
  };
  await Promise.all(Array.from({ length: count_ }, (_, index) => loop(index)));
}
