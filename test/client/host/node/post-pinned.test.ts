import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { expect, onTestFinished, test } from 'vitest';
import { postPinnedTo } from '../../../../client/host/node/network.ts';
import { certificateFor } from '../../../../relay/server/tls/certificate.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const never = new AbortController().signal;
const body = Uint8Array.of(1, 2, 3, 250);

/** A server with a certificate of its own. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const certificate = await certificateFor('auto', temporaryFolder(), '127.0.0.1', Date.now());
  if (certificate === null) throw new Error('no certificate was made');
  const server = createServer({ cert: certificate.cert, key: certificate.key }, answer);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { url: new URL(`https://127.0.0.1:${port}/evaluations`), ...certificate };
}

async function bytesOf(request: IncomingMessage): Promise<number[]> {
  const bytes: number[] = [];
  for await (const piece of request) bytes.push(...piece);
  return bytes;
}

test('a pinned post sends all bytes and gives the status of the answer', async () => {
  const heard: unknown[] = [];
  const { url, fingerprint } = await serve(async (request, response) => {
    heard.push([request.method, request.url, await bytesOf(request)]);
    response.writeHead(heard.length === 1 ? 204 : 409).end(heard.length === 1 ? undefined : 'late');
  });
  const post = postPinnedTo(fingerprint);
  expect(await post(url, body, never)).toBe(204);
  expect(await post(url, body, never)).toBe(409);
  expect(heard).toEqual(Array(2).fill(['POST', '/evaluations', [...body]]));
});

test('another certificate gets no byte of a post', async () => {
  let asked = 0;
  const { url } = await serve((_, response) => {
    asked++;
    response.writeHead(204).end();
  });
  await expect(postPinnedTo('00'.repeat(32))(url, body, never)).rejects.toMatchObject({ code: 'relay.tls' });
  await expect(postPinnedTo(undefined)(url, body, never)).rejects.toMatchObject({ code: 'relay.tls' });
  expect(asked).toBe(0);
});

test('a post that is redirected is refused, and one that breaks off or is aborted rejects', async () => {
  const hung = Promise.withResolvers<void>();
  const { url, fingerprint } = await serve((request, response) => {
    if (request.url === '/redirects') response.writeHead(307, { location: '/elsewhere' }).end();
    else if (request.url === '/breaks') request.socket.destroy();
    else hung.resolve();
  });
  const post = postPinnedTo(fingerprint);
  await expect(post(new URL('redirects', url), body, never)).rejects.toMatchObject({
    code: 'relay.redirected',
  });
  await expect(post(new URL('breaks', url), body, never)).rejects.toMatchObject({
    code: 'relay.unreachable',
  });
  const leaving = new AbortController();
  const posting = post(url, body, leaving.signal);
  await hung.promise;
  leaving.abort(new Error('left'));
  await expect(posting).rejects.toThrow('left');
});

test('a server that is gone is unreachable, and one that comes back is posted to again', async () => {
  const { url, fingerprint } = await serve((_, response) => void response.writeHead(204).end());
  const post = postPinnedTo(fingerprint);
  const gone = new URL('https://127.0.0.1:9/evaluations');
  await expect(post(gone, body, never)).rejects.toMatchObject({ code: 'relay.unreachable' });
  // The failure is not remembered: the certificate is asked for again.
  expect(await post(url, body, never)).toBe(204);
});
