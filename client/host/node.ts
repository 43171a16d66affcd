import { type Agent, get, type RequestOptions } from 'node:https';
import { WebSocket } from 'ws';
import { subprotocol } from '../../relay/wire/frames.ts';
import type { Host, Socket } from '../contribute/host.ts';
import { identityInFiles } from '../contribute/identity.ts';
import { TapestryError } from '../errors.ts';
import { cacheFolder } from './cache.ts';
import { clock } from './clock.ts';
import { diskFiles } from './disk.ts';
import { Messages } from './messages.ts';
import { pinnedAgent } from './pin.ts';
import { connectionError, fetchFrom, maxMessageBytes, openMilliseconds } from './relay-errors.ts';

/**
 * Dawn aborts the process when the object that `create` returned is collected while a device of it lives: this keeps it.
 */
let dawn: Promise<GPU> | undefined;

/** Dawn hides tensor cores behind the first, and 16-bit floats on NVIDIA's Vulkan driver behind the second. */
const dawnFeatures = 'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia';

/** Dawn's WebGPU entry point, with the constants (`GPUBufferUsage` and so on) that browsers have as globals. */
export function nodeGpu(): Promise<GPU> {
  dawn ??= import('webgpu').then(
    ({ create, globals }) => {
      Object.assign(globalThis, globals);
      return create([dawnFeatures]);
    },
    (cause: unknown) => {
      throw new TapestryError(
        'adapter.missing',
        'The WebGPU binding for Node is not installed or does not run on this system.',
        'Run npm install in the folder of Tapestry, or join with Deno or a browser.',
        { cause },
      );
    },
  );
  return dawn;
}

/**
 * A Node process. `folder` holds identity, state and weights. `fingerprint` is the SHA-256 of a self-signed relay's
 * certificate: then that certificate and no other is trusted.
 */
export function nodeHost(options: { folder: string; fingerprint?: string }): Host {
  const files = diskFiles(options.folder);
  const agentFor = agents(options.fingerprint);
  return {
    kind: 'node',
    gpu: nodeGpu,
    files,
    cache: diskFiles(cacheFolder()),
    identity: () => identityInFiles(files),
    connect: async (url) => openSocket(url, await agentFor(url)),
    fetch: nodeFetch(agentFor),
    ...clock,
    hold: (work) => work(),
  };
}

/** GET from a relay, without being a node of its run; `fingerprint` as for `nodeHost`. */
export function fetchPinnedTo(fingerprint: string | undefined): Host['fetch'] {
  return nodeFetch(agents(fingerprint));
}

type AgentFor = (url: URL) => Promise<Agent | undefined>;

function nodeFetch(agentFor: AgentFor): Host['fetch'] {
  return async (url, init = {}) => {
    const agent = await agentFor(url);
    return agent === undefined ? fetchFrom(url, init) : fetchPinned(url, { ...init, agent });
  };
}

/** The agent that trusts the pinned certificate; none where nothing is pinned or the address has no certificate. */
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
        messages,
        close: () => socket.close(),
      }),
    );
    socket.on('message', (data, isBinary) => {
      if (isBinary && data instanceof Buffer) messages.push(new Uint8Array(data));
      else socket.close();
    });
    socket.on('error', (error: Error & { code?: string }) => {
      const failure = connectionError(url, error.code ?? error.message, error);
      messages.fail(failure);
      reject(failure);
    });
    socket.on('close', () => messages.end());
  });
}

function fetchPinned(url: URL, options: RequestOptions): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = get(url, options, (incoming) => {
      const headers = new Headers();
      for (const [name, value] of Object.entries(incoming.headers)) {
        if (value !== undefined) headers.set(name, String(value));
      }
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        async start(controller) {
          try {
            for await (const chunk of incoming) controller.enqueue(new Uint8Array(chunk));
            controller.close();
          } catch (error) {
            controller.error(error);
          }
        },
        cancel: () => {
          incoming.destroy();
        },
      });
      resolve(new Response(body, { status: incoming.statusCode ?? 500, headers }));
    });
    request.on('error', (error: Error & { code?: string }) =>
      reject(connectionError(url, error.code ?? error.message, error)),
    );
  });
}
