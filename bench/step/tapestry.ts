import { type Device, openDevice } from '../../client/gpu/device.ts';
import type { Chooser } from '../../client/gpu/program.ts';
import { initialParameters } from '../../client/model/parameters.ts';
import { predictMemory } from '../../client/train/memory.ts';
import { Trainer } from '../../client/train/trainer.ts';
import type { Contender } from './contender.ts';
import { countGpu } from './gpu-counts.ts';
import { matmulCeiling } from './roofline.ts';
import { learningRate, optimizer, type Workload } from './workload.ts';

/** This project's own trainer, by the runtime's WebGPU; with the kernels that were measured, where `kernels` tells them. */
export async function openTapestry(
  gpu: GPU,
  workload: Workload,
  kernels: (device: Device) => Chooser = () => async () => new Map(),
): Promise<Contender> {
  countGpu();
  const { config, storage } = workload;
  const device = await openDevice(gpu);
  const trainer = await Trainer.create(device, config, workload, optimizer, {
    storage,
    choices: kernels(device),
  });
  const zeros = () => new Float32Array(trainer.layout.length);
  const parameters = initialParameters(config, trainer.layout, 1);
  trainer.load({ step: 0, parameters, firstMoment: zeros(), secondMoment: zeros() });
  const { bytes, parts } = predictMemory(device, config, workload, optimizer, { storage });
  return {
    adapter: device.name,
    parameters: trainer.layout.trained,
    // Nothing is saved here.
    predictedBytes: bytes - parts.staging,
    step: (batch) => trainer.step(batch, learningRate),
    loss: () => trainer.loss(),
    ceiling: () => matmulCeiling(device, storage),
  };
}
