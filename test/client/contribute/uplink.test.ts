import { expect, test } from 'vitest';
import type { Host, Socket } from '../../../client/contribute/host.ts';
import { Traffic } from '../../../client/contribute/link.ts';
import type { SessionEvent } from '../../../client/contribute/session.ts';
import { Uplink } from '../../../client/contribute/uplink.ts';
import { TapestryError } from '../../../client/errors.ts';

const ended = { done: true, value: undefined } as const;

/** A relay that takes the connection, or already the question for its status, and then says nothing. */
async function askSilentRelay(nation: string | null): Promise<SessionEvent[]> {
  let closeSocket = () => {};
  const closed = new Promise<void>((resolve) => {
    closeSocket = resolve;
  });
  const socket: Socket = {
    send: () => {},
    buffered: 0,
    messages: { [Symbol.asyncIterator]: () => ({ next: () => closed.then(() => ended) }) },
    close: () => closeSocket(),
  };
  const waiting = Promise.withResolvers<() => void>();
  const connected = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<void>();
  const host: Host = {
    kind: 'node',
    gpu: () => Promise.reject(new Error('not asked for')),
    files: { read: async () => null, write: async () => {}, remove: async () => {} },
    cache: { read: async () => null, write: async () => {}, remove: async () => {} },
    identity: () => Promise.reject(new Error('not asked for')),
    connect: async () => socket,
    fetch: (_url, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
      }),
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
  const uplink = new Uplink(
    host,
    { relay: new URL('http://127.0.0.1:9/'), nation },
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
    },
  );
  uplink.connect();
  const passTime = await waiting.promise;
  if (nation === null) await connected.promise;
  passTime();
  await lost.promise;
  return heard;
}

test.each([
  ['before it gives its status', 'Romance'],
  ['before its challenge', null],
])('a relay that falls silent %s is given up and tried again', async (_when, nation) => {
  const last = (await askSilentRelay(nation)).at(-1);
  expect(last?.kind).toBe('disconnected');
  const problem = last?.kind === 'disconnected' ? last.problem : null;
  expect(problem).toBeInstanceOf(TapestryError);
  expect(problem).toMatchObject({ code: 'relay.unreachable' });
});
