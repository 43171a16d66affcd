import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { disk, type Environment } from '../../../relay/run/open-run.ts';
import { Run } from '../../../relay/run/run.ts';
import { watchLoop } from '../../../relay/server/loop-monitor.ts';
import { computeInThreads } from '../../../relay/threads/compute-threads.ts';
import { sparseCodec } from '../../../relay/wire/codec/sparse.ts';
import { contribute, settled, TestClock, testNodes, tinyRun } from '../../support/relay/run-support.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const chunk = 4096;
const chunks = 256;
const parameters = chunk * chunks;
const sparse = { chunk, top: 64, exponent: -22, maxShift: 14, clipNorm: 100, feedbackDecay: 0.95 };
const nodes = await testNodes(20);
const created = tinyRun({
  ...{ rounds: 1, parameters, sparse, tensors: [parameters / 2, parameters / 2] },
  ...{ quorum: nodes.length, target: nodes.length },
  downlink: { case: 'denseDeltas', value: { bits: 4, block: 64, exponent: -22, maxShift: 14 } },
});

const random = Random.seeded(1);
const encoded = Array.from({ length: 32 }, () =>
  sparseCodec(sparse).encode(
    new Float32Array(chunk).map(() => random.normal() / 1000),
    new Float32Array(chunk),
  ),
);
const payloads = nodes.map(
  () =>
    new Uint8Array(
      Buffer.concat(Array.from({ length: chunks }, () => encoded[random.below(32)] ?? new Uint8Array())),
    ),
);

/** Milliseconds for which this thread computed. */
function computed(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** What this thread computed for a round of all nodes, from the last receipt to the commit; and the longest hold of its event loop. */
async function roundOn(computeOf?: Environment['computeOf']) {
  const environment = { ...disk, ...(computeOf && { computeOf }) };
  const run = await Run.open(temporaryFolder(), created, new TestClock(), environment);
  onTestFinished(() => run.close());
  for (const { key } of nodes) run.nodeJoined(key, null);
  await settled(run);
  let longest = 0;
  const unwatch = watchLoop(({ held }) => {
    longest = Math.max(longest, 1000 * held);
  });
  for (const [i, node] of nodes.entries())
    expect(await contribute(run, node, payloads[i] ?? new Uint8Array(), {}, 65_536)).toMatchObject({
      round: 1,
    });
  const before = computed();
  await settled(run);
  const ofTheRound = computed() - before;
  unwatch();
  return { ofTheRound, longest, bases: run.history().map(({ base }) => base) };
}

test('20 nodes with 1M parameters: the event loop computes little of a round that threads merge, and is never held for long', async () => {
  const alone = await roundOn();
  const program = new URL('../../../relay/threads/compute-worker.ts', import.meta.url);
  const beside = await roundOn(computeInThreads(program, 1));
  expect(beside.bases).toEqual(alone.bases);
  expect(beside.bases).toHaveLength(1);
  // Processor time of one thread, compared with that of the same work: no other program changes much of it.
  expect(beside.ofTheRound).toBeLessThan(alone.ofTheRound / 4);
  expect(beside.longest).toBeLessThan(alone.ofTheRound / 4);
});
