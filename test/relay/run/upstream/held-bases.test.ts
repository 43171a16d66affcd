import { expect, test } from 'vitest';
import type { Draft } from '../../../../relay/journal/entry.ts';
import { disk, openRun } from '../../../../relay/run/open-run.ts';
import { Run } from '../../../../relay/run/run.ts';
import { sweptAtOnce } from '../../../../relay/run/run-store.ts';
import { Upstream } from '../../../../relay/run/upstream/upstream.ts';
import { folderSource } from '../../../../relay/verify/folder-source.ts';
import { a, b, c, clock } from '../../../support/relay/open-round.ts';
import { contribute, drawnPayload, settled, tinyRun } from '../../../support/relay/run-support.ts';
import { reportOf } from '../../../support/relay/written-run.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const never = new AbortController().signal;

test('what a mix stores stays although outdated states are removed before the journal names it', async () => {
  const folder = temporaryFolder();
  const { manifest, initialBase } = tinyRun({ rounds: 40 });
  const below = {
    manifest: { ...manifest, upstream: [new Uint8Array(32)], mixing: [{ every: 1, weight: 0.25 }] },
    initialBase,
  };
  const run = await Run.open(folder, below, clock);
  for (const node of [a, b, c]) run.nodeJoined(node.key, null);
  const rounds = sweptAtOnce + 4;
  const bases: Float32Array<ArrayBuffer>[] = [];
  for (let round = 1; round <= rounds; round++) {
    await settled(run);
    for (const [i, node] of [a, b, c].entries())
      await contribute(run, node, drawnPayload(100, round * 10 + i));
    await settled(run);
    bases.push(await run.upstream.parameters());
  }
  await run.close();

  const { store, leadership } = await openRun(folder, undefined, clock, disk);
  const append = async (draft: Draft) => {
    const lease = await leadership.lease();
    if (lease === null) throw new Error('another process leads');
    await store.append(lease, [draft]);
    for await (const entry of store.news()) upstream.applied(entry);
  };
  // The removal that a commit began is done only now, between the storing of the blobs and the journal's entry.
  const upstream: Upstream = new Upstream(store, async () => {
    const draft = upstream.next('waiting');
    if (draft === null) return;
    await store.tidy();
    await append(draft);
  });
  // A base is mixed in between two rounds.
  await append(store.abandonDraft(null));
  const [sent = initialBase] = bases.slice(1);
  const given = initialBase.map((value) => value + 0.5);
  expect(await upstream.mix(3, given, { committed: 2, parameters: sent }, never)).not.toBeNull();
  expect(store.replay.adopted.at(-1)).toMatchObject({ round: 3, through: 2, committed: rounds });
  await store.close();
  expect(await reportOf(folderSource(folder))).toMatchObject({ problems: [] });
});
