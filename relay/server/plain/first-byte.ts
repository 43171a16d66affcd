import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The type of a TLS record that carries a handshake (RFC 8446, section 5.1). Each TLS connection begins with one; no HTTP request does. */
const handshakeRecord = 0x16;

/**
 * Lets the port of a TLS server answer other protocols too: connections whose first byte begins a TLS handshake stay the
 * server's, and `plain` gets all others. No byte is lost. A connection that sends none for `patience` milliseconds is closed.
 */
export function splitByFirstByte(server: Server, plain: (socket: Socket) => void, patience: number): void {
  const serve = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const timer = setTimeout(() => socket.destroy(), patience);
    const stop = () => clearTimeout(timer);
    // An error closes the socket; until it has another owner nobody else listens.
    const ignore = () => {};
    socket.on('error', ignore).once('close', stop);
    socket.once('readable', () => {
      const bytes: Buffer | null = socket.read();
      stop();
      if (bytes === null) return void socket.destroy();
      socket.off('close', stop).off('error', ignore);
      socket.unshift(bytes);
      if (bytes[0] !== handshakeRecord) plain(socket);
      else for (const listener of serve) Reflect.apply(listener, server, [socket]);
    });
  });
}
