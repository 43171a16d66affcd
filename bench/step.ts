import { openDevice } from '../client/gpu/device.ts';
import { type PresetName, presets } from '../client/model/config.ts';
import { initialParameters } from '../client/model/parameters.ts';
import { Random } from '../client/random.ts';
import { Trainer } from '../client/train/trainer.ts';

export interface StepBenchOptions {
  readonly gpu: GPU;
  readonly preset: PresetName;
  readonly batch: number;
  readonly sequence: number;
  readonly steps: number;
}

/** Measures training steps on random tokens; yields one JSON-able record when it is done. */
export async function* bench(options: StepBenchOptions): AsyncGenerator<object> {
  const { preset, batch, sequence, steps } = options;
  const config = presets[preset];
  const device = await openDevice(options.gpu);
  const submits = countSubmits(device.device.queue);
  try {
    const started = performance.now();
    const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };
    const trainer = await Trainer.create(device, config, { batch, sequence }, settings);
    const zeros = () => new Float32Array(trainer.layout.length);
    const parameters = initialParameters(config, trainer.layout, 1);
    trainer.load({ step: 0, parameters, firstMoment: zeros(), secondMoment: zeros() });
    const random = Random.seeded(1);
    const tokens = () =>
      Uint32Array.from({ length: batch * sequence }, () => random.below(config.vocabularySize));
    const data = { inputs: tokens(), targets: tokens() };
    trainer.step(data, 1e-3);
    await trainer.loss();
    const firstStep = performance.now() - started;

    // As a node trains: some steps are queued, then their loss is waited for.
    const block = 5;
    const times: number[] = [];
    let queued = 0;
    for (let done = 0; done < steps; done += block) {
      const before = submits.count;
      const start = performance.now();
      for (let i = 0; i < block; i++) trainer.step(data, 1e-3);
      queued += submits.count - before;
      await trainer.loss();
      times.push((performance.now() - start) / block);
    }
    times.sort((a, b) => a - b);
    const median = times[times.length >> 1] ?? Number.NaN;
    yield {
      bench: 'step',
      adapter: device.name,
      preset,
      parameters: trainer.layout.trained,
      batch,
      sequence,
      firstStepMs: firstStep,
      msPerStep: median,
      fastestMs: times[0],
      tokensPerSecond: (batch * sequence * 1000) / median,
      dispatchesPerStep: trainer.dispatchesPerStep,
      submitsPerStep: queued / (times.length * block),
    };
    trainer.close();
  } finally {
    device.close();
  }
}

/** Counts what this queue is asked to submit from here on. */
function countSubmits(queue: GPUQueue): { count: number } {
  const submits = { count: 0 };
  const submit = queue.submit.bind(queue);
  queue.submit = (buffers) => {
    submits.count++;
    submit(buffers);
  };
  return submits;
}
