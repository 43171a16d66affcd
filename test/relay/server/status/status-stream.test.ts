import fc from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { applied } from '../../../../apps/ui/status-change.ts';
import { defaultLimits } from '../../../../relay/server/limits.ts';
import { StatusChanges } from '../../../../relay/server/status/status-changes.ts';
import { StatusView } from '../../../../relay/server/status/status-view.ts';
import {
  type RelayStatus,
  type StatusSnapshot,
  statusChangeSchema,
  statusSnapshotSchema,
} from '../../../../relay/wire/status.ts';
import { scriptedStatus } from '../../../support/pages/scenarios.ts';
import { TestClock } from '../../../support/relay/run-support.ts';

const everyone = scriptedStatus({ rounds: 40, done: 3, nodes: 12, evaluators: 5, now: 1_700_000_000_000 });

/** By id, because a node that joins again may have another place in the list. */
function inOrder(status: RelayStatus | StatusSnapshot) {
  const { address, run, round, base, totals, sample, evaluation } = status;
  const nodes = [...status.nodes].sort((one, other) => (one.id < other.id ? -1 : 1));
  return { address, run, round, base, totals, sample, evaluation, nodes };
}

function snapshotOf({ history: _, ...facts }: RelayStatus, sequence: number): StatusSnapshot {
  return { sequence, ...facts };
}

const node = fc.nat(everyone.nodes.length - 1);
const step = fc.oneof(
  fc.record({ do: fc.constantFrom('join', 'leave'), node }),
  fc.record({ do: fc.constant('report'), node, steps: fc.nat(2) }),
  fc.record({ do: fc.constant('total'), tokens: fc.nat(2) }),
  fc.record({ do: fc.constant('score'), scores: fc.nat(5) }),
  fc.record({ do: fc.constantFrom('view', 'publish') }),
);

test('every viewer comes to the same status, from whatever snapshot it began, and no change is large', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120 }),
      fc.integer({ min: 150, max: 900 }),
      (steps, mostBytes) => {
        let status: RelayStatus = { ...everyone, nodes: everyone.nodes.slice(0, 4) };
        const changes = new StatusChanges(status);
        let viewers = [snapshotOf(status, changes.sequence)];
        const publish = () => {
          const change = v.parse(
            statusChangeSchema,
            JSON.parse(JSON.stringify(changes.next(status, mostBytes))),
          );
          const { joined = [], progressed = [], left = [], ...parts } = change;
          if (joined.length + progressed.length + left.length > 1)
            expect(JSON.stringify(change).length).toBeLessThanOrEqual(
              Math.max(mostBytes, JSON.stringify(parts).length),
            );
          viewers = viewers.map((viewer) => applied(viewer, change) ?? expect.fail('a change was missed'));
        };
        for (const action of steps) {
          const others = status.nodes.filter(
            ({ id }) => 'node' in action && id !== everyone.nodes[action.node]?.id,
          );
          const known = 'node' in action ? everyone.nodes[action.node] : undefined;
          if (action.do === 'view') {
            changes.compare(status);
            viewers.push(snapshotOf(status, changes.sequence));
          } else if (action.do === 'publish') publish();
          else if ('tokens' in action)
            status = { ...status, totals: { ...status.totals, tokens: action.tokens } };
          else if ('scores' in action && status.evaluation !== undefined)
            status = { ...status, evaluation: { ...status.evaluation, scores: action.scores } };
          else if (known === undefined || action.do === 'leave') status = { ...status, nodes: others };
          else if (!('steps' in action)) status = { ...status, nodes: [...others, known] };
          else
            status = {
              ...status,
              nodes: status.nodes.map((one) => (one.id === known.id ? { ...one, steps: action.steps } : one)),
            };
        }
        changes.compare(status);
        while (changes.pending) publish();
        for (const viewer of viewers) expect(inOrder(viewer)).toEqual(inOrder(status));
      },
    ),
    { seed: 10, numRuns: 150 },
  );
});

test('a change that does not follow is not taken', () => {
  const snapshot = snapshotOf(everyone, 7);
  expect(applied(snapshot, { sequence: 8 })).toEqual({ ...snapshot, sequence: 8 });
  expect(applied(snapshot, { sequence: 7 })).toBeNull();
  expect(applied(snapshot, { sequence: 9 })).toBeNull();
});

test('a viewer gets less than 2 kB a second at 1,000 rounds, 1,000 nodes and 64 evaluators, and hears of every node', async () => {
  const clock = new TestClock();
  const many = { rounds: 2_000, done: 1_000, nodes: 1_000, corpusCount: 8, evaluators: 64 };
  let status = scriptedStatus({ ...many, now: clock.now() });
  const view = new StatusView({ status: () => status, limits: defaultLimits, clock });
  const reader = view.events().getReader();
  const received: Uint8Array[] = [];
  void (async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) received.push(next.value);
  })();
  let viewer = v.parse(statusSnapshotSchema, JSON.parse(view.snapshot().text));
  const heard = new Set<string>();
  let bytes = 0;
  const pass = async (milliseconds: number) => {
    clock.pass(milliseconds);
    view.tick(clock.elapsed());
    await new Promise((resolve) => setImmediate(resolve));
    for (const event of received.splice(0)) {
      // Each event is one chunk of HTTP: its size in hex, and two line ends.
      bytes += event.length + event.length.toString(16).length + 4;
      const change = v.parse(statusChangeSchema, JSON.parse(new TextDecoder().decode(event).slice(6)));
      if (change.sequence <= viewer.sequence) continue;
      viewer = applied(viewer, change) ?? expect.fail('a change was missed');
      for (const [id] of change.progressed ?? []) heard.add(id);
    }
  };
  const seconds = 60;
  for (let tick = 0; tick < seconds * 10; tick++) {
    // Each node sends a heartbeat every five seconds.
    const nodes = status.nodes.map((node, index) =>
      index % 50 !== tick % 50
        ? node
        : {
            ...node,
            steps: (node.steps + 7) % 50,
            tokensPerSecond: 1_000 + ((index * 31 + tick * 17) % 4_000),
            trainingLoss: 2 + ((index + tick) % 900) / 1_000,
            bytesUp: node.bytesUp + 531,
            bytesDown: node.bytesDown + 12_345,
          },
    );
    const totals = { ...status.totals, bytesUp: status.totals.bytesUp + 20 * 531 };
    // All evaluators score in each round of six seconds, one after another.
    const { evaluation } = status;
    const scores = Math.min(64, (tick % 60) * 2);
    const states = 's'.repeat(scores).padEnd(64, 'h');
    const scored = evaluation && { evaluation: { ...evaluation, scores, states } };
    status = { ...status, nodes, totals, ...scored };
    view.changed();
    await pass(100);
  }
  expect(bytes / seconds).toBeLessThan(2_000);
  expect(bytes / seconds).toBeGreaterThan(1_000);
  expect(heard.size).toBe(1_000);
  for (let tick = 0; tick < seconds * 10; tick++) await pass(100);
  expect(inOrder(viewer)).toEqual(inOrder(status));
  await reader.cancel();
});
