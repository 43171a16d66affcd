import { expect, test } from 'vitest';
import { EventQueue } from '../../../../apps/cli/simulate/world/event-queue.ts';
import { linkOf, Network } from '../../../../apps/cli/simulate/world/network.ts';
import { Random } from '../../../../client/random.ts';
import { seed } from '../../../support/seed.ts';

/** A relay whose line sends a byte a millisecond, and nodes whose lines are fast. */
function downloads(count: number) {
  const queue = new EventQueue();
  const faults = { loss: 0, vanish: 0, duplicate: 0, reorder: 0 };
  const network = new Network(queue, Random.seeded(seed), faults, linkOf(0, 1, 1));
  const arrived: number[] = [];
  const ends = Array.from({ length: count }, (_, node) =>
    network.download(
      linkOf(0, 1000, 1000),
      500,
      () => arrived.push(node, queue.now),
      () => {},
    ),
  );
  return { queue, network, arrived, ends };
}

test('downloads leave the line of the relay one after another', () => {
  const { queue, network, arrived } = downloads(3);
  while (queue.step());
  expect(arrived).toEqual([0, 500, 1, 1000, 2, 1500]);
  expect(network.bytes.down).toBe(1500);
});

test('a download that its node ended takes no time of the line, unless it has begun', () => {
  const { queue, network, arrived, ends } = downloads(4);
  ends[0]?.();
  ends[2]?.();
  while (queue.step());
  expect(arrived).toEqual([0, 500, 1, 1000, 3, 1500]);
  expect(network.bytes.down).toBe(1500);
  network.download(
    linkOf(0, 1000, 1000),
    500,
    () => arrived.push(4, queue.now),
    () => {},
  );
  while (queue.step());
  expect(arrived.slice(6)).toEqual([4, 2000]);
});
