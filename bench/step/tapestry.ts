import { openDevice } from '../../client/gpu/device.ts';
import { initialParameters } from '../../client/model/parameters.ts';
import { Trainer } from '../../client/train/trainer.ts';
import type { Contender } from './contender.ts';
import { countGpu } from './gpu-counts.ts';
import { matmulCeiling } from './roofline.ts';
import { learningRate, optimizer, type Workload } from './workload.ts';

/** This project's own trainer, by the runtime's WebGPU. */
export async function openTapestry(gpu: GPU, workload: Workload): Promise<Contender> {
  countGpu();
  const { config, storage } = workload;
  const device = await openDevice(gpu);
  const trainer = await Trainer.create(device, config, workload, optimizer, { storage });
  const zeros = () => new Float32Array(trainer.layout.length);
  const parameters = initialParameters(config, trainer.layout, 1);
  trainer.load({ step: 0, parameters, firstMoment: zeros(), secondMoment: zeros() });
  return {
    adapter: device.name,
    parameters: trainer.layout.trained,
    step: (batch) => trainer.step(batch, learningRate),
    loss: () => trainer.loss(),
    ceiling: () => matmulCeiling(device, storage),
  };
}
