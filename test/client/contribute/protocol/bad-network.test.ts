import { afterEach, expect, onTestFinished, test } from 'vitest';
import { forwardTo } from '../../../../bench/network/forwarder.ts';
import { nodeRuntime } from '../../../../client/host/node/runtime.ts';
import { Random } from '../../../../client/random.ts';
import { folderSource } from '../../../../relay/verify/folder-source.ts';
import { verifyRun } from '../../../../relay/verify/verify.ts';
import { impatient, Stage, type TestNode, tinyRun } from '../../../support/contribute/harness.ts';
import { journalOf } from '../../../support/relay/journal-of.ts';

const stage = new Stage();
afterEach(() => stage.close());

const rounds = 8;
/** The round in which the far node is cut off. */
const cut = 3;

test('a run goes on while a node is cut off in a round, and loses nothing that the far node was told it has', async () => {
  const folder = await stage.folder();
  const create = tinyRun({ rounds, localSteps: 2, quorum: 1, target: 2, graceMs: 300 });
  const limits = { tick: 10, heartbeat: 100, silence: 1_000, seatsPerAddress: 64 };
  const relay = await stage.relay({ folder, create, limits });
  const weather = { delay: 50, lost: 0.02, retransmission: 250, random: Random.seeded(7) };
  const forwarder = await forwardTo(Number(relay.url.port), weather);
  onTestFinished(() => forwarder.close());

  let heal: (() => void) | null = null;
  let isBack = false;
  const nodes: TestNode[] = [];
  const [near, far] = await Promise.all(
    ['even', 'odd'].map(async (corpusName, seed) => {
      const own = await stage.folder();
      const node = nodeRuntime({ folder: own });
      // The far node's clock is fast, so that it notices the silence soon.
      const runtime = impatient(seed === 1 ? { ...node, now: () => 10 * node.now() } : node, 60);
      const url = seed === 1 ? new URL(`http://127.0.0.1:${forwarder.port}/`) : relay.url;
      const made: TestNode = stage.node(own, url, {
        ...{ runtime, corpusName, seed },
        onEvent: (event) => {
          const other = nodes.find((one) => one !== made);
          // Both begin together, and the last rounds wait for the far node.
          if (event.event === 'round' && seed === 0) {
            if (event.round === 1 && other?.all('joined').length === 0) made.contributor.pause();
            if (event.round > cut + 1 && !isBack) made.contributor.pause();
          }
          if (event.event === 'joined' && seed === 1) {
            if (heal !== null) isBack = true;
            other?.contributor.resume();
          }
          if (event.event === 'step' && seed === 1 && event.round >= cut) heal ??= forwarder.partition();
        },
      });
      nodes.push(made);
      return made;
    }),
  );
  if (near === undefined || far === undefined) throw new Error('no nodes');
  await near.said('committed', ({ round }) => heal !== null && round > cut);
  expect(far.all('acknowledged').every(({ round }) => round <= cut)).toBe(true);
  await expect.poll(() => far.all('retry').length, { timeout: 60_000 }).toBeGreaterThan(0);
  expect(heal).not.toBeNull();
  (heal ?? (() => {}))();
  expect(await near.done).toBeUndefined();
  expect(await far.done).toBeUndefined();
  expect(far.all('acknowledged').some(({ round }) => round > cut)).toBe(true);
  await relay.close();

  const checks = verifyRun(await folderSource(folder));
  let step = await checks.next();
  while (!step.done) step = await checks.next();
  expect(step.value).toMatchObject({ problems: [], rounds });
  const accepted = journalOf(folder).flatMap((entry) =>
    entry.kind === 'contribution-accepted' ? [`${entry.body.round} ${entry.body.payload}`] : [],
  );
  const acknowledged = nodes.flatMap((node) => node.all('acknowledged'));
  expect(acknowledged.length).toBeGreaterThan(rounds);
  for (const { round, payload } of acknowledged)
    expect(accepted.filter((one) => one === `${round} ${payload}`)).toHaveLength(1);
});
