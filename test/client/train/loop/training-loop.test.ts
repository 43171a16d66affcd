import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Sampler } from '../../../../client/data/sampler.ts';
import { WordTokens } from '../../../../client/data/tokens.ts';
import { openDevice } from '../../../../client/gpu/device.ts';
import { nodeGpu } from '../../../../client/host/node/runtime.ts';
import type { Place } from '../../../../client/train/checkpoint.ts';
import type { Snapshot } from '../../../../client/train/loop/snapshots.ts';
import {
  type LoopRuntime,
  TrainingLoop,
  type TrainingResult,
  type TrainingTask,
} from '../../../../client/train/loop/training-loop.ts';
import { Trainer } from '../../../../client/train/trainer.ts';
import { countBuffers } from '../../../support/counted-device.ts';
import { config, fresh, settings, shape } from '../../../support/train/small-run.ts';
import { memoryFiles } from '../../../support/tuned-store.ts';
import { losingDevices } from '../../../support/watch-devices.ts';

const steps = 30;
const never = new AbortController().signal;
const tokens = WordTokens.of(Uint32Array.from({ length: 500 }, (_, i) => (i * i + (i >> 3)) % 32));
const newSampler = () => new Sampler(tokens, shape, 7);
const start: Place = { state: fresh(3), sampler: newSampler().save() };
const learningRate = (step: number) => 1e-2 / (1 + step);

