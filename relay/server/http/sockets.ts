import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { addressGroup } from '../budget/addresses.ts';
import type { Budget } from '../budget/budget.ts';
import type { Place } from '../budget/places.ts';
import type { Metrics } from '../metrics.ts';
import type { TrustedProxies } from './trusted-proxies.ts';

/** The TCP connections of a server. */
export interface Sockets {
  /** The connection is a joined node's: it never gives way to another. */
  pin(socket: Socket): void;
  /** Closes all connections. */
  destroy(): void;
}

/**
 * Limits the TCP connections of a server. One over a limit is closed before the server knows it, and a TLS handshake waits for
 * its turn, so that a flood of connections costs little.
 */
export function guardSockets(
  server: Server,
  isTls: boolean,
  proxies: TrustedProxies,
  { budget, metrics }: { readonly budget: Budget; readonly metrics: Metrics },
): Sockets {
  const open = new Set<Socket>();
  // A TLS socket does not expose the TCP connection that it wraps, but both have the same remote address and port.
  const places = new Map<string, Place>();
  const handshakes = new Map<string, Place>();
  const serve = server.listeners('connection');
  server.removeAllListeners('connection');

  const admit = (socket: Socket): boolean => {
    if (proxies.trusts(socket.remoteAddress)) return true;
    const address = addressGroup(socket.remoteAddress);
    const end = otherEnd(socket);
    const giveWay = () => socket.destroy();
    if (isTls && !budget.spend('handshake-starts', address)) return false;
    const place = budget.take('sockets', address, giveWay);
    if (typeof place === 'string') return false;
    places.set(end, place);
    socket.once('close', () => {
      place.leave();
      places.delete(end);
    });
    if (!isTls) return true;
    const handshake = budget.take('handshakes', address, giveWay);
    if (typeof handshake === 'string') return false;
    handshakes.set(end, handshake);
    socket.once('close', () => {
      handshake.leave();
      handshakes.delete(end);
    });
    return true;
  };

  server.on('connection', (socket: Socket) => {
    if (!admit(socket)) {
      socket.destroy();
      return;
    }
    open.add(socket);
    metrics.sockets.set(open.size);
    socket.once('close', () => {
      open.delete(socket);
      metrics.sockets.set(open.size);
    });
    const begin = () => {
      if (!socket.destroyed) for (const listener of serve) Reflect.apply(listener, server, [socket]);
    };
    const turn = isTls ? budget.turns.take(addressGroup(socket.remoteAddress)) : null;
    if (turn === null) begin();
    else {
      // Until its turn comes nobody else listens for errors.
      socket.on('error', () => {});
      void turn.then(begin);
    }
  });
  server.on('secureConnection', (socket: TLSSocket) => handshakes.get(otherEnd(socket))?.leave());
  return {
    pin: (socket) => places.get(otherEnd(socket))?.pin(),
    destroy() {
      for (const socket of open) socket.destroy();
    },
  };
}

function otherEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
