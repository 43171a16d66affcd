import { afterEach, expect, test } from 'vitest';
import { Stage, tinyRun } from './harness.ts';

const stage = new Stage();
afterEach(() => stage.close());

test('two nodes train three rounds, the loss falls, and both end when the run is complete', async () => {
  const create = tinyRun({ rounds: 3, localSteps: 8, quorum: 2, target: 2 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const even = stage.node(await stage.folder(), relay.url, { nation: 'even', seed: 1 });
  const odd = stage.node(await stage.folder(), relay.url, { nation: 'odd', seed: 2 });
  expect(await even.done).toBeUndefined();
  expect(await odd.done).toBeUndefined();
  expect(relay.status().round.phase).toBe('complete');
  for (const node of [even, odd]) {
    expect(node.all('acknowledged').map(({ round }) => round)).toEqual([1, 2, 3]);
    const losses = node.all('round').map(({ heldOutLoss }) => heldOutLoss);
    expect(losses).toHaveLength(3);
    expect(losses[2]).toBeLessThan((losses[0] ?? 0) - 0.1);
    expect(node.all('left')).toEqual([
      { event: 'left', reason: 'complete', contributions: 3, tokens: 3 * 8 * 32 },
    ]);
    expect(node.all('joined')[0]).toMatchObject({ nation: node === even ? 'even' : 'odd', rounds: 3 });
  }
});
