import { subprotocol } from '../../../relay/wire/frames.ts';
import type { Network } from '../../contribute/network.ts';
import { identityInFiles } from '../../identity.ts';
import type { Files } from '../../runtime.ts';
import { fetchFrom } from '../relay-errors.ts';
import { openWebSocket } from '../web-socket.ts';

/** The network of a Deno process: its WebSocket and fetch, with the identity in `files`. It needs `--allow-net=<relay>`. */
export function denoNetwork(files: Files): Network {
  return {
    identity: () => identityInFiles(files),
    connect: (url) => openWebSocket(url, subprotocol),
    fetch: fetchFrom,
  };
}
