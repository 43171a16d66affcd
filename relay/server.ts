import { mkdir } from 'node:fs/promises';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { WebSocketServer } from 'ws';
import { TapestryError } from '../client/errors.ts';
import { addressGroup, isAllowed, isLoopback } from './admission.ts';
import { type Clock, systemClock } from './clock.ts';
import { readable } from './http.ts';
import { Hub } from './hub.ts';
import { defaultLimits, type RelayLimits } from './limits.ts';
import type { Logger } from './log.ts';
import { Metrics } from './metrics.ts';
import { Pages } from './pages.ts';
import { type NewRun, Run } from './run.ts';
import { type Sample, StatusView } from './status-view.ts';
import { type Certificate, certificateFor, type TlsOption } from './tls.ts';
import { maxFrameToRelay, socketPath, subprotocol, type WholeManifest } from './wire/frames.ts';
import type { Hash } from './wire/hex.ts';
import type { RelayStatus } from './wire/status.ts';

export interface RelayOptions {
  /** The run's folder: journal, blobs, keys. */
  readonly folder: string;
  /** Where to listen; 127.0.0.1 reaches nobody but this machine. Anything else needs a `token`. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly tls: TlsOption;
  readonly token?: string;
  /** Folder of the built pages; null to serve none. */
  readonly pages: string | null;
  /** The run to make when the folder holds none. */
  readonly create?: NewRun;
  readonly limits?: Partial<RelayLimits>;
  /** The system's unless given. */
  readonly clock?: Clock;
  readonly log: Logger;
}

/** A relay that is listening. */
export interface Relay {
  readonly url: URL;
  readonly runId: Hash;
  readonly manifest: WholeManifest;
  /** SHA-256 of the certificate, to compare in a browser; null without TLS. */
  readonly fingerprint: string | null;
  status(): RelayStatus;
  /** Calls `listener` with each new status, at most one each 500 ms; returns what stops it. */
  watch(listener: (status: RelayStatus) => void): () => void;
  base(): Promise<{ round: number; hash: Hash; parameters: Float32Array<ArrayBuffer> }>;
  announceSample(sample: Sample): void;
  /** Resolves when the last round is committed; at once when it was before. */
  readonly complete: Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the run in `folder` and serves it. The port is taken before anything is written to the run.
 * @throws TapestryError `relay.token-needed`, `relay.port-in-use`, `relay.cannot-listen`, `relay.tls-files`, and those
 * of `Run.open`
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const local = isLoopback(options.host);
  if (!local && !options.token) {
    throw new TapestryError(
      'relay.token-needed',
      `A relay on ${options.host} can be reached from other machines, and this one would let anyone join.`,
      'Pass a join token (--token TOKEN), or leave --host out to stay on this machine.',
    );
  }
  const limits = { ...defaultLimits, ...options.limits };
  const clock = options.clock ?? systemClock;
  await mkdir(options.folder, { recursive: true });
  const certificate = await certificateFor(options.tls, options.folder, options.host, clock.now());
  const server = serverOf(certificate, limits);
  const admit = turnEveryoneAway(server);
  await listen(server, options);
  try {
    const run = await Run.open(options.folder, options.create, () => clock.now());
    return await serve(server, run, options, { local, limits, clock, certificate, admit });
  } catch (error) {
    server.close();
    server.closeAllConnections();
    throw error;
  }
}

interface Surroundings {
  readonly local: boolean;
  readonly limits: RelayLimits;
  readonly clock: Clock;
  readonly certificate: Certificate | null;
  /** Ends the time in which everyone is turned away. */
  readonly admit: () => void;
}

