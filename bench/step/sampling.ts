import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { type Device, openDevice } from '../../client/gpu/device.ts';
import type { Chooser } from '../../client/gpu/program.ts';
import { generate, type Piece } from '../../client/model/generate/generate.ts';
import { GpuDecoder } from '../../client/model/generate/gpu-decoder.ts';
import { initialParameters, layoutOf } from '../../client/model/parameters.ts';
import { Random } from '../../client/random.ts';
import type { Contender } from './contender.ts';
import { countGpu } from './gpu-counts.ts';
import type { Workload } from './workload.ts';

/**
 * Samples texts of the context's length, `sequences` of them side by side. A step is as many tokens as a training step of the
 * workload has, so that the two can be compared. There is no loss: it is 0.
 */
export async function openSampling(
  gpu: GPU,
  { config, storage, batch, sequence }: Workload,
  sequences: number,
  kernels: (device: Device) => Chooser,
): Promise<Contender> {
  countGpu();
  const device = await openDevice(gpu);
  const layout = layoutOf(config);
  const parameters = initialParameters(config, layout, 1);
  const options = { sequences, storage, choices: kernels(device) };
  const decoder = await GpuDecoder.create(device, config, layout, parameters, options);
  let texts = 0;
  const begin = (): AsyncGenerator<Piece, void, void> => {
    const prompts = Array.from({ length: sequences }, () => ({
      tokens: [0],
      random: Random.seeded(1, texts++),
    }));
    const maxTokens = config.contextLength - 1;
    return generate(decoder, prompts, { tokenizer: byteTokenizer, maxTokens, temperature: 1 });
  };
  let pieces = begin();
  const sample = async (count: number) => {
    for (let taken = 0; taken < count; ) {
      const { done } = await pieces.next();
      if (done === true) pieces = begin();
      else taken++;
    }
  };
  let sampled = Promise.resolve();
  return {
    adapter: device.name,
    parameters: 0,
    step: () => {
      sampled = sampled.then(() => sample(batch * sequence));
    },
    loss: async () => {
      await sampled;
      return 0;
    },
  };
}
