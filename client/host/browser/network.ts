import { subprotocol } from '../../../relay/wire/frames.ts';
import type { Network } from '../../contribute/network.ts';
import { fetchFrom } from '../relay-errors.ts';
import { openWebSocket } from '../web-socket.ts';
import { storedIdentity } from './identity.ts';

/** The network of a tab: its WebSocket and fetch, with the identity in IndexedDB. */
export function browserNetwork(): Network {
  return {
    identity: storedIdentity,
    connect: (url) => openWebSocket(url, subprotocol),
    fetch: fetchFrom,
  };
}
