import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MetricsFile } from '../../../../relay/run/report/metrics-file.ts';
import type { RoundMetrics } from '../../../../relay/run/report/round-metrics.ts';
import { Run } from '../../../../relay/run/run.ts';
import { nodeFiles } from '../../../../relay/storage/files.ts';
import {
  contribute,
  drawnPayload,
  settled,
  TestClock,
  testNodes,
  tinyRun,
} from '../../../support/relay/run-support.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const metricsOf = (round: number, weight = 0.5): RoundMetrics => ({
  round_num: round,
  accepted_nodes: ['a', 'b'],
  rejected_nodes: ['c'],
  contribution_weights: { a: weight, b: 1 - weight },
  max_node_weight: Math.max(weight, 1 - weight),
  shared_base_delta_norm: round / 10,
  sovereign_artifact_count: 0,
  node_losses: { a: 2, b: 3, c: 4 },
});

const linesOf = (folder: string): RoundMetrics[] =>
  readFileSync(`${folder}/metrics.jsonl`, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const summaryOf = (folder: string) => JSON.parse(readFileSync(`${folder}/summary.json`, 'utf8'));
const opened = (folder: string, committed: number) =>
  MetricsFile.open(nodeFiles, folder, { committed, policy: 'soup' });

test('a round that is written again has one line, and the summary adds up the rounds', async () => {
  const folder = temporaryFolder();
  const file = await opened(folder, 0);
  await file.write(metricsOf(1));
  await file.write(metricsOf(1, 0.25));
  await file.write(metricsOf(2, 0.9));
  expect(summaryOf(folder)).toMatchObject({ rounds: 1, max_observed_node_weight: 0.75 });
  await file.finish();
  expect(linesOf(folder)).toEqual([metricsOf(1, 0.25), metricsOf(2, 0.9)]);
  expect(summaryOf(folder)).toEqual({
    ...{ seed: null, rounds: 2, policy_name: 'soup', final_artifact_count: 0 },
    ...{ total_rejected_contributions: 2, max_observed_node_weight: 0.9, final_shared_base_delta_norm: 0.2 },
    metrics_bytes: readFileSync(`${folder}/metrics.jsonl`).length,
  });
});

test.each([
  ['committed', 2, [1, 2, 3]],
  ['not committed', 1, [1, 2]],
])('after a crash, the line of a round that was %s', async (_, committed, expected) => {
  const folder = temporaryFolder();
  const file = await opened(folder, 0);
  await file.write(metricsOf(1));
  await file.write(metricsOf(2));
  appendFileSync(`${folder}/metrics.jsonl`, '{"round_num":3,"acc');
  const again = await opened(folder, committed);
  await again.write(metricsOf(committed + 1));
  expect(linesOf(folder).map(({ round_num }) => round_num)).toEqual(expected);
  await again.finish();
  expect(summaryOf(folder)).toMatchObject({
    rounds: committed + 1,
    total_rejected_contributions: committed + 1,
  });
});

test.each(['', 'no JSON', '{"rounds":1}', '{"seed":null,"rounds":9}'])(
  'a summary that someone changed to %j is made from the lines',
  async (text) => {
    const folder = temporaryFolder();
    const file = await opened(folder, 0);
    for (const round of [1, 2, 3]) await file.write(metricsOf(round));
    writeFileSync(`${folder}/summary.json`, text);
    const again = await opened(folder, 3);
    await again.finish();
    expect(summaryOf(folder)).toMatchObject({ rounds: 3, total_rejected_contributions: 3 });
    expect(linesOf(folder)).toHaveLength(3);
  },
);

test('a run writes the line of each round beside its journal, and continues after a restart', async () => {
  const folder = temporaryFolder();
  const clock = new TestClock();
  const nodes = await testNodes(2);
  const keys = nodes.map(({ key }) => key).sort();
  for (let round = 1; round <= 2; round++) {
    const run = await Run.open(folder, tinyRun({ rounds: 2, target: 2 }), clock);
    for (const { key } of nodes) run.nodeJoined(key, 0);
    await settled(run);
    for (const [i, node] of nodes.entries()) await contribute(run, node, drawnPayload(100, 10 * round + i));
    await settled(run);
    await run.close();
    const [line] = linesOf(folder).slice(-1);
    expect(line?.round_num).toBe(round);
    expect([...(line?.accepted_nodes ?? [])].sort()).toEqual(keys);
    expect(Object.values(line?.contribution_weights ?? {})).toEqual([0.5, 0.5]);
    expect(line?.shared_base_delta_norm).toBeGreaterThan(0);
    expect(Object.keys(line?.node_losses ?? {}).sort()).toEqual(keys);
  }
  expect(linesOf(folder)).toHaveLength(2);
  expect(summaryOf(folder)).toMatchObject({ rounds: 2, policy_name: 'weightedMean' });
});
