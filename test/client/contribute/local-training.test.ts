import { beforeAll, expect, test } from 'vitest';
import type { ContributorEvent } from '../../../client/contribute/events.ts';
import type { Host } from '../../../client/contribute/host.ts';
import { LocalTraining, type TrainedRound } from '../../../client/contribute/local-training.ts';
import { SnapshotSchedule } from '../../../client/contribute/snapshots.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import { nodeGpu, nodeHost } from '../../../client/host/node.ts';
import { initialParameters } from '../../../client/model/parameters.ts';
import { Random } from '../../../client/random.ts';
import { tinyAgreement, tinyConfig, tinyCorpus, watchDevices } from './harness.ts';

const never = new AbortController().signal;
const { localSteps, layout } = tinyAgreement;

interface Trained {
  readonly rounds: readonly TrainedRound[];
  readonly start: LocalTraining['start'];
  readonly events: readonly ContributorEvent[];
}

/**
 * Trains two rounds. The i-th device that is opened is lost at its `losses[i]`-th submit, and those after it never. The
 * clock says at every look that so much time went by.
 */
async function train(losses: readonly number[], tick = 150): Promise<Trained> {
  let opened = 0;
  let now = 0;
  const gpu = watchDevices(await nodeGpu(), (device) => {
    const last = losses[opened++] ?? Infinity;
    const submit = device.queue.submit.bind(device.queue);
    let submits = 0;
    device.queue.submit = (buffers) => {
      submit(buffers);
      if (++submits === last) device.destroy();
    };
  });
  const host: Host = {
    ...nodeHost({ folder: '/nowhere' }),
    gpu: async () => gpu,
    now: () => {
      now += tick;
      return now;
    },
    sleep: async () => undefined,
  };
  const events: ContributorEvent[] = [];
  const tell = (event: ContributorEvent) => events.push(event);
  const options = { corpus: tinyCorpus('even'), seed: 5, power: 1, tell };
  const training = await LocalTraining.open(host, await openDevice(gpu), tinyAgreement, options);
  let base = initialParameters(tinyConfig, layout, 1);
  const rounds: TrainedRound[] = [];
  for (const round of [1, 2]) {
    const opening = { round, base: 'ab'.repeat(32), attempt: 0, localSteps };
    const trained = await training.train(opening, base, never);
    rounds.push(trained);
    base = trained.parameters;
  }
  training.close();
  return { rounds, start: training.start, events };
}

let undisturbed: Trained;
beforeAll(async () => {
  undisturbed = await train([]);
});

const lost = ({ events }: Trained) =>
  events.flatMap((event) => (event.event === 'device-lost' ? [event.step] : []));

test.each([1, 2, 3])(
  'losses at any submit, several in a round, leave every bit as it was (seed %i)',
  async (seed) => {
    const random = Random.seeded(seed);
    const losses = Array.from({ length: 4 }, () => 1 + random.below(40));
    const disturbed = await train(losses);
    expect(lost(disturbed)).toHaveLength(losses.length);
    expect(disturbed.rounds).toEqual(undisturbed.rounds);
    expect(disturbed.start).toEqual(undisturbed.start);
    // Of the base that opens a round, each node tells once.
    expect(disturbed.events.filter(({ event }) => event === 'round')).toHaveLength(2);
  },
);

test('only the steps since the last snapshot are done again', async () => {
  const disturbed = await train([45]);
  const [step = 0] = lost(disturbed);
  expect(step).toBeGreaterThan(10);
  const again = disturbed.events.filter((event) => event.event === 'step' && event.round === 1);
  const before = undisturbed.events.filter((event) => event.event === 'step' && event.round === 1);
  expect(again.length).toBeLessThan(before.length + 8);
  expect(disturbed.rounds).toEqual(undisturbed.rounds);
});

test('where a second never passes there is no snapshot, and the bits are the same', async () => {
  const disturbed = await train([30, 20], 0);
  expect(lost(disturbed)).toEqual([0, 0]);
  expect(disturbed.rounds.map(({ parameters }) => parameters)).toEqual(
    undisturbed.rounds.map(({ parameters }) => parameters),
  );
});

test('a device that is lost again and again without a snapshot between is given up', async () => {
  await expect(train([2, 2, 2, 2])).rejects.toMatchObject({ code: 'device.lost' });
});

test('snapshots take a twentieth of the time at most, and none comes within a second', async () => {
  let now = 0;
  const schedule = new SnapshotSchedule(() => now);
  let spent = 0;
  let taken = 0;
  for (let step = 0; step < 5000; step++) {
    now += 20;
    if (!schedule.due) continue;
    taken++;
    const cost = 10 * (1 + (taken % 30));
    await schedule.take(async () => {
      now += cost;
    });
    spent += cost;
  }
  expect(spent / now).toBeLessThan(0.055);
  expect(taken).toBeLessThanOrEqual(now / 1000);
  expect(taken).toBeGreaterThan(10);
});
