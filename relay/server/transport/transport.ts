import type { RefusalCode } from '../../wire/tapestry_pb.js';

/** What a transport reports. It reports nothing before `listen`, and nothing after `closed`. */
export interface TransportListener {
  /** So many bytes arrived, and are not parsed yet. */
  read(bytes: number): void;
  /** A frame arrived; null for a message that is text. */
  arrived(frame: Uint8Array | null): void;
  /** The node sent something that carries no frame but costs as much as a small one. */
  signalled(): void;
  /** The connection is broken, by bytes that are no frame (their code) or by the network (null). `closed` follows. */
  broke(code: RefusalCode | null): void;
  closed(): void;
}

/** What carries the frames of one connection between the relay and a node. */
export interface Transport {
  /** Bytes sent that the operating system has not accepted yet. */
  readonly buffered: number;
  listen(listener: TransportListener): void;
  send(frame: Uint8Array): void;
  /** Between `pause` and `resume` no bytes are read, so that they wait at the sender. */
  pause(): void;
  resume(): void;
  /** Closes after what was sent is delivered. */
  close(): void;
  /** Closes at once. */
  terminate(): void;
}
