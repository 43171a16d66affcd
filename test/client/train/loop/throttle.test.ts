import { expect, test } from 'vitest';
import { PauseGate } from '../../../../client/train/loop/pause-gate.ts';
import { checkedPower, Throttle } from '../../../../client/train/loop/throttle.ts';
import { finiteLoss, ProgressTracker } from '../../../../client/train/loop/training-progress.ts';

const never = new AbortController().signal;

/** An adapter that takes `stepMilliseconds` a step, on a clock that moves only when someone waits. */
class Simulated {
  now = 0;
  worked = 0;
  #busyUntil = 0;
  stepMilliseconds: number;

  constructor(stepMilliseconds: number) {
    this.stepMilliseconds = stepMilliseconds;
  }

  step(): void {
    this.#busyUntil = Math.max(this.now, this.#busyUntil) + this.stepMilliseconds;
    this.worked += this.stepMilliseconds;
  }

  throttle(software: boolean, power: number, done?: () => Promise<undefined>): Throttle {
    const clock = {
      now: () => this.now,
      sleep: async (milliseconds: number) => {
        this.now += milliseconds;
      },
    };
    const wait = async () => {
      this.now = Math.max(this.now, this.#busyUntil);
      return undefined;
    };
    const queue: Pick<GPUQueue, 'onSubmittedWorkDone'> = { onSubmittedWorkDone: done ?? wait };
    return new Throttle(clock, { device: { queue }, software }, power);
  }
}

test.each([
  [1, 0.5, false],
  [1, 0.1, true],
  [30, 0.25, false],
  [400, 0.7, true],
  [3, 0.1, false],
  [50, 0.1, true],
  [20, 0.5, true],
  [250, 0.5, false],
])('steps of %i ms at power %d take that share of the time', async (milliseconds, power, software) => {
  const adapter = new Simulated(milliseconds);
  const throttle = adapter.throttle(software, power);
  throttle.start();
  for (let i = 0; i < 500; i++) {
    adapter.step();
    await throttle.stepGiven(never);
  }
  const share = adapter.worked / adapter.now;
  expect(share).toBeGreaterThan(power * 0.85);
  expect(share).toBeLessThan(power * 1.15);
});

test.each([
  [2, false],
  [2, true],
  [150, false],
  [150, true],
])(
  'at full power the adapter is always busy with steps of %i ms (software: %s)',
  async (milliseconds, software) => {
    const adapter = new Simulated(milliseconds);
    const throttle = adapter.throttle(software, 1);
    throttle.start();
    for (let i = 0; i < 300; i++) {
      adapter.step();
      await throttle.stepGiven(never);
    }
    expect(adapter.worked / adapter.now).toBeGreaterThan(0.97);
  },
);

test('a change of power applies from the next step on', async () => {
  const adapter = new Simulated(40);
  const throttle = adapter.throttle(true, 1);
  const share = async (power: number) => {
    const [worked, now] = [adapter.worked, adapter.now];
    throttle.power = power;
    for (let i = 0; i < 100; i++) {
      adapter.step();
      await throttle.stepGiven(never);
    }
    return (adapter.worked - worked) / (adapter.now - now);
  };
  throttle.start();
  expect(await share(0.1)).toBeCloseTo(0.1, 1);
  expect(await share(1)).toBeGreaterThan(0.9);
  expect(await share(0.5)).toBeCloseTo(0.5, 1);
});

test.each([0, 0.0999, 1.0001, -1, 10, 100, Number.NaN, Number.POSITIVE_INFINITY])(
  '%d is refused as a power',
  (power) => {
    expect(() => checkedPower(power)).toThrow(expect.objectContaining({ code: 'usage.power' }));
  },
);

test.each([0.1, 0.5, 1])('%d is accepted as a power', (power) => {
  expect(checkedPower(power)).toBe(power);
});

test('a first step that compiles, and a busy spell, do not slow the steps after them', async () => {
  const adapter = new Simulated(200);
  const throttle = adapter.throttle(true, 1);
  const train = async (steps: number, milliseconds: number) => {
    const before = adapter.now;
    adapter.stepMilliseconds = milliseconds;
    for (let i = 0; i < steps; i++) {
      adapter.step();
      await throttle.stepGiven(never);
    }
    return adapter.now - before;
  };
  throttle.start();
  expect(await train(1, 30_000)).toBe(30_000);
  expect(await train(40, 200)).toBeLessThan(1.1 * 40 * 200);
  await train(10, 5_000);
  expect(await train(40, 200)).toBeLessThan(1.2 * 40 * 200);
});

test('at most two bursts of steps wait for an adapter that does not answer', async () => {
  const adapter = new Simulated(1);
  const resolvers: (() => void)[] = [];
  const throttle = adapter.throttle(false, 1, () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    resolvers.push(() => resolve(undefined));
    return promise;
  });
  throttle.start();
  let given = 0;
  const giving = (async () => {
    for (; given < 10; given++) await throttle.stepGiven(never);
  })();
  for (let i = 0; i < 50; i++) await Promise.resolve();
  expect(given).toBeLessThanOrEqual(2);
  // Once the adapter answers, the remaining steps are submitted.
  const answering = setInterval(() => {
    for (const resolve of resolvers.splice(0)) resolve();
  }, 1);
  await giving;
  clearInterval(answering);
  expect(given).toBe(10);
});

test('an open gate lets steps pass, a closed one holds them, and an abort releases them', async () => {
  const gate = new PauseGate();
  expect(await gate.passed(never)).toBe(false);
  gate.close();
  let passed = false;
  const waiting = gate.passed(never).then((waited) => {
    passed = waited;
  });
  await Promise.resolve();
  expect(passed).toBe(false);
  gate.open();
  await waiting;
  expect(passed).toBe(true);
  gate.close();
  const leaving = new AbortController();
  const held = gate.passed(leaving.signal);
  leaving.abort();
  expect(await held).toBe(true);
});

test('a tracker reads the first loss, the last and few between, and counts tokens per second of working time', () => {
  let now = 0;
  const tracker = new ProgressTracker(500, { batch: 2, sequence: 8 }, () => now);
  const due = Array.from({ length: 500 }, (_, i) => i + 1).filter((step) => tracker.isDue(step));
  expect(due[0]).toBe(1);
  expect(due.at(-1)).toBe(500);
  expect(due.length).toBeLessThanOrEqual(17);
  now = 100;
  expect(tracker.read(1, 3)).toEqual({ steps: 1, tokens: 16, trainingLoss: 3, tokensPerSecond: 160 });
  now = 60_000;
  tracker.start(1);
  now += 1000;
  expect(tracker.read(11, 2).tokensPerSecond).toBe(160);
  expect(tracker.meanLoss).toBe(2.5);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, -1001, 1e9])('a loss of %d counts as divergence', (loss) => {
  expect(() => finiteLoss(loss)).toThrow(expect.objectContaining({ code: 'training.diverged' }));
});
