import { expect, test } from 'vitest';
import { clock } from '../../../client/clock.ts';
import { corpusIndex } from '../../../client/contribute/protocol/handshake.ts';
import { diskFiles } from '../../../client/host/disk.ts';
import { nodeNetwork } from '../../../client/host/node/network.ts';
import { RelayHttp } from '../../../client/relay-http.ts';
import {
  decodeManifest,
  decodeSignedManifest,
  pickSubprotocol,
  runIdOf,
  subprotocol,
} from '../../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';
import { manifestSignedBytes, verifySignature } from '../../../relay/wire/signatures.ts';
import { ScriptedNode } from '../../support/relay/scripted-node.ts';
import { expectCounted, get, start } from '../../support/relay/stage.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A Join in version 1 of the protocol: Node, any run, an unlisted nation. */
const joinOfVersion1 = fromHex(
  `0ab4010d01000000122${'0'.repeat(65)}1a20${'03'.repeat(32)}20022dffffffff3220${'00'.repeat(32)}3a40${'09'.repeat(64)}`,
);

test('a node of protocol version 1 is refused with WRONG_PROTOCOL', async () => {
  const relay = await start();
  const node = await ScriptedNode.connect(relay.url, { subprotocol: 'tapestry.v1' });
  node.send(joinOfVersion1);
  expect(await node.refusal()).toBe('WRONG_PROTOCOL');
  expect(await node.goodbye()).toBe('REFUSED');
  await expectCounted(relay, 'WRONG_PROTOCOL');
});

test('a relay picks its own version among those offered, otherwise one that it can refuse', () => {
  expect(pickSubprotocol(['tapestry.v1', subprotocol, 'tapestry.v9'])).toBe(subprotocol);
  expect(pickSubprotocol(['chat', 'tapestry.v1'])).toBe('tapestry.v1');
  for (const offered of [[], ['chat'], ['tapestry.v'], ['tapestry.v2x'], ['xtapestry.v1']])
    expect(pickSubprotocol(offered)).toBeNull();
});

test('GET /manifest returns the manifest with its signature', async () => {
  const relay = await start();
  const body = await (await get(relay, 'manifest')).arrayBuffer();
  const { manifest, signature } = decodeSignedManifest(new Uint8Array(body));
  expect(toHex(runIdOf(manifest))).toBe(relay.runId);
  const { relayKey } = decodeManifest(manifest);
  expect(await verifySignature(relayKey, manifestSignedBytes(new Uint8Array(manifest)), signature)).toBe(
    true,
  );
});

test('a node reads the index of its corpus from the manifest', async () => {
  const relay = await start();
  const network = nodeNetwork(diskFiles(temporaryFolder()));
  const index = (name: string | null, url = relay.url) =>
    corpusIndex(new RelayHttp(network, clock, url), name, new AbortController().signal);
  expect([await index('North'), await index('South')]).toEqual([0, 1]);
  expect([await index('East'), await index(null)]).toEqual([0xffff_ffff, 0xffff_ffff]);
  await expect(index('North', new URL('assets/', relay.url))).rejects.toMatchObject({
    code: 'relay.wrong-protocol',
  });
});
