import type { Server } from 'node:http';
import { TapestryError } from '../../../client/errors.ts';

/** The address of this machine that no other machine reaches. */
const loopback = '127.0.0.1';

/**
 * Listens on the loopback address. `failure` is the error's code, who cannot listen, and the next action.
 * @throws TapestryError with this code
 */
export function listenOnLoopback(
  server: Server,
  port: number,
  failure: { readonly code: string; readonly who: string; readonly next: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new TapestryError(
          failure.code,
          cause.code === 'EADDRINUSE'
            ? `Port ${port} of this machine is in use.`
            : `${failure.who} cannot listen on port ${port}: ${cause.message}.`,
          failure.next,
          { cause },
        ),
      ),
    );
    server.listen({ host: loopback, port }, resolve);
  });
}
