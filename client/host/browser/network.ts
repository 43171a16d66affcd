import { socketNames } from '../../../relay/wire/frames.ts';
import type { Network } from '../../contribute/network.ts';
import { fetchFrom } from '../relay-errors.ts';
import { openSocket } from '../relay-socket.ts';
import { storedIdentity } from './identity.ts';

/** The network of a tab: its WebSocket, or fetch where none opens, with the identity in IndexedDB. */
export function browserNetwork(): Network {
  return {
    identity: storedIdentity,
    connect: (url) => openSocket(url, socketNames),
    fetch: fetchFrom,
  };
}
