import { expect, test } from 'vitest';
import { openCheckpoint } from '../../../../relay/wire/checkpoint.ts';
import { decodeManifest, decodeSignedManifest, runIdOf } from '../../../../relay/wire/frames.ts';
import { provesConsistency, provesInclusion } from '../../../../relay/wire/merkle.ts';
import { payloadOf } from '../../../support/relay/scripted-node.ts';
import { get, pair, start } from '../../../support/relay/stage.ts';

/** The hashes of a proof. */
async function hashesAt(response: Response): Promise<Uint8Array[]> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(bytes.length).toBe(Number(response.headers.get('content-length')));
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));
}

test('the relay serves the newest checkpoint, with proofs that its journal is the one that the nodes saw', async () => {
  const relay = await start();
  const { manifest } = decodeSignedManifest(
    new Uint8Array(await (await get(relay, 'manifest')).arrayBuffer()),
  );
  const signer = { run: runIdOf(manifest), publicKey: decodeManifest(manifest).relayKey };
  const { first, second, opened } = await pair(relay);
  expect((await get(relay, 'checkpoint')).status).toBe(404);
  const heads = [];
  let round = opened;
  for (const seed of [1, 2]) {
    const receipt = await first.contribute(round, payloadOf(seed));
    await second.contribute(round, payloadOf(seed + 10));
    const { checkpoint } = await first.next('commit');
    const head = await openCheckpoint(checkpoint, signer);
    if (head === null) throw new Error('no checkpoint');
    expect(await (await get(relay, 'checkpoint')).text()).toBe(new TextDecoder().decode(checkpoint));
    const sequence = Number(receipt.sequence);
    const inclusion = await get(relay, `checkpoint/inclusion?sequence=${sequence}&size=${head.size}`);
    const proof = await hashesAt(inclusion);
    expect(provesInclusion(sequence - 1, head.size, receipt.entry, proof, head.root)).toBe(true);
    if (seed === 1) expect(receipt.checkpoint).toHaveLength(0);
    else expect(await openCheckpoint(receipt.checkpoint, signer)).toEqual(heads[0]);
    heads.push(head);
    if (seed === 1) round = await first.next('roundOpen');
    if (seed === 1) await second.next('roundOpen');
  }
  const [older, newer] = heads;
  if (older === undefined || newer === undefined) throw new Error('no heads');
  const answer = await get(relay, `checkpoint/consistency?from=${older.size}&to=${newer.size}`);
  expect(answer.headers.get('cache-control')).toContain('immutable');
  expect(provesConsistency(older, newer, await hashesAt(answer))).toBe(true);
});

test('a proof for entries that the journal does not have, or for text that is no number, is refused', async () => {
  const relay = await start();
  const paths = {
    404: [
      'consistency?from=0&to=1',
      'consistency?from=2&to=1',
      'consistency?from=1&to=9999',
      'inclusion?sequence=9&size=8',
    ],
    400: [
      'consistency',
      'consistency?from=1',
      'consistency?from=-1&to=2',
      'inclusion?sequence=1e3&size=2',
      'inclusion?size=1',
    ],
  };
  for (const [status, queries] of Object.entries(paths)) {
    for (const query of queries)
      expect((await get(relay, `checkpoint/${query}`)).status, query).toBe(Number(status));
  }
});
