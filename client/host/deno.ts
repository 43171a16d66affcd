import { subprotocol } from '../../relay/wire/frames.ts';
import type { Host } from '../contribute/host.ts';
import { identityInFiles } from '../contribute/identity.ts';
import { navigatorGpu } from './adapter.ts';
import { clock } from './clock.ts';
import { diskFiles } from './disk.ts';
import { fetchFrom } from './relay-errors.ts';
import { openWebSocket } from './web-socket.ts';

/**
 * A Deno process: its own WebGPU, WebSocket and fetch. It needs the permissions `--allow-net=<relay>` and read and write
 * of `folder`, and no other.
 */
export function denoHost(options: { folder: string }): Host {
  const files = diskFiles(options.folder);
  return {
    kind: 'deno',
    gpu: async () => navigatorGpu('Use Deno 2.9 or later, or join with Node or a browser.'),
    files,
    // Another folder would need another permission.
    cache: files,
    identity: () => identityInFiles(files),
    connect: (url) => openWebSocket(url, subprotocol),
    fetch: fetchFrom,
    ...clock,
    hold: (work) => work(),
  };
}
