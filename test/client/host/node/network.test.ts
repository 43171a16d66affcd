import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { warningPages } from '../../../../apps/warning/warning-page.ts';
import { fetchPinnedTo, nodeNetwork } from '../../../../client/host/node/network.ts';
import type { RelayOptions } from '../../../../relay/server/server.ts';
import { relaySource } from '../../../../relay/verify/http-source.ts';
import { verifyRun } from '../../../../relay/verify/verify.ts';
import { Stage, tinyRun } from '../../../support/contribute/harness.ts';
import { memoryFiles } from '../../../support/tuned-store.ts';

const stage = new Stage();
afterEach(() => stage.close());

async function secureRelay(options: Partial<RelayOptions> = {}) {
  const create = tinyRun({ rounds: 1, localSteps: 1, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create, tls: 'auto', ...options });
  const socket = new URL('node', relay.url);
  socket.protocol = 'wss:';
  return { relay, socket };
}

test('a self-signed relay is trusted by its fingerprint alone', async () => {
  const { relay, socket } = await secureRelay();
  const fingerprint = relay.fingerprint ?? '';
  const network = nodeNetwork(memoryFiles(), { fingerprint });
  const link = await network.connect(socket);
  const first = await link.messages[Symbol.asyncIterator]().next();
  expect(first.value?.length).toBeGreaterThan(32);
  link.close();
  const response = await network.fetch(new URL('healthz', relay.url));
  expect(response.status).toBe(200);
  await response.text();
});

test('an auditor without a node verifies a self-signed relay by its fingerprint alone', async () => {
  const { relay } = await secureRelay();
  const verified = async (fingerprint?: string) => {
    const verification = verifyRun(relaySource(relay.url, { fetch: fetchPinnedTo(fingerprint) }));
    for (;;) {
      const { done, value } = await verification.next();
      if (done) return value;
    }
  };
  expect(await verified(relay.fingerprint ?? '')).toMatchObject({ rounds: 0, problems: [] });
  await expect(verified('00'.repeat(32))).rejects.toMatchObject({ code: 'relay.tls' });
  await expect(verified()).rejects.toMatchObject({ code: 'relay.tls' });
});

test('another certificate, and one that no authority signed, are refused with what to do', async () => {
  const { relay, socket } = await secureRelay();
  const other = nodeNetwork(memoryFiles(), { fingerprint: '00'.repeat(32) });
  const wanted = { code: 'relay.tls', next: expect.stringMatching(/./) };
  await expect(other.connect(socket)).rejects.toMatchObject(wanted);
  await expect(other.fetch(relay.url)).rejects.toMatchObject(wanted);
  const pinless = { code: 'relay.tls', next: expect.stringMatching(/--fingerprint/) };
  await expect(nodeNetwork(memoryFiles()).connect(socket)).rejects.toMatchObject(pinless);
  await expect(nodeNetwork(memoryFiles()).fetch(relay.url)).rejects.toMatchObject(pinless);
});

test('a relay without TLS has another error than one that is not trusted', async () => {
  const create = tinyRun({ rounds: 1, localSteps: 1, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const network = nodeNetwork(memoryFiles());
  const plain = { code: 'relay.tls', next: expect.stringMatching(/http:/) };
  const { port } = relay.url;
  await expect(network.connect(new URL(`wss://127.0.0.1:${port}/node`))).rejects.toMatchObject(plain);
  await expect(network.fetch(new URL(`https://127.0.0.1:${port}/healthz`))).rejects.toMatchObject(plain);
});

test('an address without a listener is reported as unreachable', async () => {
  const network = nodeNetwork(memoryFiles());
  await expect(network.connect(new URL('ws://127.0.0.1:9/node'))).rejects.toMatchObject({
    code: 'relay.unreachable',
  });
  await expect(network.fetch(new URL('http://127.0.0.1:9/'))).rejects.toMatchObject({
    code: 'relay.unreachable',
  });
});

test.each([
  ['closes plain HTTP', {}],
  ['answers plain HTTP with a page', { plainPages: warningPages }],
])('the error for an http address of a relay with TLS, which %s, says to use https', async (_, options) => {
  const { relay } = await secureRelay(options);
  const network = nodeNetwork(memoryFiles());
  const plain = { code: 'relay.tls', next: expect.stringContaining(`https://${relay.url.host}`) };
  await expect(network.connect(new URL(`ws://${relay.url.host}/node`))).rejects.toMatchObject(plain);
  await expect(network.fetch(new URL(`http://${relay.url.host}/healthz`))).rejects.toMatchObject(plain);
});

test('a redirect is refused, and its target never gets a request', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(302, { location: '/elsewhere' }).end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : null;
  const network = nodeNetwork(memoryFiles());
  const redirected = { code: 'relay.redirected' };
  await expect(network.fetch(new URL(`http://127.0.0.1:${port}/manifest`))).rejects.toMatchObject(redirected);
  await expect(network.connect(new URL(`ws://127.0.0.1:${port}/node`))).rejects.toMatchObject(redirected);
  expect(asked).toEqual(['/manifest', '/node']);
});

test("a pinned fetch that is aborted rejects with the signal's reason", async () => {
  const { relay } = await secureRelay();
  const network = nodeNetwork(memoryFiles(), { fingerprint: relay.fingerprint ?? '' });
  const leaving = new AbortController();
  const fetching = network.fetch(relay.url, { signal: leaving.signal });
  leaving.abort(new Error('left'));
  await expect(fetching).rejects.toThrow('left');
});
