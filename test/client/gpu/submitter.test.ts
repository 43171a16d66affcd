import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../../client/gpu/device.ts';
import type { Chooser } from '../../../client/gpu/program.ts';
import { Submitter } from '../../../client/gpu/submitter.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import { Trainer } from '../../../client/train/trainer.ts';
import { freshState } from '../../../client/train/training.ts';
import { tinyConfig } from '../../support/contribute/harness.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';

let device: Device;
const submits = { count: 0 };

beforeAll(async () => {
  device = await openNodeDevice();
  const submit = device.device.queue.submit.bind(device.device.queue);
  device.device.queue.submit = (buffers) => {
    submits.count++;
    submit(buffers);
  };
});
afterAll(() => device.close());

/** Kernels that compile fast, where the graphics card is this machine's processor. */
const references: Chooser = async (sites) =>
  new Map(sites.map(({ key, candidates: [{ variant }] }) => [key, variant]));

/** Six steps and an evaluation; each reading of the clock moves it by `tick` milliseconds. */
async function train(
  on: Device,
  accumulation: number,
  tick: number,
): Promise<{ submits: number[]; state: unknown }> {
  const real = performance.now.bind(performance);
  let now = 0;
  performance.now = () => (now += tick);
  try {
    const shape = { batch: 2 * accumulation, sequence: 16 };
    const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };
    const trainer = await Trainer.create(on, tinyConfig, shape, settings, {
      accumulation,
      choices: references,
    });
    trainer.load(freshState(initialParameters(tinyConfig, layoutOf(tinyConfig), 1)));
    const inputs = Uint32Array.from({ length: 32 * accumulation }, (_, i) => (i * 7) % 256);
    const each: number[] = [];
    for (let step = 0; step < 6; step++) {
      const before = submits.count;
      trainer.step({ inputs, targets: inputs }, 1e-2);
      each.push(submits.count - before);
      await trainer.loss();
    }
    const evaluation = await trainer.logProbabilities({ inputs, targets: inputs });
    const state = [await trainer.save(), await trainer.loss(), evaluation];
    trainer.close();
    return { submits: each, state };
  } finally {
    performance.now = real;
  }
}

test.each([1, 3])(
  'a long step is split into several submits with the same bits (%i batches)',
  async (accumulation) => {
    const whole = await train(device, accumulation, 0);
    expect(whole.submits).toEqual([1, 1, 1, 1, 1, 1]);
    // By this clock each submit takes at least a second.
    const split = await train({ ...device, software: false }, accumulation, 1000);
    expect(split.submits[0]).toBe(1);
    expect(split.submits.at(-1)).toBeGreaterThan(5);
    // By this clock no submit takes any time.
    const unsplit = await train({ ...device, software: false }, accumulation, 0);
    expect(unsplit.submits).toEqual([1, 1, 1, 1, 1, 1]);
    expect(split.state).toEqual(unsplit.state);
  },
);

test('copies at the beginning and end of a run share its submits', () => {
  const submitter = new Submitter(device, []);
  const before = submits.count;
  submitter.begin(0);
  const { COPY_SRC, COPY_DST } = GPUBufferUsage;
  const buffer = device.device.createBuffer({ size: 8, usage: COPY_SRC | COPY_DST });
  submitter.copy((encoder) => encoder.clearBuffer(buffer));
  submitter.copy((encoder) => encoder.clearBuffer(buffer, 4));
  submitter.end();
  expect(submits.count - before).toBe(1);
  buffer.destroy();
});
