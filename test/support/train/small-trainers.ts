import { afterAll, beforeAll } from 'vitest';
import type { Adapter, Device } from '../../../client/gpu/device.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { Trainer, type TrainerOptions } from '../../../client/train/trainer.ts';
import type { OptimizerSettings } from '../../../client/train/training.ts';
import { openNodeDevice } from '../gpu-node.ts';
import { config, settings, shape } from './small-run.ts';

/** The options that differ from the small run. */
export interface SmallTrainer extends TrainerOptions {
  readonly adapter?: Partial<Adapter>;
  readonly model?: Partial<ModelConfig>;
  readonly optimizer?: Partial<OptimizerSettings>;
}

/** Makes trainers of the small run on a device of this test file; they are closed when its tests are over. */
export function smallTrainers(): (changes?: SmallTrainer) => Promise<Trainer> {
  let device: Device;
  const made: Trainer[] = [];
  beforeAll(async () => {
    device = await openNodeDevice();
  });
  afterAll(() => {
    for (const trainer of made) trainer.close();
    device.close();
  });
  return async ({ adapter, model, optimizer, ...options } = {}) => {
    const trainer = await Trainer.create(
      { ...device, ...adapter },
      { ...config, ...model },
      shape,
      { ...settings, ...optimizer },
      options,
    );
    made.push(trainer);
    return trainer;
  };
}
