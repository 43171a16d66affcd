import type { IncomingMessage, ServerResponse } from 'node:http';
import { frameHeaders, framesPath, pickSubprotocol } from '../../wire/frames.ts';
import { toHex } from '../../wire/hex.ts';
import type { Budget } from '../budget/budget.ts';
import { refuse, refuseFull } from '../http/refuse.ts';
import type { Sockets } from '../http/sockets.ts';
import type { Hub } from '../hub.ts';
import { FetchTransport } from './fetch-transport.ts';

/**
 * The connections of nodes that cannot open a WebSocket. A GET of `framesPath` opens one: its answer carries frames down, and
 * a secret in its headers names the connection to which the frames of a POST belong.
 */
export class FetchConnections {
  readonly #hub: Pick<Hub, 'connected'>;
  readonly #budget: Budget;
  readonly #sockets: Sockets;
  readonly #open = new Map<string, FetchTransport>();

  constructor(hub: Pick<Hub, 'connected'>, budget: Budget, sockets: Sockets) {
    this.#hub = hub;
    this.#budget = budget;
    this.#sockets = sockets;
  }

  /**
   * Answers a request for `framesPath`; returns false for any other. A POST to an open connection counts against the limits of
   * its messages alone, like the frames of a WebSocket.
   */
  answer(request: IncomingMessage, response: ServerResponse, address: string): boolean {
    const [path, query] = (request.url ?? '/').split('?', 2);
    if (path !== framesPath) return false;
    const transport = this.#open.get(headerOf(request, frameHeaders.connection));
    if (request.method === 'POST' && transport !== undefined)
      void this.#upload(transport, request, response, new URLSearchParams(query).get('after') ?? '');
    else if (!this.#budget.spend('requests', address)) refuseFull(response, 'each');
    else if (request.method === 'GET') this.#connect(request, response, address);
    else if (request.method === 'POST') refuse(response, 410, gone);
    else refuse(response, 405, 'GET opens a connection, and POST sends frames\n');
    return true;
  }

  #connect(request: IncomingMessage, response: ServerResponse, address: string): void {
    const version = pickSubprotocol([headerOf(request, frameHeaders.protocol)]);
    // A page of another origin cannot set the header without leave, so it opens no connections either.
    if (version === null) {
      refuse(response, 400, `name a version of the protocol: ${frameHeaders.protocol}\n`);
      return;
    }
    const name = toHex(crypto.getRandomValues(new Uint8Array(32)));
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'cache-control': 'no-store, no-transform',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      // Without this header nginx delays frames until its buffer is full.
      'x-accel-buffering': 'no',
      [frameHeaders.protocol]: version,
      [frameHeaders.connection]: name,
    });
    const transport = new FetchTransport(response);
    this.#open.set(name, transport);
    response.once('close', () => this.#open.delete(name));
    this.#hub.connected(transport, address, () => this.#sockets.pin(request.socket));
  }

  async #upload(
    transport: FetchTransport,
    request: IncomingMessage,
    response: ServerResponse,
    after: string,
  ): Promise<void> {
    if (!/^\d{1,15}$/.test(after)) {
      refuse(response, 400, 'after must be a number of frames\n');
      return;
    }
    const status = await transport.upload(request, Number(after));
    if (response.destroyed) return;
    if (status === 204) response.writeHead(204, { 'cache-control': 'no-store' }).end();
    else refuse(response, status, status === 410 ? gone : 'the frames are out of order\n');
  }
}

const gone = 'this connection has ended\n';

function headerOf(request: IncomingMessage, name: string): string {
  return String(request.headers[name] ?? '');
}
