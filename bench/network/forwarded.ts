import { Random } from '../../client/random.ts';
import { type Forwarder, forwardTo } from './forwarder.ts';
import type { Line, LineOptions } from './line.ts';

/** A TCP sender sends a packet again after about two round trips, and at least so many milliseconds. */
const leastRetransmission = 200;

/** A line without the rights of `namespaces`: TCP connections are forwarded, and their bytes come late. */
export function forwardedLine({ delay, loss, seed }: LineOptions): Line {
  let forwarder: Forwarder | null = null;
  const retransmission = Math.max(leastRetransmission, 4 * delay);
  return {
    kind: 'forwarder',
    host: '127.0.0.1',
    near: [],
    far: [],
    async farAddress(port) {
      forwarder ??= await forwardTo(port, { delay, lost: loss, retransmission, random: Random.seeded(seed) });
      return new URL(`http://127.0.0.1:${forwarder.port}/`);
    },
    async cut() {
      const heal = forwarder?.partition();
      return async () => heal?.();
    },
    async close() {
      forwarder?.close();
      return null;
    },
  };
}
