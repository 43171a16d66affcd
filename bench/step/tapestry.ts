import { type Device, openDevice } from '../../client/gpu/device.ts';
import type { Chooser } from '../../client/gpu/program.ts';
import { initialAdapter } from '../../client/model/adapter/initial.ts';
import { copyTensors, initialParameters, layoutOf } from '../../client/model/parameters.ts';
import { predictMemory } from '../../client/train/memory.ts';
import { Trainer } from '../../client/train/trainer.ts';
import { freshState } from '../../client/train/training.ts';
import type { Contender } from './contender.ts';
import { countGpu } from './gpu-counts.ts';
import { matmulCeiling } from './roofline.ts';
import { openSampling } from './sampling.ts';
import { learningRate, optimizer, trainedTensors, type Workload } from './workload.ts';

/** This project's own trainer, by the runtime's WebGPU; with the kernels that were measured, where `kernels` tells them. */
export async function openTapestry(
  gpu: GPU,
  workload: Workload,
  kernels: (device: Device) => Chooser = () => async () => new Map(),
): Promise<Contender> {
  const { config, storage, lora, sampled } = workload;
  if (sampled !== undefined) return openSampling(gpu, workload, sampled, kernels);
  countGpu();
  const device = await openDevice(gpu);
  const memory = { storage, trained: trainedTensors(workload), ...(lora && { lora }) };
  const trainer = await Trainer.create(device, config, workload, optimizer, {
    ...memory,
    choices: kernels(device),
  });
  const layout = layoutOf(config);
  const parameters = initialParameters(config, layout, 1);
  trainer.setFrozen(copyTensors(parameters, layout, trainer.frozenLayout));
  trainer.load(
    freshState(
      lora
        ? initialAdapter(trainer.layout, { layout, values: parameters }, 1)
        : copyTensors(parameters, layout, trainer.layout),
    ),
  );
  const { bytes, parts } = predictMemory(device, config, workload, optimizer, memory);
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
