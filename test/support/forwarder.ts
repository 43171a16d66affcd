import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP forwarder whose connections a test can make silent without closing them, as a NAT that forgets them does. */
export interface Forwarder {
  readonly port: number;
  /** From now on the open connections carry nothing, in either direction; new ones are forwarded. */
  silence(): void;
  close(): void;
}

export async function forwardTo(port: number): Promise<Forwarder> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('data', (bytes) => open.has(from) && to.write(bytes));
      from.on('close', () => open.has(from) && to.destroy());
      from.on('error', () => from.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the forwarder has no port');
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  return {
    port: address.port,
    silence: () => open.clear(),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
