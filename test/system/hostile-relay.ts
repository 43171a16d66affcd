import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import type { Relay } from '../../relay/server/server.ts';
import { decodeToNode, type MessageToNode, pickSubprotocol, socketPath } from '../../relay/wire/frames.ts';

export interface Asked {
  readonly path: string;
  readonly response: ServerResponse;
  /** Answers as the relay behind this one does. */
  forward(): void;
}

export type Answering = (asked: Asked) => void;

/** A relay in the test's process that answers HTTP and WebSockets as the test says. It may stand before a real one. */
export class HostileRelay {
  /** The paths of all requests. */
  readonly asked: string[] = [];
  /** Called with each WebSocket. By default it is piped to the relay behind this one. */
  onSocket: (socket: WebSocket) => void;
  /** A piped WebSocket is closed after the first message of this kind, and after `lastWords`. */
  cutsAfter: MessageToNode['case'] | null = null;
  lastWords: Uint8Array = new Uint8Array();
  /** Its manifest is given even if all else is answered in another way. */
  manifestOf: Relay | null = null;
  readonly url: URL;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets: WebSocketServer;

  private constructor(server: ReturnType<typeof createServer>, answering: Answering, upstream: URL | null) {
    this.#server = server;
    const address = server.address();
    this.url = new URL(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`);
    server.on('request', (incoming, response) => {
      const path = incoming.url ?? '/';
      this.asked.push(path);
      const behind = path === '/manifest' ? (this.manifestOf?.url ?? upstream) : upstream;
      const forward = () => forwardTo(behind, incoming, response);
      response.on('error', () => {});
      if (path === '/manifest' && this.manifestOf !== null) forward();
      else answering({ path, response, forward });
    });
    const handleProtocols = (offered: Set<string>) => pickSubprotocol(offered) ?? false;
    this.#sockets = new WebSocketServer({ server, path: socketPath, handleProtocols });
    this.onSocket = (socket) => this.#pipe(socket, upstream);
    this.#sockets.on('connection', (socket) => {
      socket.on('error', () => {});
      this.onSocket(socket);
    });
  }

  static async start(answering: Answering, upstream: URL | null): Promise<HostileRelay> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new HostileRelay(server, answering, upstream);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pipe(near: WebSocket, upstream: URL | null): void {
    if (upstream === null) {
      near.close();
      return;
    }
    const far = new WebSocket(new URL(socketPath, upstream), near.protocol);
    const waiting: Buffer[] = [];
    far.on('open', () => {
      for (const bytes of waiting) far.send(bytes);
    });
    near.on('message', (bytes: Buffer) =>
      far.readyState === WebSocket.OPEN ? far.send(bytes) : waiting.push(bytes),
    );
    far.on('message', (bytes: Buffer) => {
      near.send(bytes);
      if (decodeToNode(bytes).case !== this.cutsAfter) return;
      near.send(this.lastWords);
      near.close();
    });
    near.on('close', () => far.terminate());
    far.on('close', () => near.close());
    far.on('error', () => near.close());
  }
}

function forwardTo(
  relay: URL | null,
  { url = '/', headers }: IncomingMessage,
  response: ServerResponse,
): void {
  if (relay === null) {
    response.writeHead(404).end();
    return;
  }
  request(new URL(url, relay), { headers: { ...headers, host: relay.host } }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  })
    .on('error', () => response.destroy())
    .end();
}
