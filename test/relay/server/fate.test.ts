import * as v from 'valibot';
import { expect, test } from 'vitest';
import { statusRoundSchema } from '../../../relay/wire/status.ts';
import { Fate } from '../../../relay/wire/tapestry_pb.js';
import { payloadOfValues } from '../../support/relay/run-support.ts';
import { ScriptedNode } from '../../support/relay/scripted-node.ts';
import { parameters, smallRun } from '../../support/relay/small-run.ts';
import { get, start } from '../../support/relay/stage.ts';

test('a commit tells each node what became of its own contribution', async () => {
  const relay = await start({ create: smallRun({ robust: true, quorum: 4, target: 5 }) });
  const scales = [1, 0.99, 2, -1];
  const nodes: ScriptedNode[] = [];
  for (const _ of scales) nodes.push(await ScriptedNode.join(relay.url));
  const opened = await Promise.all(nodes.map((node) => node.next('roundOpen')));
  const late = await ScriptedNode.join(relay.url);
  for (const [i, scale] of scales.entries()) {
    const values = Float32Array.from({ length: parameters }, (_, at) => (Math.sin(at) * scale) / 100);
    const round = opened[i];
    if (round !== undefined) await nodes[i]?.contribute(round, payloadOfValues(values));
  }
  late.vanish();
  const commits = await Promise.all(nodes.map((node) => node.next('commit')));
  expect(commits.map(({ fate, share, weight }) => [fate, share, weight])).toEqual([
    [Fate.INCLUDED, 1000, 381],
    [Fate.INCLUDED, 1000, 381],
    // 1.25 times the median, of 2; and 0.625 of 2.625.
    [Fate.SCALED, 625, 238],
    [Fate.LEFT_OUT, 0, 0],
  ]);
  const { contributions } = v.parse(statusRoundSchema, await (await get(relay, 'api/rounds/1')).json());
  expect(contributions.map(({ isMerged }) => isMerged)).toEqual([true, true, true, false]);
});

test('a node that did not contribute is told so', async () => {
  const relay = await start({ create: smallRun({ quorum: 1, graceMs: 0 }) });
  const [first, second] = [await ScriptedNode.join(relay.url), await ScriptedNode.join(relay.url)];
  await first.contribute(
    await first.next('roundOpen'),
    payloadOfValues(new Float32Array(parameters).fill(0.001)),
  );
  expect(await first.next('commit')).toMatchObject({ fate: Fate.INCLUDED, share: 1000, weight: 1000 });
  expect(await second.next('commit')).toMatchObject({ fate: Fate.NONE, share: 0, weight: 0 });
});
