import { expect, test } from 'vitest';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';
import { applyDelta } from '../../../../relay/wire/codec/apply-delta.ts';
import { toHex } from '../../../../relay/wire/hex.ts';
import { downlinkCodecOf } from '../../../../relay/wire/manifest.ts';
import { payloadOf } from '../../../support/relay/scripted-node.ts';
import { smallRun } from '../../../support/relay/small-run.ts';
import { get, pair, start } from '../../../support/relay/stage.ts';

const bytesAt = async (response: Response) => new Uint8Array(await response.arrayBuffer());

test('the relay serves the deltas that lead from base to base, and no others', async () => {
  const small = smallRun();
  const value = { bits: 4, block: 256, exponent: -20, maxShift: 16 };
  const create = {
    ...small,
    manifest: { ...small.manifest, downlink: { case: 'denseDeltas' as const, value } },
  };
  const relay = await start({ create });
  const codec = downlinkCodecOf(relay.manifest);
  const { first, second, opened } = await pair(relay);
  const bases = [toHex(opened.base)];
  let round = opened;
  for (const seed of [1, 2]) {
    await first.contribute(round, payloadOf(seed));
    await second.contribute(round, payloadOf(seed + 10));
    const { state } = await first.next('commit');
    bases.push(toHex(state[0] ?? new Uint8Array()));
    if (seed === 1) round = await first.next('roundOpen');
    if (seed === 1) await second.next('roundOpen');
  }
  // The scripted nodes downloaded nothing; a node that follows downloads a delta for each contribution.
  const deltaBytes = codec?.payloadBytes(create.initialBase.length) ?? 0;
  const { bytesDown } = relay.status().totals;
  expect(bytesDown).toBeGreaterThanOrEqual(4 * deltaBytes);
  expect(bytesDown).toBeLessThan(4 * 4 * create.initialBase.length);
  const [initial = '', middle = '', newest = ''] = bases;
  const list = await get(relay, `bases/${newest}/from/${initial}`);
  expect(list.headers.get('cache-control')).toContain('immutable');
  const hashes = await bytesAt(list);
  expect(hashes).toHaveLength(64);
  expect(await bytesAt(await get(relay, `bases/${newest}/from/${middle}`))).toEqual(hashes.slice(32));
  let base = create.initialBase;
  for (const at of [0, 32]) {
    const answer = await get(relay, `blobs/${toHex(hashes.subarray(at, at + 32))}`);
    expect(answer.headers.get('cache-control')).toContain('public');
    if (codec !== null) base = applyDelta(base, await bytesAt(answer), codec);
  }
  expect(hashOfBytes(new Uint8Array(base.buffer))).toBe(newest);
  for (const [to, from] of [
    [newest, newest],
    [initial, newest],
    [newest, '0'.repeat(64)],
    [newest, 'base'],
  ])
    expect((await get(relay, `bases/${to}/from/${from}`)).status).toBe(404);
});
