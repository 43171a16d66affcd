import { socketNames } from '../../../relay/wire/frames.ts';
import type { Network } from '../../contribute/network.ts';
import { identityInFiles } from '../../identity.ts';
import type { Files } from '../../runtime.ts';
import { fetchFrom } from '../relay-errors.ts';
import { openSocket } from '../relay-socket.ts';

/** The network of a Deno process: its WebSocket, or fetch where none opens, with the identity in `files`. It needs `--allow-net=<relay>`. */
export function denoNetwork(files: Files): Network {
  return {
    identity: () => identityInFiles(files),
    connect: (url) => openSocket(url, socketNames),
    fetch: fetchFrom,
  };
}
