import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { Pace } from '../../../../relay/run/pace/pace.ts';
import type { PaceSettings } from '../../../../relay/run/pace/plan.ts';
import { seed } from '../../../support/seed.ts';

const settings: PaceSettings = {
  ...{ localSteps: 30, leastSteps: 1, stretch: 200 },
  ...{ deadlineMs: 3_600_000, graceMs: 60_000, graceShare: 50 },
};
const stepTokens = 2048;

/** Connected nodes that count how often one of them is looked at. */
class CountedNodes extends Set<string> {
  looks = 0;

  override *[Symbol.iterator](): SetIterator<string> {
    for (const key of super[Symbol.iterator]()) {
      this.looks++;
      yield key;
    }
  }
}

test.each([100, 1000, 20_000])(
  'the work of planning is O(1) an event while %i nodes come, report and contribute',
  (count) => {
    const pace = new Pace(settings, stepTokens, count);
    const nodes = new CountedNodes();
    let events = 0;
    const event = () => {
      events++;
      pace.plan(nodes);
    };
    pace.roundOpened();
    pace.measures.opened([], true, 0);
    for (let node = 0; node < count; node++) {
      nodes.add(`${node}`);
      pace.measures.joined(`${node}`, true, node);
      event();
    }
    // One is never measured, so that no plan is final.
    for (let node = 1; node < count; node++) {
      pace.reported(`${node}`, 1, stepTokens, count + node);
      event();
    }
    for (let node = 1; node < count; node++) {
      pace.measures.offered(`${node}`, 30, 2 * count + node);
      pace.measures.accepted(`${node}`, 2 * count + node + 500);
      event();
    }
    expect(pace.planned).not.toBeNull();
    expect(nodes.looks / events).toBeLessThan(10);
  },
);

interface Device {
  readonly overheadMs: number;
  readonly stepMs: number;
  readonly uploadMs: number;
}

/** What happens in a round: a moment after its opening, and what then changes the measures. */
interface Event {
  readonly at: number;
  readonly run: () => void;
}

/** Rounds of devices whose times stay the same. Gives the plan of each at its end, and how many contributed. */
function rounds(devices: readonly Device[], count: number) {
  const pace = new Pace(settings, stepTokens, devices.length);
  const keys = new Set(devices.map((_, device) => `${device}`));
  const made: { workMs: number; graceMs: number; contributed: number }[] = [];
  let now = 0;
  for (let round = 0; round < count; round++) {
    pace.roundOpened();
    pace.measures.opened(keys, true, now);
    pace.plan(keys);
    const events: Event[] = [];
    for (const [device, { overheadMs, stepMs, uploadMs }] of devices.entries()) {
      const key = `${device}`;
      const startsAt = overheadMs + stepMs;
      // A report every 5 s, from its first step on.
      const rate = (1000 * stepTokens) / stepMs;
      events.push({
        at: Math.ceil(startsAt / 5000) * 5000,
        run: () => pace.reported(key, 1, rate, now + startsAt),
      });
      events.push({
        at: startsAt,
        run: () => {
          const left = (pace.planned?.workMs ?? settings.deadlineMs) - startsAt;
          if (left < 0) return;
          const more = Math.max(0, Math.min(settings.localSteps - 1, Math.floor(left / stepMs)));
          const offeredAt = startsAt + more * stepMs;
          const offer = { at: offeredAt, run: () => pace.measures.offered(key, 1 + more, now + offeredAt) };
          const acceptedAt = offeredAt + uploadMs;
          const accept = () => {
            contributed++;
            pace.measures.accepted(key, now + acceptedAt);
          };
          later.push(offer, { at: acceptedAt, run: accept });
        },
      });
    }
    let contributed = 0;
    const later = events;
    while (later.length > 0) {
      later.sort((one, other) => other.at - one.at);
      const next = later.pop();
      const { workMs, graceMs } = pace.planned ?? { workMs: settings.deadlineMs, graceMs: 0 };
      // What comes after the round is refused, and tells the relay nothing.
      if (next === undefined || next.at > workMs + graceMs) break;
      next.run();
      pace.plan(keys);
    }
    pace.measures.closed(keys);
    const times = pace.planned;
    if (times === null) throw new Error('no plan');
    now += times.workMs + times.graceMs;
    made.push({ ...times, contributed });
  }
  return made;
}

test.each([1, 2, 3, 4, 5, 6])('the plan of a stationary crowd settles (crowd %i)', (crowd) => {
  const random = Random.seeded(seed + crowd);
  // Downloads one after another, as over one line, and steps of very different lengths.
  const devices = Array.from({ length: 40 + random.below(80) }, (_, place) => ({
    overheadMs: 300 * place + random.below(1000),
    stepMs: 5 * 2 ** random.below(8),
    uploadMs: 100 + random.below(2000),
  }));
  const plans = rounds(devices, 40);
  const settled = plans.slice(12);
  for (const [i, { workMs, graceMs, contributed }] of settled.entries()) {
    const before = settled[i - 1];
    if (before === undefined) continue;
    expect(Math.abs(workMs / before.workMs - 1)).toBeLessThanOrEqual(0.1);
    expect(graceMs).toBeLessThanOrEqual(before.graceMs);
    expect(graceMs).toBeGreaterThanOrEqual(Math.floor(0.75 * before.graceMs));
    // The line brings every device its base in time, so that all but a few count, and not only the share of the manifest.
    expect(contributed).toBeGreaterThan(0.9 * devices.length);
  }
});
