import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { WebSocketServer } from 'ws';
import { TapestryError } from '../../../client/errors.ts';
import { maxFrameToRelay, pickSubprotocol, socketPath } from '../../wire/frames.ts';
import type { Bindings } from '../bindings.ts';
import type { Budget } from '../budget/budget.ts';
import type { Hub } from '../hub.ts';
import type { RelayLimits } from '../limits.ts';
import type { Logger } from '../log.ts';
import type { Certificate } from '../tls/pair.ts';
import type { FetchConnections } from '../transport/fetch-connections.ts';
import { WebSocketTransport } from '../transport/web-socket.ts';
import { type RelayNames, refusalOfNames, targetBelow } from './names.ts';
import { refuse, refuseFull, textWhenFull, turnAway } from './refuse.ts';
import type { Sockets } from './sockets.ts';
import { isFromHere, type TrustedProxies } from './trusted-proxies.ts';

/** An HTTP server, or with a certificate an HTTPS one, that does not listen yet. */
export function httpServer(certificate: Certificate | null, limits: RelayLimits): Server {
  const timeouts = {
    headersTimeout: limits.headers,
    requestTimeout: limits.request,
    keepAliveTimeout: limits.idle,
    connectionsCheckingInterval: Math.min(limits.headers, 5_000),
    maxHeaderSize: 16 * 1024,
  };
  const server =
    certificate === null
      ? createHttpServer(timeouts)
      : createHttpsServer({ ...timeouts, ...contextOf(certificate), handshakeTimeout: limits.handshake });
  // Node destroys a socket that transferred nothing for this time, unless it became a WebSocket.
  server.timeout = limits.stall;
  return server;
}

function contextOf({ cert, key }: Certificate) {
  return { cert, key, minVersion: 'TLSv1.2' } as const;
}

/** Gives new connections this certificate; those that are open keep theirs and stay open. */
export function useCertificate(server: Server, certificate: Certificate): void {
  if (server instanceof HttpsServer) server.setSecureContext(contextOf(certificate));
}

/**
 * Listens on the port. Later errors of the server, such as too many open files (EMFILE) while it accepts a connection, are
 * logged: only that connection is lost.
 * @throws TapestryError `relay.port-in-use`, `relay.cannot-listen`
 */
export function listen(
  server: Server,
  address: { readonly host: string; readonly port: number; readonly backlog: number },
  log: Logger,
): Promise<void> {
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE';
      reject(
        new TapestryError(
          inUse ? 'relay.port-in-use' : 'relay.cannot-listen',
          inUse
            ? `Port ${port} of ${host} is in use.`
            : `The relay cannot listen on ${host}, port ${port}: ${error.message}.`,
          inUse
            ? `Pass another: --port ${port === 65535 ? 0 : port + 1} (0 for any free port).`
            : 'Pass another --host or --port.',
          { cause: error },
        ),
      );
    };
    server.once('error', refuse);
    server.listen(address, () => {
      server.off('error', refuse);
      server.on('error', (error) => log.error({ err: error }, 'a connection could not be accepted'));
      resolve();
    });
  });
}

/**
 * Answers requests through `app`, and those that carry the frames of nodes through `nodes`. Refuses a request under a name that is not the relay's, and says which name. Answers 429 to
 * an address over its limits and 503 while all answers together are at theirs; a connection that pipelines more requests than
 * `limits.requestsAtOnce` is closed. This machine's own /healthz counts against no limit.
 */
