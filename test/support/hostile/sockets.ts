import type { Socket } from 'node:net';
import { type Attack, aborted, ask, type Counts, count, dial, pause, type Target } from './attack.ts';

/** Opens sockets as fast as the relay takes them, opens closed ones again, and calls `opened` with each. */
async function holdSockets(
  target: Target,
  counts: Counts,
  signal: AbortSignal,
  opened: (socket: Socket) => void,
  tls = false,
): Promise<void> {
  const sockets = new Set<Socket>();
  let index = 0;
  while (!signal.aborted) {
    for (let i = 0; i < 200 && sockets.size < target.count; i++) {
      const socket = dial(target, index++, counts, tls);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      opened(socket);
    }
    await pause(20);
  }
  for (const socket of sockets) socket.destroy();
}

/** Sockets that never say a word. */
export const idleSockets: Attack = (target, counts, signal) =>
  holdSockets(target, counts, signal, (socket) => socket.resume());

/** A TLS record that announces a ClientHello, and the first bytes of it only. */
export const halfHandshakes: Attack = (target, counts, signal) =>
  holdSockets(target, counts, signal, (socket) => {
    socket.resume();
    socket.write(Buffer.from('1603010200010001fc0303', 'hex'));
  });

/** Whole TLS handshakes, after which nothing is said. */
export const fullHandshakes: Attack = (target, counts, signal) =>
  holdSockets(target, counts, signal, (socket) => socket.resume(), true);

/** Headers that come one line a second and never end. */
export const slowHeaders: Attack = (target, counts, signal) =>
  holdSockets(target, counts, signal, (socket) => {
    socket.resume();
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n');
    const timer = setInterval(() => socket.write('x-more: 1\r\n'), 1000);
    socket.once('close', () => clearInterval(timer));
  });

/** Headers longer than any program sends. */
export const hugeHeaders: Attack = (target, counts, signal) =>
  holdSockets(target, counts, signal, (socket) => {
    socket.resume();
    socket.write(`GET / HTTP/1.1\r\nhost: localhost\r\nx-long: ${'a'.repeat(1 << 20)}\r\n\r\n`);
  });

/** Requests for the status, many on each socket, whose answers nobody reads. */
export function pipelined(requests: number, path: string): Attack {
  return (target, counts, signal) =>
    holdSockets(target, counts, signal, (socket) => {
      socket.pause();
      socket.write(ask(path).repeat(requests));
    });
}

/** One request a socket, whose answer nobody reads. */
export function unread(pathOf: (target: Target) => string): Attack {
  return async (target, counts, signal) => {
    const path = pathOf(target);
    const sockets = Array.from({ length: target.count }, (_, index) => {
      const socket = dial(target, index, counts);
      socket.pause();
      socket.write(ask(path));
      return socket;
    });
    await aborted(signal);
    for (const socket of sockets) socket.destroy();
  };
}

/** Readers of a path that read as fast as they can and ask again; with `slowly`, a few bytes every 50 ms. */
export function readers(path: string, slowly = false): Attack {
  return (target, counts, signal) =>
    holdSockets(target, counts, signal, (socket) => {
      socket.write(ask(path).replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
      if (!slowly) {
        socket.on('data', (bytes: Buffer) => count(counts, 'bytes', bytes.length));
        return;
      }
      const timer = setInterval(() => {
        count(counts, 'bytes', socket.read(1024)?.length ?? 0);
      }, 50);
      socket.on('readable', () => {});
      socket.once('close', () => clearInterval(timer));
    });
}
