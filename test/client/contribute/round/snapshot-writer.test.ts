import { expect, test } from 'vitest';
import type { ContributorEvent } from '../../../../client/contribute/events.ts';
import type { NodeSnapshot } from '../../../../client/contribute/round/node-snapshot.ts';
import { SnapshotWriter } from '../../../../client/contribute/round/snapshot-writer.ts';
import { TapestryError } from '../../../../client/errors.ts';

const empty = new Float32Array(0);

/** A snapshot after so many steps. */
function snapshotAt(steps: number): NodeSnapshot {
  const state = { step: steps, firstMoment: empty, secondMoment: empty };
  const done = { steps, readings: [], heldOutLoss: 1, updatesBefore: 0 };
  return {
    ...{ after: null, part: 'whole', round: 1, joinedAt: null, residual: empty, own: null },
    checkpoint: { state, sampler: {}, kernels: { adapter: 'none', kernels: {} } },
    unfinished: { base: 'ab'.repeat(32), parameters: empty, done },
  };
}

/** A writer on a clock of its own, whose file takes `write` milliseconds, or fails while `isFull`. */
function writerOf(write: number) {
  const clock = { at: 0, now: () => clock.at };
  const log: string[] = [];
  const events: ContributorEvent[] = [];
  const disk = { isFull: false };
  const file = {
    save: async ({ unfinished }: NodeSnapshot) => {
      clock.at += write;
      if (disk.isFull) throw new TapestryError('disk.full', 'No space is left.', 'Free some.');
      log.push(`save ${unfinished?.done.steps}`);
      return 7;
    },
    remove: async () => void log.push('remove'),
  };
  const writer = new SnapshotWriter(clock, file, (event) => events.push(event));
  return { clock, log, events, disk, writer };
}

test.each([
  [1000, 50],
  [1000, 400],
  [3000, 10],
])(
  'offered every %i ms, a write of %i ms costs at most ten seconds of work, and is not done more often than that needs',
  async (every, write) => {
    const { clock, events, writer } = writerOf(write);
    clock.at = 123;
    writer.begin();
    const [durable, lost]: [number[], number[]] = [[clock.at], []];
    for (let step = 1; step <= 200; step++) {
      clock.at += every;
      const of = clock.at;
      const before = events.length;
      writer.offer(snapshotAt(step), false);
      await writer.settled();
      // A process that ends just before the snapshot is durable has lost all since the one before.
      if (events.length === before) continue;
      lost.push(clock.at - (durable.at(-1) ?? 0));
      durable.push(of);
    }
    expect(Math.max(...lost)).toBeLessThanOrEqual(10_000);
    expect(lost.length).toBeGreaterThan(10);
    const elapsed = clock.at - 123;
    expect(lost.length).toBeLessThanOrEqual(elapsed / (10_000 - 2 * every - 2 * write));
  },
);

test('one that is asked for is stored at once; what is removed stays removed; the order is that of the calls', async () => {
  const { log, events, writer } = writerOf(5);
  writer.begin();
  writer.offer(snapshotAt(1), false);
  writer.offer(snapshotAt(2), true);
  writer.offer(snapshotAt(3), true);
  writer.clear();
  writer.offer(snapshotAt(4), true);
  await writer.settled();
  // No more than two are in memory, so that the last one was not taken.
  expect(log).toEqual(['save 2', 'save 3', 'remove']);
  writer.offer(snapshotAt(5), true);
  await writer.settled();
  expect(log.at(-1)).toBe('save 5');
  expect(events.at(-1)).toEqual({ event: 'snapshot', round: 1, step: 5, bytes: 7, milliseconds: 5 });
});

test('after a write that failed the next offer is stored, whenever it comes', async () => {
  const { disk, log, events, writer } = writerOf(5);
  writer.begin();
  disk.isFull = true;
  writer.offer(snapshotAt(1), true);
  await writer.settled();
  expect(events).toEqual([{ event: 'snapshot-failed', round: 1, reason: 'disk.full' }]);
  disk.isFull = false;
  writer.offer(snapshotAt(2), false);
  await writer.settled();
  expect(log).toEqual(['save 2']);
});