async function serve(server: Server, run: Run, options: RelayOptions, around: Surroundings): Promise<Relay> {
  const { limits, clock, certificate, local } = around;
  const { log } = options;
  const metrics = new Metrics();
  const hub = new Hub({ run, limits, metrics, token: options.token || null, log, clock });
  const view = new StatusView(hub, limits.statusInterval);
  const complete = new Promise<void>((resolve) => {
    hub.onComplete = resolve;
    if (run.current().phase === 'complete') resolve();
  });
  const scheme = certificate === null ? 'http' : 'https';
  const allowed = (request: IncomingMessage) => isAllowed(request.headers, scheme, local);
  const app = readable(hub, view, await Pages.open(options.pages));
  around.admit();
  answerRequests(server, app, allowed);
  const sockets = answerUpgrades(server, hub, allowed);
  const ticking = setInterval(() => {
    hub.tick();
    view.tick(clock.elapsed());
  }, limits.tick);
  const url = urlOf(server, scheme, options.host);
  log.info({ url: url.href, run: run.id, fingerprint: certificate?.fingerprint }, 'the relay is listening');

  let closing: Promise<void> | null = null;
  const close = async () => {
    clearInterval(ticking);
    server.close();
    await hub.close();
    sockets.close();
    server.closeAllConnections();
    await run.close();
  };
  return {
    url,
    runId: run.id,
    manifest: run.manifest,
    fingerprint: certificate?.fingerprint ?? null,
    status: () => view.status(),
    watch: (listener) => view.watch(listener),
    base: async () => run.base(),
    announceSample: (sample) => view.announceSample(sample),
    complete,
    close: () => (closing ??= close()),
  };
}

function serverOf(certificate: Certificate | null, limits: RelayLimits): Server {
  const timeouts = {
    headersTimeout: limits.headers,
    requestTimeout: limits.request,
    connectionsCheckingInterval: Math.min(limits.headers, 5_000),
    maxHeaderSize: 16 * 1024,
  };
  const server =
    certificate === null
      ? createHttpServer(timeouts)
      : createHttpsServer({
          ...timeouts,
          cert: certificate.cert,
          key: certificate.key,
          minVersion: 'TLSv1.2',
        });
  server.maxConnections = limits.connections;
  return server;
}

function listen(server: Server, { host, port }: RelayOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE';
      reject(
        new TapestryError(
          inUse ? 'relay.port-in-use' : 'relay.cannot-listen',
          inUse
            ? `Port ${port} of ${host} is in use.`
            : `The relay cannot listen on ${host}, port ${port}: ${error.message}.`,
          inUse
            ? `Pass another: --port ${port === 65535 ? 0 : port + 1} (0 takes any that is free).`
            : 'Pass another --host or --port.',
          { cause: error },
        ),
      );
    });
    server.listen(port, host, resolve);
  });
}

function answerRequests(server: Server, app: Hono, allowed: (request: IncomingMessage) => boolean): void {
  const listener = getRequestListener((request) => app.fetch(request), { overrideGlobalObjects: false });
  server.on('request', (request, response) => {
    if (allowed(request)) void listener(request, response);
    else
      response
        .writeHead(403, { 'content-type': 'text/plain' })
        .end('another origin, or not a name of this relay\n');
  });
}

function answerUpgrades(
  server: Server,
  hub: Hub,
  allowed: (request: IncomingMessage) => boolean,
): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    // A node's greatest frame. Before the join a connection's bytes are counted as well: see Connection.
    maxPayload: maxFrameToRelay,
    maxFragments: 64,
    handleProtocols: (protocols) => (protocols.has(subprotocol) ? subprotocol : false),
  });
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy());
    const path = request.url?.split('?', 1)[0];
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
    if (path !== socketPath) return turnAway(stream, '404 Not Found');
    if (!allowed(request)) return turnAway(stream, '403 Forbidden');
    if (!offered.includes(subprotocol)) return turnAway(stream, '400 Bad Request');
    const address = addressGroup(request.socket.remoteAddress);
    sockets.handleUpgrade(request, stream, head, (socket) => hub.connected(socket, stream, address));
  });
  return sockets;
}

/** While the run is being opened the port is taken already: a request that nobody answers would wait for ever. */
function turnEveryoneAway(server: Server): () => void {
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

function turnAway(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

/** Where people find the relay: for one on all of a machine's addresses, at the first that others can reach. */
function urlOf(server: Server, scheme: string, host: string): URL {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const everywhere = host === '0.0.0.0' || host === '::';
  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  const name = everywhere ? (outside?.address ?? 'localhost') : host;
  return new URL(`${scheme}://${isIPv6(name) ? `[${name}]` : name}:${port}/`);
}
