import { readFile } from 'node:fs/promises';
import { openDevice } from '../client/gpu/device.ts';
import { initialAdapter } from '../client/model/adapter/initial.ts';
import { type ModelConfig, presets } from '../client/model/config.ts';
import { initialParameters, layoutOf } from '../client/model/parameters.ts';
import { upperLayers } from '../client/model/upper-layers.ts';
import { predictMemory } from '../client/train/memory.ts';
import { Trainer } from '../client/train/trainer.ts';
import { countGpu, gpuCounts } from './step/gpu-counts.ts';
import { batches, learningRate, optimizer } from './step/workload.ts';

export interface MemoryBenchOptions {
  readonly gpu: GPU;
  readonly config: ModelConfig;
  readonly batch: number;
  readonly sequence: number;
  readonly storage: 'f32' | 'f16';
  readonly recompute: boolean;
  /** Trains adapters of this rank of all projections over a base whose matrices are in blocks of 8 bits; else the whole model. */
  readonly adapter?: number | undefined;
  /** Trains only the last layers, so many, and all that follows them. */
  readonly upperLayers?: number | undefined;
  /** MiB that a kernel may see of a buffer. */
  readonly binding: number;
  /** Steps after the first. */
  readonly steps: number;
}

/** The presets, and one of the size and the vocabulary of the smallest GPT-2 (Radford et al. 2019), padded to a multiple of 64. */
export const memoryConfigs: Readonly<Record<string, ModelConfig>> = {
  ...presets,
  gpt2: {
    ...presets.base,
    vocabularySize: 50_304,
    layers: 12,
    dimension: 768,
    heads: 12,
    keyValueHeads: 12,
    feedForward: 2048,
  },
  /** SmolLM2-135M's (HuggingFaceTB/SmolLM2-135M, config.json). */
  smollm2: {
    vocabularySize: 49_152,
    layers: 30,
    dimension: 576,
    heads: 9,
    keyValueHeads: 3,
    feedForward: 1536,
    contextLength: 8192,
    ropeTheta: 100_000,
    normEpsilon: 1e-5,
    tiedHead: true,
  },
};

/**
 * Trains a step or more of a model from its initial parameters: the memory that was predicted, the bytes of all buffers,
 * and how many of them are resident on an adapter that is the processor.
 */
export async function bench(options: MemoryBenchOptions) {
  const {
    config,
    batch,
    sequence,
    storage,
    recompute,
    adapter,
    upperLayers: count,
    binding,
    steps,
  } = options;
  const shape = { batch, sequence };
  const layout = layoutOf(config);
  let parameters: Float32Array<ArrayBuffer> | null = initialParameters(config, layout, 1);
  const lora = adapter === undefined ? undefined : { rank: adapter, alpha: 2 * adapter, targets: null };
  const upper = count === undefined ? undefined : upperLayers(config, count, layout);
  const trained = {
    storage,
    recompute,
    ...(lora && { lora, quantizesFrozen: true }),
    ...(upper && { trained: upper.isTrained }),
  };
  const data = batches({ config, storage, ...shape });
  countGpu();
  const device = await openDevice(options.gpu, { maxBinding: binding * 2 ** 20 });
  try {
    const { bytes, parts } = predictMemory(device, config, shape, optimizer, trained);
    // Nothing is saved here.
    const predictedBytes = bytes - parts.staging;
    const started = performance.now();
    const trainer = await Trainer.create(device, config, shape, optimizer, trained);
    if (lora === undefined) {
      trainer.setFrozen(parameters.subarray(0, upper?.from ?? 0));
      trainer.setParameters(parameters.subarray(upper?.from ?? 0));
    } else {
      trainer.setFrozen(parameters);
      trainer.setParameters(initialAdapter(trainer.layout, { layout, values: parameters }, 1));
    }
    // The device has them.
    parameters = null;
    const losses: number[] = [];
    const seconds: number[] = [];
    for (let step = 0, begun = started; step <= steps; step++) {
      trainer.step(data.next().value, learningRate);
      losses.push(await trainer.loss());
      seconds.push((performance.now() - begun) / 1000);
      begun = performance.now();
    }
    const residentBytes = device.software ? await residentNow('RssShmem') : undefined;
    const processPeakBytes = await residentNow('VmHWM');
    const allocatedBytes = gpuCounts().peakBytes;
    trainer.close();
    return {
      bench: 'memory',
      adapter: device.name,
      parameters: layout.trained,
      vocabulary: config.vocabularySize,
      batch,
      sequence,
      storage,
      recompute,
      rank: adapter,
      upperLayers: count,
      trained: trainer.layout.trained,
      bindingBytes: device.bindingBytes,
      dispatches: trainer.dispatchesPerStep,
      firstStepSeconds: seconds[0],
      stepSeconds: seconds.slice(1),
      losses,
      uniformLoss: Math.log(config.vocabularySize),
      predicted: parts,
      predictedBytes,
      allocatedBytes,
      residentBytes,
      processPeakBytes,
      allocatedToPredicted: allocatedBytes / predictedBytes,
      residentToPredicted: residentBytes === undefined ? undefined : residentBytes / predictedBytes,
    };
  } finally {
    device.close();
  }
}

/**
 * Bytes that this process has resident, where Linux tells. `RssShmem`: of shared memory, where Mesa's llvmpipe keeps buffers, and
 * neither the kernels that it compiles nor anything else of this process. `VmHWM`: the most at any time, of everything.
 */
async function residentNow(field: 'RssShmem' | 'VmHWM'): Promise<number | undefined> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const kibibytes = new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1];
  return kibibytes === undefined ? undefined : 1024 * Number(kibibytes);
}
