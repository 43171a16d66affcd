import { type Agent, get, request } from 'node:https';
import { WebSocket } from 'ws';
import { subprotocol } from '../../../relay/wire/frames.ts';
import type { FetchOptions, Network, Socket } from '../../contribute/network.ts';
import { identityInFiles } from '../../identity.ts';
import type { Files } from '../../runtime.ts';
import { Messages } from '../messages.ts';
import { type Post, postTo } from '../post.ts';
import {
  connectionError,
  fetchFrom,
  maxMessageBytes,
  openingError,
  openMilliseconds,
  refuseRedirect,
} from '../relay-errors.ts';
import { pinnedAgent } from './pin.ts';
import { bodyOf } from './response-body.ts';

/**
 * The network of a Node process, with the identity in `files`. `fingerprint` is the SHA-256 of a relay's self-signed
 * certificate; if it is given, only that certificate is trusted.
 */
export function nodeNetwork(files: Files, { fingerprint }: { readonly fingerprint?: string } = {}): Network {
  const agentFor = agents(fingerprint);
  return {
    identity: () => identityInFiles(files),
    connect: async (url) => openSocket(url, await agentFor(url)),
    fetch: nodeFetch(agentFor),
  };
}

/** A fetch for programs that read from a relay without joining its run; `fingerprint` has the meaning of `nodeNetwork`'s. */
export function fetchPinnedTo(fingerprint: string | undefined): Network['fetch'] {
  return nodeFetch(agents(fingerprint));
}

/** A POST for programs that tell a relay something without joining its run; `fingerprint` has the meaning of `nodeNetwork`'s. */
export function postPinnedTo(fingerprint: string | undefined): Post {
  const agentFor = agents(fingerprint);
  return async (url, body, signal) => {
    const agent = await agentFor(url);
    return agent === undefined ? postTo(url, body, signal) : postPinned(url, body, { signal, agent });
  };
}

function postPinned(
  url: URL,
  body: Uint8Array,
  options: { readonly signal: AbortSignal; readonly agent: Agent },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, method: 'POST' }, (incoming) => {
      incoming.resume();
      const { statusCode: status = 500, headers } = incoming;
      const answer = new Response(null, { status, headers: { location: headers.location ?? '' } });
      refuseRedirect(url, answer).then(() => resolve(status), reject);
    });
    sent.on('error', (error: Error & { code?: string }) =>
      reject(
        options.signal.aborted
          ? options.signal.reason
          : connectionError(url, error.code ?? error.message, error),
      ),
    );
    sent.end(body);
  });
}

type AgentFor = (url: URL) => Promise<Agent | undefined>;

function nodeFetch(agentFor: AgentFor): Network['fetch'] {
  return async (url, init = {}) => {
    const agent = await agentFor(url);
    return agent === undefined ? fetchFrom(url, init) : fetchPinned(url, { ...init, agent });
  };
}

/** The agent that trusts only the pinned certificate; undefined if none is pinned or the address does not use TLS. */
function agents(fingerprint: string | undefined): AgentFor {
  let pinned: Promise<Agent> | undefined;
  return async (url) => {
    if (fingerprint === undefined || !/^(?:https|wss):$/.test(url.protocol)) return undefined;
    pinned ??= pinnedAgent(url, fingerprint);
    try {
      return await pinned;
    } catch (error) {
      pinned = undefined;
      throw error;
    }
  };
}

function openSocket(url: URL, agent: Agent | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, subprotocol, {
      maxPayload: maxMessageBytes,
      handshakeTimeout: openMilliseconds,
      perMessageDeflate: false,
      agent,
    });
    const messages = new Messages();
    socket.on('open', () =>
      resolve({
        send: (bytes) => socket.send(bytes),
        get buffered() {
          return socket.bufferedAmount;
        },
        get arrived() {
          return messages.arrived;
        },
        messages,
        close: () => socket.close(),
      }),
    );
    socket.on('message', (data, isBinary) => {
      if (isBinary && data instanceof Buffer) messages.push(new Uint8Array(data));
      else socket.close();
    });
    socket.on('error', (error: Error & { code?: string }) => {
      const reason = error.code ?? error.message;
      messages.fail(connectionError(url, reason, error));
      void openingError(url, reason, error).then(reject);
    });
    socket.on('close', () => messages.end());
  });
}

/** Statuses whose responses have no body. */
const bodyless: ReadonlySet<number> = new Set([204, 205, 304]);

function fetchPinned(url: URL, options: FetchOptions & { readonly agent: Agent }): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = get(url, options, (incoming) => {
      const headers = new Headers();
      for (const [name, value] of Object.entries(incoming.headers)) {
        if (value !== undefined) headers.set(name, String(value));
      }
      const { statusCode: status = 500 } = incoming;
      const response = new Response(bodyless.has(status) ? null : bodyOf(incoming), { status, headers });
      refuseRedirect(url, response).then(() => resolve(response), reject);
    });
    request.on('error', (error: Error & { code?: string }) =>
      reject(
        options.signal?.aborted === true
          ? options.signal.reason
          : connectionError(url, error.code ?? error.message, error),
      ),
    );
  });
}
