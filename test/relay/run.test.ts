import { expect, test } from 'vitest';
import { Run } from '../../relay/run.ts';
import { contribute, drawnPayload, settled, TestClock, testNodes, tinyRun } from './run-support.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('a run goes through its rounds and is the same after each restart', async () => {
  const folder = temporaryFolder();
  const clock = new TestClock();
  const nodes = await testNodes(3);
  let run = await Run.open(folder, tinyRun(), clock.now);
  const bases = [run.current().base];
  for (let round = 1; round <= 3; round++) {
    for (const node of nodes) run.nodeJoined(node.key, 'node', 0);
    await settled(run);
    expect(run.current()).toMatchObject({ round, phase: 'training' });
    for (const [i, node] of nodes.entries()) {
      const answer = await contribute(run, node, drawnPayload(100, round * 10 + i));
      expect(answer).toMatchObject({ round });
    }
    await settled(run);
    bases.push(run.current().base);
    await run.close();
    run = await Run.open(folder, undefined, clock.now);
    expect(run.current().base).toBe(bases.at(-1));
  }
  expect(new Set(bases).size).toBe(4);
  expect(run.current()).toMatchObject({ round: 3, phase: 'complete' });
  expect(run.history().map(({ round }) => round)).toEqual([1, 2, 3]);
  await run.close();
});
