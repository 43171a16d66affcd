import { afterEach, expect, test } from 'vitest';
import { nodeGpu, nodeRuntime } from '../../../client/host/node/runtime.ts';
import { Stage, tinyRun } from '../../support/contribute/harness.ts';
import { tinyUpper, upperTerms } from '../../support/contribute/upper-terms.ts';
import { withoutRoomFor } from '../../support/watch-devices.ts';

let stage = new Stage();
afterEach(async () => {
  await stage.close();
  stage = new Stage();
});

const { layout, codec } = upperTerms;

/** A device without the memory to train the whole model. */
async function small(folder: string) {
  const gpu = withoutRoomFor(await nodeGpu(), 4 * layout.length);
  return { ...nodeRuntime({ folder }), gpu: async () => gpu };
}

test('a relay merges the whole model of one node with the upper layers of another, which resumes after each round', async () => {
  const create = tinyRun({ rounds: 3, localSteps: 6, quorum: 2, target: 2, upperLayers: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const whole = stage.node(await stage.folder(), relay.url, { corpusName: 'odd' });
  const folder = await stage.folder();
  const first = stage.node(folder, relay.url, { runtime: await small(folder) });
  await first.said('acknowledged');
  await first.leave();
  const second = stage.node(folder, relay.url, { runtime: await small(folder) });
  expect(await whole.done).toBeUndefined();
  expect(await second.done).toBeUndefined();

  expect(first.all('part')).toMatchObject([
    { round: 0, part: 'upper', layers: 1, of: 2, why: { kind: 'memory' } },
  ]);
  const upper = [...first.all('contribution'), ...second.all('contribution')];
  expect(upper.map(({ round, part }) => [round, part])).toEqual([1, 2, 3].map((round) => [round, 'upper']));
  for (const { payloadBytes } of upper) expect(payloadBytes).toBe(codec.payloadBytes(tinyUpper.length));
  expect(whole.all('contribution').map(({ part }) => part)).toEqual(['whole', 'whole', 'whole']);
  expect(whole.all('part')).toEqual([]);
  const commits = whole.all('committed');
  expect(commits.map(({ contributions }) => contributions)).toEqual([2, 2, 2]);
  // Both hear of the same bases, and both count.
  expect(second.all('committed').at(-1)?.base).toBe(commits.at(-1)?.base);
  for (const node of [whole, second])
    expect(node.all('committed').at(-1)?.fate).toMatchObject({ outcome: 'included' });
});
