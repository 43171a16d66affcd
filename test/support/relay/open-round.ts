import { defaultRunLimits } from '../../../relay/run/contributions/limits.ts';
import { disk } from '../../../relay/run/open-run.ts';
import { type NewRun, Run, type RunEvent } from '../../../relay/run/run.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { settled, TestClock, type TestNode, testNodes, tinyRun } from './run-support.ts';

/** One clock and three nodes for all tests of a file. */
export const clock = new TestClock();
export const [a, b, c] = await threeNodes();

async function threeNodes(): Promise<[TestNode, TestNode, TestNode]> {
  const [first, second, third] = await testNodes(3);
  if (!first || !second || !third) throw new Error('no nodes');
  return [first, second, third];
}

/** A run with round 1 open and three nodes in it: two of a corpus of the manifest, one of another. */
export async function openRound(
  folder = temporaryFolder(),
  created: NewRun = tinyRun(),
  limits = defaultRunLimits,
): Promise<Run> {
  const run = await Run.open(folder, created, clock, { ...disk, limits });
  for (const [i, node] of [a, b, c].entries()) run.nodeJoined(node.key, i < 2 ? i : null);
  await settled(run);
  return run;
}

/** The later events of the run. */
export function eventsOf(run: Run): RunEvent[] {
  const events: RunEvent[] = [];
  const collect = async () => {
    for await (const event of run.events(new AbortController().signal)) events.push(event);
  };
  void collect();
  return events;
}
