import { expect, test } from 'vitest';
import type { Network, Socket } from '../../../../client/contribute/network.ts';
import { RelayClient } from '../../../../client/contribute/protocol/relay-client.ts';
import { Traffic } from '../../../../client/contribute/protocol/traffic.ts';
import type { SessionEvent } from '../../../../client/contribute/session/state.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { RelayHttp } from '../../../../client/relay-http.ts';
import type { Runtime } from '../../../../client/runtime.ts';
import { noEvidence } from '../../../support/contribute/no-evidence.ts';

const ended = { done: true, value: undefined } as const;

/** A relay that accepts the connection, or only the request for its manifest, and then sends nothing. */
async function askSilentRelay(corpus: string | null): Promise<SessionEvent[]> {
  let closeSocket = () => {};
  const closed = new Promise<void>((resolve) => {
    closeSocket = resolve;
  });
  const socket: Socket = {
    send: () => {},
    buffered: 0,
    arrived: 0,
    messages: { [Symbol.asyncIterator]: () => ({ next: () => closed.then(() => ended) }) },
    close: () => closeSocket(),
  };
  const waiting = Promise.withResolvers<() => void>();
  const connected = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<void>();
  const network: Network = {
    identity: () => Promise.reject(new Error('not asked for')),
    connect: async () => socket,
    fetch: (_url, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
      }),
  };
  const runtime: Runtime = {
    kind: 'node',
    gpu: () => Promise.reject(new Error('not asked for')),
    files: { read: async () => null, write: async () => {}, remove: async () => {} },
    cache: { read: async () => null, write: async () => {}, remove: async () => {} },
    now: () => 0,
    sleep: (_milliseconds, signal) =>
      new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve());
        waiting.resolve(resolve);
      }),
    hold: (work) => work(),
  };
  const keys = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  const identity = { publicKey: new Uint8Array(32), privateKey: keys.privateKey };
  const heard: SessionEvent[] = [];
  const address = new URL('http://127.0.0.1:9/');
  const relay = new RelayClient(
    runtime,
    { network, http: new RelayHttp(network, runtime, address) },
    { relay: address, corpusName: corpus },
    identity,
    new Traffic(),
    {
      dispatch: (event) => {
        heard.push(event);
        if (event.kind !== 'connected') lost.resolve();
        else connected.resolve();
      },
      welcomed: async () => {},
      heartbeat: () => ({ case: 'leave', value: { round: 0 } }),
      jitter: () => 0.5,
      evidence: noEvidence,
    },
  );
  relay.connect();
  const passTime = await waiting.promise;
  if (corpus === null) await connected.promise;
  passTime();
  await lost.promise;
  return heard;
}

test.each([
  ['before it gives its manifest', 'Romance'],
  ['before its challenge', null],
])('a relay that falls silent %s is given up and tried again', async (_when, corpus) => {
  const last = (await askSilentRelay(corpus)).at(-1);
  expect(last?.kind).toBe('disconnected');
  const problem = last?.kind === 'disconnected' ? last.problem : null;
  expect(problem).toBeInstanceOf(TapestryError);
  expect(problem).toMatchObject({ code: expect.stringMatching(/^relay\.(?:silent|unreachable)$/) });
});
