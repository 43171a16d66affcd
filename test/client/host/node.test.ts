import { afterEach, expect, test } from 'vitest';
import { fetchPinnedTo, nodeHost } from '../../../client/host/node.ts';
import { verifyRun } from '../../../relay/verify.ts';
import { relaySource } from '../../../relay/verify-relay.ts';
import { Stage, tinyRun } from '../contribute/harness.ts';

const stage = new Stage();
afterEach(() => stage.close());

async function secureRelay() {
  const create = tinyRun({ rounds: 1, localSteps: 1, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create, tls: 'auto' });
  const socket = new URL('node', relay.url);
  socket.protocol = 'wss:';
  return { relay, socket };
}

test('a self-signed relay is trusted by its fingerprint alone', async () => {
  const { relay, socket } = await secureRelay();
  const fingerprint = relay.fingerprint ?? '';
  const host = nodeHost({ folder: await stage.folder(), fingerprint });
  const link = await host.connect(socket);
  const first = await link.messages[Symbol.asyncIterator]().next();
  expect(first.value?.length).toBeGreaterThan(32);
  link.close();
  const response = await host.fetch(new URL('healthz', relay.url));
  expect(response.status).toBe(200);
  await response.text();
});

test('who is no node of the run verifies a self-signed relay by its fingerprint alone', async () => {
  const { relay } = await secureRelay();
  const verified = async (fingerprint?: string) => {
    const verification = verifyRun(relaySource(relay.url, fetchPinnedTo(fingerprint)));
    for (;;) {
      const { done, value } = await verification.next();
      if (done) return value;
    }
  };
  expect(await verified(relay.fingerprint ?? '')).toMatchObject({ rounds: 0, problems: [] });
  await expect(verified('00'.repeat(32))).rejects.toMatchObject({ code: 'relay.tls' });
  await expect(verified()).rejects.toMatchObject({ code: 'relay.tls' });
});

test('another certificate, and one that nobody vouches for, are refused with what to do', async () => {
  const { relay, socket } = await secureRelay();
  const folder = await stage.folder();
  const other = nodeHost({ folder, fingerprint: '00'.repeat(32) });
  const wanted = { code: 'relay.tls', next: expect.stringMatching(/./) };
  await expect(other.connect(socket)).rejects.toMatchObject(wanted);
  await expect(other.fetch(relay.url)).rejects.toMatchObject(wanted);
  const pinless = { code: 'relay.tls', next: expect.stringMatching(/--fingerprint/) };
  await expect(nodeHost({ folder }).connect(socket)).rejects.toMatchObject(pinless);
  await expect(nodeHost({ folder }).fetch(relay.url)).rejects.toMatchObject(pinless);
});

test('a relay without TLS is told from one that is not trusted', async () => {
  const create = tinyRun({ rounds: 1, localSteps: 1, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const host = nodeHost({ folder: await stage.folder() });
  const plain = { code: 'relay.tls', next: expect.stringMatching(/http:/) };
  const { port } = relay.url;
  await expect(host.connect(new URL(`wss://127.0.0.1:${port}/node`))).rejects.toMatchObject(plain);
  await expect(host.fetch(new URL(`https://127.0.0.1:${port}/healthz`))).rejects.toMatchObject(plain);
});

test('nobody at the address is told as unreachable', async () => {
  const host = nodeHost({ folder: await stage.folder() });
  await expect(host.connect(new URL('ws://127.0.0.1:9/node'))).rejects.toMatchObject({
    code: 'relay.unreachable',
  });
  await expect(host.fetch(new URL('http://127.0.0.1:9/'))).rejects.toMatchObject({
    code: 'relay.unreachable',
  });
});
