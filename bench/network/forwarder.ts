import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Random } from '../../client/random.ts';

/** A TCP forwarder whose connections a test can make silent without closing them, as a NAT that forgets them does. */
export interface Forwarder {
  readonly port: number;
  /** From now on the open connections carry nothing, in either direction; new ones are forwarded. */
  silence(): void;
  /** From now on no connection carries anything, new ones included. The function that it returns ends that: what was sent then arrives. */
  partition(): () => void;
  close(): void;
}

/** A bad network as TCP shows it: bytes come late, and those of a packet that was lost come with its retransmission. */
export interface Weather {
  /** Milliseconds one way. */
  readonly delay: number;
  /** The part of all pieces of data that are lost once, and the milliseconds until they are sent again. */
  readonly lost: number;
  readonly retransmission: number;
  readonly random: Random;
}

export async function forwardTo(port: number, weather?: Weather): Promise<Forwarder> {
  const open = new Set<Socket>();
  let passable = Promise.resolve();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      // Whatever happens on one side reaches the other in its order.
      let before = Promise.resolve();
      const later = (happens: () => void) => {
        const due = performance.now() + delayIn(weather);
        before = before.then(async () => {
          const left = due - performance.now();
          if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
          await passable;
          if (open.has(from)) happens();
        });
      };
      from.on('data', (bytes) => later(() => to.write(bytes)));
      from.on('close', () => later(() => to.destroy()));
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
    partition() {
      const { promise, resolve } = Promise.withResolvers<void>();
      passable = promise;
      return resolve;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function delayIn(weather: Weather | undefined): number {
  if (weather === undefined) return 0;
  const { delay, lost, retransmission, random } = weather;
  return delay + (random.uniform() < lost ? retransmission : 0);
}
