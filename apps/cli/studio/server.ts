import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { TapestryError } from '../../../client/errors.ts';
import { refusalOfNames } from '../../../relay/server/http/names.ts';
import { Pages, type Site, secured, unconnectedPolicy } from '../../../relay/server/http/pages.ts';
import { listenOnLoopback } from '../serve/loopback.ts';

/** The service worker stores the page's files, and alone may fetch: these files, from here. */
const offlineScript = 'offline.js';
const offlinePolicy = "default-src 'none'; connect-src 'self'";

/** The worker that trains holds the person's text: it may load code from here, and connect to nothing. */
const workerPolicy = "default-src 'none'; connect-src 'none'; script-src 'self'";

/**
 * The worker that runs a person's reward function gets one completion at a time. The function's interpreter is WebAssembly, which this
 * worker alone may compile.
 */
const functionPolicy = "default-src 'none'; connect-src 'none'; script-src 'self' 'wasm-unsafe-eval'";
const functionScript = /^assets\/function-worker-[\w-]+\.js$/;

/** The policy of a script; its page's own scripts have no use for theirs. */
function scriptPolicy(name: string): string {
  if (name === offlineScript) return offlinePolicy;
  return functionScript.test(name) ? functionPolicy : workerPolicy;
}

const site: Site = {
  addresses: { '/': 'studio.html' },
  pagePolicy: () => unconnectedPolicy,
  scriptPolicy,
};

export interface StudioServer {
  readonly url: string;
  close(): void;
}

/**
 * Serves the built studio on this machine alone, under this machine's names.
 * @throws TapestryError `studio.not-built` or `studio.cannot-listen`
 */
export async function serveStudio(folder: string, port: number): Promise<StudioServer> {
  const pages = await Pages.open(folder, site);
  if (!pages.names.includes('studio.html'))
    throw new TapestryError(
      'studio.not-built',
      'The studio’s page is not built.',
      'Run `npm run build`, then start the studio again.',
    );
  const app = new Hono();
  app.use(secured);
  app.get('*', (c) => pages.send(c));
  const answer = getRequestListener((request) => app.fetch(request), { overrideGlobalObjects: false });
  const server = createServer((request, response) => {
    const refusal = refusalOfNames(request.headers, { scheme: 'http', local: true, publicUrl: null });
    if (refusal === null) void answer(request, response);
    else response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' }).end(refusal);
  });
  await listenOnLoopback(server, port, {
    code: 'studio.cannot-listen',
    who: 'The studio',
    next: 'Pass another --port; 0 takes any free one. What the studio stored belongs to the address with its port.',
  });
  const address = server.address();
  const used = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://localhost:${used}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
