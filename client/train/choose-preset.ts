import type { Device } from '../gpu/device.ts';
import type { Chooser } from '../gpu/program.ts';
import { type PresetName, presetNames, presets } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { Trainer } from './trainer.ts';

/** The longest step of a chosen preset, on `tokensPerStep` tokens. */
const stepMilliseconds = 1000;
const tokensPerStep = 4096;

/**
 * The largest preset whose step this device computes within `stepMilliseconds`, estimated from a few timed steps of nano with
 * the kernels that `choices` gives. Software adapters get nano.
 */
export async function choosePreset(device: Device, choices: Chooser): Promise<PresetName> {
  if (device.software) return 'nano';
  return presetFor(await measureCost(device, 32, 4, choices), device.device.limits.maxBufferSize);
}

/** Milliseconds per token and parameter, over `steps` steps of nano with `batch` rows, after one step that warms up. */
export async function measureCost(
  device: Device,
  batch: number,
  steps: number,
  choices: Chooser,
): Promise<number> {
  const shape = { batch, sequence: presets.nano.contextLength };
  const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, gradientClip: 1 };
  const trainer = await Trainer.create(device, presets.nano, shape, settings, { choices });
  try {
    const inputs = new Uint32Array(shape.batch * shape.sequence);
    const tokens = { inputs, targets: inputs };
    trainer.step(tokens, 0);
    await trainer.loss();
    const start = performance.now();
    for (let step = 0; step < steps; step++) trainer.step(tokens, 0);
    await trainer.loss();
    const milliseconds = (performance.now() - start) / steps;
    return milliseconds / inputs.length / trainer.layout.trained;
  } finally {
    trainer.close();
  }
}

/**
 * The largest preset whose step takes at most `stepMilliseconds` at `cost` milliseconds per token and parameter (this cost is
 * about the same for every size), and whose flat vector fits one buffer of `maxBufferSize` bytes.
 */
export function presetFor(cost: number, maxBufferSize: number): PresetName {
  const fitting = presetNames.filter((name) => {
    const { length, trained } = layoutOf(presets[name]);
    return cost * trained * tokensPerStep <= stepMilliseconds && length * 4 <= maxBufferSize;
  });
  return fitting.at(-1) ?? 'nano';
}
