import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import type { EntryOf } from '../../../../relay/journal/entry.ts';
import { mixedBase } from '../../../../relay/run/upstream/mixed-base.ts';
import { bytesOfVector } from '../../../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';
import { Problems } from '../../../../relay/verify/problems.ts';
import { adoptedVector } from '../../../../relay/verify/upstream/adopted-vector.ts';
import { tinyRun } from '../../../support/contribute/harness.ts';
import { manifestOf, noHash } from '../../../support/upstream/mixing-manifest.ts';

const weight = 0.25;
const manifest = manifestOf(tinyRun({ rounds: 2, localSteps: 4, quorum: 1, target: 1 }), {
  every: 1,
  weight,
});
const random = Random.seeded(3);
const vector = () => new Float32Array(manifest.model.parameters).map(() => Math.fround(random.normal()));
const hashOf = (values: Float32Array<ArrayBuffer>) => hashOfBytes(bytesOfVector(values));

async function adoption() {
  const [upstream, sent, current] = [vector(), vector(), vector()];
  const { base, reference } = await mixedBase(upstream, sent, current, weight);
  const blobs = new Map([upstream, sent].map((one) => [hashOf(one), bytesOfVector(one)]));
  const problems = new Problems();
  const source = { blob: async (hash: string) => blobs.get(hash) ?? null };
  const body = {
    ...{ round: 3, upstream: hashOf(upstream), through: 2 },
    ...{ reference: hashOf(reference), base: hashOf(base) },
  };
  const entry: EntryOf<'upstream-mixed'> = {
    sequence: 9,
    time: 0,
    kind: 'upstream-mixed',
    body,
    hash: noHash,
  };
  const place = { source, problems, manifest, current, sent: hashOf(sent) };
  return { entry, place, base, blobs, problems };
}

test('a verifier derives a mixed base from the upstream base, what was sent and its own base', async () => {
  const { entry, place, base } = await adoption();
  expect(await adoptedVector(entry, place)).toEqual(base);
});

test.each(['base', 'reference'] as const)('another %s than the one derived is refused', async (name) => {
  const { entry, place } = await adoption();
  const changed = { ...entry, body: { ...entry.body, [name]: 'ab'.repeat(32) } };
  await expect(adoptedVector(changed, place)).rejects.toMatchObject({
    ...{ sequence: 9, field: `body.${name}`, fault: 'derived' },
  });
});

test('the same blobs under another weight give another base', async () => {
  const { entry, place } = await adoption();
  const other = manifestOf(tinyRun({ rounds: 2, localSteps: 4, quorum: 1, target: 1 }), {
    every: 1,
    weight: 0.5,
  });
  await expect(adoptedVector(entry, { ...place, manifest: other })).rejects.toMatchObject({
    fault: 'derived',
  });
});

test('a blob that is missing is a problem, and nothing is derived', async () => {
  for (const which of [0, 1]) {
    const { entry, place, blobs, problems } = await adoption();
    const hash = [...blobs.keys()][which] ?? '';
    blobs.delete(hash);
    expect(await adoptedVector(entry, place)).toBeNull();
    expect(problems.count).toBe(1);
  }
});