export function answerRequests(
  server: Server,
  app: Hono<{ Bindings: Bindings }>,
  names: RelayNames,
  nodes: FetchConnections,
  {
    limits,
    budget,
    proxies,
  }: { readonly limits: RelayLimits; readonly budget: Budget; readonly proxies: TrustedProxies },
): void {
  const underWay = new WeakMap<Duplex, number>();
  const bindings = new WeakMap<object, Bindings>();
  const listener = getRequestListener((request, { incoming }) => app.fetch(request, bindings.get(incoming)), {
    overrideGlobalObjects: false,
  });
  server.on('request', (request, response) => {
    const { socket, headers } = request;
    const requests = (underWay.get(socket) ?? 0) + 1;
    underWay.set(socket, requests);
    if (requests > limits.requestsAtOnce) {
      socket.destroy();
      return;
    }
    response.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1));
    const refusal = refusalOfNames(headers, names);
    if (refusal !== null) return refuse(response, 403, refusal);
    request.url = targetBelow(request.url ?? '/', names.publicUrl);
    const forwarded = headers['x-forwarded-for'];
    const address = proxies.clientOf(socket.remoteAddress, forwarded);
    const onEnd = (done: () => void) => void response.once('close', done);
    const answer = (own: Bindings) => {
      bindings.set(request, own);
      if (!response.destroyed) void listener(request, response);
    };
    if (request.url === '/healthz' && forwarded === undefined && isFromHere(socket.remoteAddress))
      return answer({ address, take: () => null });
    if (nodes.answer(request, response, address)) return;
    if (!budget.spend('requests', address)) return refuseFull(response, 'each');
    const giveWay = () => socket.destroy();
    const place = budget.take('answers', address, giveWay);
    if (typeof place === 'string') return refuseFull(response, place);
    onEnd(place.leave);
    const take: Bindings['take'] = (resource) => {
      const longer = budget.take(resource, address, giveWay);
      if (typeof longer === 'string') return longer;
      onEnd(longer.leave);
      place.leave();
      return null;
    };
    const turn = budget.turns.take(address);
    if (turn === null) answer({ address, take });
    else void turn.then(() => answer({ address, take }));
  });
}

/** Passes the nodes' WebSockets to the hub. An upgrade counts against its address's rate of requests, and is answered 429 over it. */
export function answerUpgrades(
  server: Server,
  hub: Hub,
  names: RelayNames,
  {
    guarded,
    budget,
    proxies,
  }: { readonly guarded: Sockets; readonly budget: Budget; readonly proxies: TrustedProxies },
): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    // The longest frame of a node. `Connection` also limits all bytes before the join.
    maxPayload: maxFrameToRelay,
    maxFragments: 64,
    handleProtocols: (offered) => pickSubprotocol(offered) ?? false,
  });
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy());
    const path = targetBelow(request.url ?? '/', names.publicUrl).split('?', 1)[0];
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
    if (path !== socketPath) return turnAway(stream, '404 Not Found');
    const refusal = refusalOfNames(request.headers, names);
    if (refusal !== null) return turnAway(stream, '403 Forbidden', refusal);
    if (pickSubprotocol(offered) === null) return turnAway(stream, '400 Bad Request');
    const forwarded = request.headers['x-forwarded-for'];
    const address = proxies.clientOf(request.socket.remoteAddress, forwarded);
    if (!budget.spend('requests', address))
      return turnAway(stream, '429 Too Many Requests', textWhenFull('each'));
    const pin = () => guarded.pin(request.socket);
    sockets.handleUpgrade(request, stream, head, (socket) =>
      hub.connected(new WebSocketTransport(socket, stream), address, pin),
    );
  });
  return sockets;
}

/** Answers 503 until the returned function is called, because the relay listens before the run is open. */
export function turnEveryoneAway(server: Server): () => void {
  const refuse = (_request: IncomingMessage, response: ServerResponse) => {
    const headers = { 'content-type': 'text/plain', 'retry-after': '1', connection: 'close' };
    response.writeHead(503, headers).end('the relay is starting\n');
  };
  const refuseSocket = (_request: IncomingMessage, stream: Duplex) => {
    stream.on('error', () => stream.destroy());
    turnAway(stream, '503 Service Unavailable');
  };
  server.on('request', refuse).on('upgrade', refuseSocket);
  return () => void server.off('request', refuse).off('upgrade', refuseSocket);
}