/** A clock that moves by `tick` milliseconds at every reading, and by the length of every sleep. */
function clock(tick: number) {
  let now = 0;
  return {
    elapse(milliseconds: number) {
      now += milliseconds;
    },
    now: () => {
      now += tick;
      return now;
    },
    sleep: async (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

const opened: TrainingLoop[] = [];
afterAll(() => {
  for (const loop of opened) loop.close();
});

interface Opening {
  readonly losses?: readonly number[];
  readonly time?: Pick<LoopRuntime, 'now' | 'sleep'>;
  readonly power?: number;
}

async function openLoop({ losses = [], time = clock(150), power = 1 }: Opening = {}) {
  const gpu = losingDevices(await nodeGpu(), losses);
  const runtime: LoopRuntime = { ...time, gpu: async () => gpu, cache: memoryFiles() };
  const device = await openDevice(gpu);
  const training = { config, shape, optimizer: settings, power, onKernels: () => undefined };
  const loop = await TrainingLoop.open(runtime, device, training);
  opened.push(loop);
  return loop;
}

const taskOf = (more: Partial<TrainingTask> = {}): TrainingTask => ({
  ...{ from: start, steps, sampler: newSampler(), learningRate },
  ...more,
});

/** The same steps without a loop. */
let plain: Pick<TrainingResult, 'state' | 'sampler'>;
beforeAll(async () => {
  const device = await openDevice(await nodeGpu());
  const trainer = await Trainer.create(device, config, shape, settings);
  const sampler = newSampler();
  trainer.load(start.state);
  for (let step = 0; step < steps; step++) trainer.step(sampler.next(), learningRate(step));
  plain = { state: await trainer.save(), sampler: sampler.save() };
  trainer.close();
  device.close();
});

describe('without interruption', () => {
  test('all steps at once, or in two tasks, give the bits of a plain loop over a trainer', async () => {
    const loop = await openLoop();
    const asked: number[] = [];
    const asking = (step: number) => {
      asked.push(step);
      return learningRate(step);
    };
    const whole = await loop.run(taskOf({ learningRate: asking }), never);
    expect(whole).toMatchObject(plain);
    expect(asked).toEqual(Array.from({ length: steps }, (_, i) => i));
    expect(whole.kernels).toEqual(loop.trainer.kernels);
    expect(whole.lastLoss).toBeGreaterThan(0);
    const half = await loop.run(taskOf({ steps: 12 }), never);
    const rest = await loop.run(
      taskOf({ from: half, steps: steps - 12, learningRate: (step) => learningRate(step + 12) }),
      never,
    );
    expect(rest).toMatchObject(plain);
  });

  test('the state is loaded before the first step, and each reading of the loss is reported', async () => {
    const loop = await openLoop();
    const reported: number[] = [];
    let parameters: unknown;
    const task = taskOf({
      onLoaded: async (trainer) => {
        parameters = await trainer.parameters();
        expect(reported).toEqual([]);
      },
      onProgress: ({ steps: done, tokens: counted, trainingLoss }) => {
        expect(counted).toBe(done * shape.batch * shape.sequence);
        expect(trainingLoss).toBeGreaterThan(0);
        reported.push(done);
      },
    });
    await loop.run(task, never);
    expect(parameters).toEqual(start.state.parameters);
    expect(reported[0]).toBe(1);
    expect(reported.at(-1)).toBe(steps);
    expect(loop.progress.steps).toBe(steps);
  });

  test('resuming from any snapshot gives the same bits', async () => {
    const loop = await openLoop();
    const snapshots: Snapshot[] = [];
    await loop.run(taskOf({ onSnapshot: async (taken) => void snapshots.push(taken) }), never);
    const [first] = snapshots;
    if (first === undefined) throw new Error('no snapshot was taken');
    const rest = taskOf({
      from: first,
      steps: steps - first.steps,
      learningRate: (step) => learningRate(step + first.steps),
    });
    expect(await loop.run(rest, never)).toMatchObject(plain);
  });

  test('a task with steps done before gives the losses of one that did them itself, and none more where they are enough', async () => {
    const loop = await openLoop();
    const snapshots: Snapshot[] = [];
    const whole = await loop.run(taskOf({ onSnapshot: async (taken) => void snapshots.push(taken) }), never);
    const from = snapshots.at(-1);
    if (from === undefined) throw new Error('no snapshot was taken');
    const asked: number[] = [];
    const asking = (step: number) => {
      asked.push(step);
      return learningRate(step);
    };
    const rest = taskOf({ from, done: from, learningRate: asking });
    expect(await loop.run(rest, never)).toEqual(whole);
    expect(asked[0]).toBe(from.steps);
    const enough = await loop.run({ ...rest, isEnough: (done) => done >= from.steps }, never);
    expect(enough).toMatchObject({ steps: from.steps, state: from.state, sampler: from.sampler });
    expect(enough.meanLoss).toBeGreaterThan(0);
    expect(asked).toHaveLength(steps - from.steps);
  });
});

describe('interrupted', () => {
  test('a pause holds training at a step and changes no bit', async () => {
    const loop = await openLoop({ time: clock(0) });
    let asked = 0;
    const taken: [steps: number, isAsked: boolean][] = [];
    const paused = Promise.withResolvers<void>();
    const task = taskOf({
      learningRate: (step) => {
        asked++;
        return learningRate(step);
      },
      onProgress: ({ steps: done }) => {
        if (done !== 11) return;
        loop.pause();
      },
      onSnapshot: async ({ steps: done }, isAsked) => {
        taken.push([done, isAsked]);
        paused.resolve();
      },
    });
    const running = loop.run(task, never);
    await paused.promise;
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(11);
    expect(loop.progress.steps).toBe(11);
    // A process that is paused may be ended: by this clock no snapshot was due.
    expect(taken).toEqual([[11, true]]);
    loop.resume();
    expect(await running).toMatchObject(plain);
    expect(asked).toBe(steps);
  });

  test('an abort ends training at its next step with the reason, also while it is paused', async () => {
    const loop = await openLoop();
    const stop = new AbortController();
    let asked = 0;
    const taken: number[] = [];
    const task = taskOf({
      learningRate: (step) => {
        if (++asked === 9) stop.abort(new Error('enough'));
        return learningRate(step);
      },
      onSnapshot: async ({ steps: done }, isAsked) => void (isAsked && taken.push(done)),
    });
    await expect(loop.run(task, stop.signal)).rejects.toThrow('enough');
    expect(asked).toBe(9);
    expect(taken).toEqual([9]);
    loop.pause();
    const leaving = new AbortController();
    const held = loop.run(taskOf(), leaving.signal);
    leaving.abort(new Error('left'));
    await expect(held).rejects.toThrow('left');
    loop.resume();
    expect(await loop.run(taskOf(), never)).toMatchObject(plain);
  });

  test('half the power takes twice the time', async () => {
    const duration = async (power: number) => {
      const time = clock(0);
      // Each step takes 40 ms by a clock that does not run while the real adapter works.
      const loop = await openLoop({ time, power });
      const task = taskOf({
        learningRate: (step) => {
          time.elapse(40);
          return learningRate(step);
        },
      });
      const before = time.now();
      expect(await loop.run(task, never)).toMatchObject(plain);
      return time.now() - before;
    };
    const full = await duration(1);
    expect(full).toBe(steps * 40);
    expect(await duration(0.5)).toBeGreaterThan(1.7 * full);
    expect(await duration(0.5)).toBeLessThan(2.1 * full);
  });
});

describe('a lost device', () => {
  test.each([
    ['at any submit, several times', [7, 20, 3, 11]],
    ['late, after a snapshot', [30]],
  ])('%s, leaves every bit as it was', async (_, losses) => {
    const loop = await openLoop({ losses });
    const [lost, asked, loaded]: [number[], number[], number[]] = [[], [], []];
    const task = taskOf({
      learningRate: (step) => {
        asked.push(step);
        return learningRate(step);
      },
      onLoaded: async (trainer) => {
        await trainer.loss();
        loaded.push(asked.length);
      },
      onDeviceLost: (step) => lost.push(step),
    });
    expect(await loop.run(task, never)).toMatchObject(plain);
    expect(lost).toHaveLength(losses.length);
    // Training resumes at the reported snapshot, so only the steps after it are sampled again.
    expect(lost.every((step) => asked.filter((at) => at === step).length > 1 || step === 0)).toBe(true);
    expect(new Set(asked).size).toBe(steps);
    expect(loaded).toEqual([0]);
  });

  test('without a snapshot training restarts, and it gives up after four losses in a row', async () => {
    const lost: number[] = [];
    const task = taskOf({ onDeviceLost: (step) => lost.push(step) });
    const loop = await openLoop({ losses: [25], time: clock(0) });
    expect(await loop.run(task, never)).toMatchObject(plain);
    expect(lost).toEqual([0]);
    const hopeless = await openLoop({ losses: [2, 2, 2, 2], time: clock(0) });
    await expect(hopeless.run(taskOf(), never)).rejects.toMatchObject({ code: 'device.lost' });
  });
});

test('a loop that cannot be opened leaves no buffer and closes the device', async () => {
  const device = await openDevice(await nodeGpu());
  const counted = countBuffers(device, {
    createComputePipelineAsync: () => Promise.reject(new Error('no compiler')),
  });
  let closed = 0;
  const watched = { ...counted.device, close: () => void closed++ };
  const runtime: LoopRuntime = { ...clock(1), gpu: nodeGpu, cache: memoryFiles() };
  const training = { config, shape, optimizer: settings, power: 1, onKernels: () => undefined };
  await expect(TrainingLoop.open(runtime, watched, training)).rejects.toMatchObject({
    code: 'shader.invalid',
  });
  expect(counted.made()).toBeGreaterThan(0);
  expect(counted.alive()).toBe(0);
  expect(closed).toBe(1);
  device.close();
});
