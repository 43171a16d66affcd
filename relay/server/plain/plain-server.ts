import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Budget } from '../budget/budget.ts';
import { type RelayNames, refusalOfNames } from '../http/names.ts';
import { refuse, refuseFull, turnAway } from '../http/refuse.ts';
import type { TrustedProxies } from '../http/trusted-proxies.ts';
import type { RelayLimits } from '../limits.ts';

/** A whole page: it needs nothing else from the relay. */
export interface PlainPage {
  readonly html: Uint8Array;
  /** The BCP 47 tag of the language that it begins in. */
  readonly language: string;
  /** Its content-security policy. */
  readonly policy: string;
}

/** Chooses the page for a request's Accept-Language header. */
export type PlainPages = (acceptLanguage: string | undefined) => PlainPage;

const useTls =
  'This port speaks TLS: use https. By plain HTTP it gives browsers one page about its certificate.\n';

/**
 * Answers the connections of a TLS port that speak plain HTTP: each GET or HEAD with a page, whatever its path, and all else with
 * 400. The page depends on no part of the request but the language. A connection carries one request and lives for `limits.headers`
 * at most, however slowly it sends or reads.
 */
export function plainServer(
  pages: PlainPages,
  names: RelayNames,
  {
    limits,
    budget,
    proxies,
  }: { readonly limits: RelayLimits; readonly budget: Budget; readonly proxies: TrustedProxies },
): (socket: Socket) => void {
  // It never listens, so Node's own time-outs, which the server checks while it does, would not end a slow request.
  const server = createServer({ maxHeaderSize: 16 * 1024, keepAlive: false });
  server.maxRequestsPerSocket = 1;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('connection', 'close');
    const { headers, method, socket } = request;
    const address = proxies.clientOf(socket.remoteAddress, headers['x-forwarded-for']);
    if (!budget.spend('requests', address)) return refuseFull(response, 'each');
    const refusal = refusalOfNames(headers, names);
    if (refusal !== null) return refuse(response, 400, refusal);
    const hasBody =
      headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
    if ((method !== 'GET' && method !== 'HEAD') || hasBody) return refuse(response, 400, useTls);
    const { html, language, policy } = pages(headers['accept-language']);
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': html.length,
      'content-language': language,
      'content-security-policy': policy,
      // Neither a cache nor a later visit may show the page in place of the relay.
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    response.end(method === 'HEAD' ? undefined : html);
  });
  server.on('upgrade', (_request: IncomingMessage, stream: Duplex) => {
    stream.on('error', () => stream.destroy());
    turnAway(stream, '400 Bad Request', useTls);
  });
  return (socket) => {
    const timer = setTimeout(() => socket.destroy(), limits.headers);
    socket.once('close', () => clearTimeout(timer));
    server.emit('connection', socket);
  };
}
