import { expect, test } from 'vitest';
import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import { Scenario } from './scenario.ts';

/**
 * Situations that the search by seeds found once, each brought about by what happens in the world, and each test sees that it really
 * occurs. A seed would no longer lead there after the next change of what is drawn.
 */

test('a node that takes part again while the close of its round is written does not undo it', () => {
  const scenario = new Scenario([100, 200, 4000], { sync: 400, limits: { target: 3 } });
  const { world } = scenario;
  scenario.atEffect(2, 'train', () => scenario.node(2).dispatch({ kind: 'pause' }));
  scenario.atEntry('round-opened', () => world.queue.after(300, () => scenario.reports(2, false)));
  scenario.atEntry(
    'contribution-accepted',
    () => {
      scenario.node(2).dispatch({ kind: 'resume-work' });
      world.queue.after(200, () => scenario.reports(2, true));
    },
    ({ node }) => node === 1,
  );
  scenario.run();
  const decided = scenario.steps.findIndex(({ effect }) => effect === 'close');
  const returned = scenario.steps.findIndex(({ event }) => event.type === 'returned');
  const closed = scenario.steps.findIndex(({ event }) => event.type === 'closed');
  expect([decided, returned, closed].every((at) => at >= 0)).toBe(true);
  expect([decided < returned, returned < closed]).toEqual([true, true]);
  // At that moment the machine would not have closed it.
  expect(scenario.steps[returned]).toMatchObject({ effect: null, phase: 'open' });
  expect(scenario.entries.find(({ entry }) => entry.kind === 'round-closed')?.entry).toMatchObject({
    contributions: 2,
  });
});

test('a place that is given while its node rests stays given when the node takes part again', () => {
  const scenario = new Scenario([4000, 100], {
    sync: 400,
    limits: { rounds: 1, quorum: 1, target: 1 },
  });
  const { world } = scenario;
  // Only node 0 is there at the opening.
  world.crashNode(scenario.node(1));
  scenario.atEffect(0, 'train', () => {
    scenario.node(0).dispatch({ kind: 'pause' });
    scenario.reports(0, false);
    world.startNode(scenario.node(1));
  });
  // All bytes are there within 30 ms, and the disk takes 400.
  scenario.atEffect(1, 'upload', () => world.queue.after(100, () => scenario.reports(0, true)));
  scenario.run();
  const returned = scenario.steps.findIndex(({ event }) => event.type === 'returned');
  const contributed = scenario.steps.findIndex(({ event }) => event.type === 'contributed');
  expect(returned).toBeGreaterThan(0);
  expect(contributed).toBeGreaterThan(returned);
  expect(scenario.steps[returned]?.event).toMatchObject({ isExpected: true, isAwaited: true });
  expect(scenario.steps[contributed]?.event).toMatchObject({ isExpected: false });
});

test('a node that was paused when its session ended starts again without the pause', () => {
  const scenario = new Scenario([500, 500]);
  const { world } = scenario;
  const node = scenario.node(1);
  let isSeen = false;
  scenario.atEffect(1, 'train', () => {
    node.dispatch({ kind: 'pause' });
    const code = RefusalCode.ALREADY_CONNECTED;
    world.sendToNode(1, node.connection, { kind: 'refused', code, round: 1 });
    world.queue.after(1000, () => {
      isSeen = node.session.ended && node.session.paused;
      world.startNode(node);
    });
  });
  // The quorum needs the node: the run ends only if it trains.
  scenario.run();
  expect(isSeen).toBe(true);
  expect(world.invariants.hasContributed(1, 2)).toBe(true);
});

test('a disk that failed during a commit gives the commit its whole time again', () => {
  const merge = 8000;
  const scenario = new Scenario([100, 100], { merge });
  const { world } = scenario;
  scenario.atEntry('round-closed', () => world.queue.after(merge - 500, () => world.failDisk(1000)));
  scenario.run();
  const took = scenario.momentOf('round-committed') - scenario.momentOf('round-closed');
  // Two merges; one and the slack of the invariant are less.
  expect(took).toBeGreaterThan(2 * merge);
});

test('bytes that a lost connection delivered meanwhile are answered with their receipt', () => {
  // An upload takes a second, and so does the disk.
  const scenario = new Scenario([100, 100], { sync: 1000, upload: 100 });
  const { world } = scenario;
  const node = scenario.node(0);
  scenario.atEffect(0, 'upload', () => {
    world.queue.after(1100, () => {
      const { connection } = node;
      world.relay.closed(0, connection);
      world.sendToNode(0, connection, { kind: 'closed' });
    });
  });
  scenario.run();
  const own = scenario.effects.filter(({ node: number }) => number === 0);
  const uploads = own.filter(({ effect }) => effect.kind === 'upload');
  const [first, second] = uploads;
  expect(first?.effect).toMatchObject({ offset: 0 });
  // The same payload is sent a second time, from the first byte, while the first is on its way to the journal.
  expect(second?.effect).toEqual(first?.effect);
  const entry = scenario.momentOf('contribution-accepted');
  expect(second?.at).toBeLessThan(entry);
  expect((second?.at ?? 0) + 1000).toBeGreaterThan(entry);
  const refused = own.filter(({ effect }) => effect.kind === 'tell' && effect.event.event === 'refused');
  expect(refused).toEqual([]);
  const accepted = own.filter(({ effect }) => effect.kind === 'accept');
  expect(accepted.map(({ effect }) => effect.kind === 'accept' && effect.sequence)).not.toContain(null);
  expect(accepted).toHaveLength(2);
});

test('a relay that starts again plans a timed round as soon as it opens, from what its journal says of the nodes', () => {
  const { graceMs, graceShare, deadlineMs } = { graceMs: 4000, graceShare: 50, deadlineMs: 60_000 };
  const scenario = new Scenario([100, 200], {
    limits: { graceMs },
    pace: { localSteps: 20, leastSteps: 1, stretch: 200, deadlineMs, graceMs, graceShare },
  });
  const { world } = scenario;
  scenario.atEntry('round-committed', () => {
    // After the entry is applied.
    world.queue.after(1, () => world.crashRelay());
    world.queue.after(500, () => world.startRelay());
  });
  scenario.run();
  const [first, second] = scenario.steps.filter(({ event }) => event.type === 'opened');
  const plans = scenario.steps.filter(({ event }) => event.type === 'planned');
  // A relay that knows nothing has to wait for a report or a contribution.
  expect((plans[0]?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(500);
  expect(plans.map(({ at }) => at)).toContain(second?.at);
});
