import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { isLoopback } from '../../../relay/server/http/names.ts';
import type { Bindings } from './app.ts';
import type { ServeLimits } from './limits.ts';
import { listenOnLoopback } from './loopback.ts';
import { errorBody, ProtocolError } from './protocol-error.ts';

export interface CompletionsServer {
  readonly url: URL;
  /** Closes all connections; answers under way stop. */
  close(): void;
}

/**
 * Serves an app on this machine alone, under this machine's names.
 * @throws TapestryError `serve.cannot-listen`
 */
export async function serveCompletions(
  app: Hono<{ Bindings: Bindings }>,
  port: number,
  limits: ServeLimits,
): Promise<CompletionsServer> {
  const bindings = new WeakMap<object, Bindings>();
  const listener = getRequestListener((request, { incoming }) => app.fetch(request, bindings.get(incoming)), {
    overrideGlobalObjects: false,
  });
  const server = createServer(
    {
      headersTimeout: limits.headers,
      requestTimeout: limits.request,
      connectionsCheckingInterval: Math.min(limits.headers, 5_000),
      maxHeaderSize: 16 * 1024,
    },
    (request, response) => {
      const refusal = refusalOf(request.headers);
      if (refusal !== null) return refuse(response, refusal);
      const closed = new AbortController();
      response.once('close', () => {
        if (!response.writableFinished) closed.abort(new Error('the client closed the connection'));
      });
      bindings.set(request, { closed: closed.signal });
      void listener(request, response);
    },
  );
  server.maxConnections = limits.connections;
  await listenOnLoopback(server, port, {
    code: 'serve.cannot-listen',
    who: 'The server',
    next: 'Pass another --port; 0 takes any free one.',
  });
  const address = server.address();
  const used = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: new URL(`http://127.0.0.1:${used}/v1`),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * Why a request is refused by the names that it bears; null if it is served. A page whose own name was pointed at 127.0.0.1 (DNS
 * rebinding) names itself as the host, and a page of another origin names that; programs send no Origin.
 */
function refusalOf({ host, origin }: IncomingHttpHeaders): ProtocolError | null {
  const here = URL.parse(`http://${host ?? ''}`);
  if (here === null || !isLoopback(here.hostname))
    return new ProtocolError(
      403,
      'host_not_allowed',
      'The server answers under the names of this machine only.',
    );
  if (origin === undefined || origin === here.origin) return null;
  return new ProtocolError(
    403,
    'origin_not_allowed',
    'The server answers programs, and no pages of other origins.',
  );
}

function refuse(response: ServerResponse, error: ProtocolError): void {
  const headers = {
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  };
  response.writeHead(error.status, headers).end(JSON.stringify(errorBody(error)));
}
