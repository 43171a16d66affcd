import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, expect, test } from 'vitest';
import { JoinPanel } from '../../apps/cli/terminal/join-panel.ts';
import { bytes, loss, quantity, statusTable } from '../../apps/cli/terminal/table.ts';
import { atRest, type ContributeView, reduceProgress } from '../../apps/contribute/contribute-view.ts';
import { ownTotals } from '../../apps/contribute/yours.tsx';
import { formatBytes, formatLoss } from '../../apps/ui/format.ts';
import { heldOutMeans } from '../../apps/ui/run-loss.ts';
import { metricsFile } from '../../relay/run/report/metrics-file.ts';
import type { RelayStatus } from '../../relay/wire/status.ts';
import { Stage, tinyRun } from '../support/contribute/harness.ts';
import { journal } from '../support/relay/stage.ts';

const stage = new Stage();
afterAll(() => stage.close());

/** What is read here of a journal's entry for a contribution, and of a round's line of the file of measurements. */
const contribution = v.object({
  ...{ round: v.number(), key: v.string(), tokens: v.number() },
  heldOutLoss: v.pipe(v.string(), v.transform(Number)),
});
const measured = v.object({ round_num: v.number(), node_losses: v.record(v.string(), v.number()) });

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

test('a number is the same on the page, on the dashboard, in the terminal and in the files', async () => {
  const folder = await stage.folder();
  const create = tinyRun({ rounds: 3, localSteps: 3, quorum: 2, target: 2 });
  const relay = await stage.relay({ folder, create });
  const other = stage.node(await stage.folder(), relay.url, { corpusName: 'odd' });
  /** What the node told, with what the relay showed of it at that moment. */
  const told: { sent: number; received: number; status: RelayStatus }[] = [];
  const panel = new JoinPanel();
  let view: ContributeView = atRest;
  const node = stage.node(await stage.folder(), relay.url, {
    onEvent(event) {
      view = reduceProgress(view, event);
      panel.hear(event);
      if (event.event !== 'sent') return;
      const status = relay.status();
      told.push({ sent: sum(Object.values(event.bytes)), received: event.received, status });
    },
  });
  await node.said('committed', ({ round }) => round === 1);
  await other.leave();
  // The run waits for a second node now: what this node does ends, and only its heartbeats go on.
  const isWaiting = () => relay.status().nodes[0]?.state === 'waiting' && view.activity === 'waiting';
  await expect.poll(isWaiting, { timeout: 60_000 }).toBe(true);
  const from = told.length;
  await expect.poll(() => told.length).toBeGreaterThan(from + 3);

  const last = told.at(-1);
  const own = last?.status.nodes[0];
  if (last === undefined || own === undefined) throw new Error('the node is gone');
  const { sent, received, status } = last;
  expect(own).toMatchObject({ bytesUp: sent, bytesDown: received });
  expect(received).toBeGreaterThan(2 * 4 * create.initialBase.length);

  // The page and the dashboard, as they write bytes, and both tables of the terminal.
  const spaced = (text: string) => text.replaceAll('\u00a0', ' ');
  expect(sum(Object.values(view.sent))).toBe(sent);
  expect(view.received).toBe(received);
  expect(spaced(formatBytes(own.bytesUp))).toBe(bytes(sent));
  expect(spaced(formatBytes(own.bytesDown))).toBe(bytes(received));
  expect(panel.lines().at(-1)).toContain(`sent ${bytes(sent)} in `);
  expect(panel.lines().at(-1)).toContain(`received ${bytes(received)};`);
  const row = statusTable(status, 0).find((line) => line.startsWith('even'));
  expect(row).toMatch(new RegExp(` ${bytes(own.bytesUp)} +${bytes(own.bytesDown)} +node$`));

  // Tokens and contributions: the journal, the status, the page's own part, the table.
  const entries = await journal(relay);
  const accepted = entries
    .filter(({ kind }) => kind === 'contribution-accepted')
    .map(({ body }) => v.parse(contribution, body));
  const mine = accepted.filter(({ key }) => key.startsWith(own.id));
  const tokens = sum(mine.map((entry) => entry.tokens));
  expect([own.tokens, own.contributions]).toEqual([tokens, mine.length]);
  expect(ownTotals(view, status)).toMatchObject({ tokens, contributions: mine.length });
  expect(sum(node.all('acknowledged').map((event) => event.tokens))).toBe(tokens);
  expect(status.totals.tokens).toBe(sum(accepted.map((entry) => entry.tokens)));
  expect(row).toContain(` ${quantity(tokens)} `);

  // A round's losses: the journal's, which the file of measurements and the status repeat.
  const [first] = status.history;
  const metrics = (await readFile(join(folder, metricsFile), 'utf8')).trim().split('\n');
  expect(metrics).toHaveLength(status.history.length);
  const inRound = accepted.filter(({ round }) => round === 1);
  const line = v.parse(measured, JSON.parse(metrics[0] ?? ''));
  expect(line.round_num).toBe(1);
  for (const { key, heldOutLoss } of inRound) expect(line.node_losses[key]).toBeCloseTo(heldOutLoss, 5);
  const even = inRound.find(({ key }) => key.startsWith(own.id))?.heldOutLoss ?? 0;
  expect(first?.heldOutLoss[0]).toBeCloseTo(even, 5);
  expect(node.all('round')[0]?.heldOutLoss).toBeCloseTo(even, 5);
  expect(formatLoss(heldOutMeans(status.history)[0])).toBe(
    loss(sum(inRound.map(({ heldOutLoss }) => heldOutLoss)) / inRound.length),
  );
});
