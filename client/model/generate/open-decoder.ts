import type { Precision } from '../../../shaders/shader.ts';
import { TapestryError } from '../../errors.ts';
import { type Device, openDevice } from '../../gpu/device.ts';
import type { Chooser } from '../../gpu/program.ts';
import type { ModelConfig } from '../config.ts';
import type { ParameterLayout } from '../parameters.ts';
import type { CachedDecoder, LoadedAdapters } from './cached-decoder.ts';
import { CpuDecoder } from './cpu-decoder.ts';
import { GpuDecoder } from './gpu-decoder.ts';

/** `gpu` is any WebGPU adapter, `auto` a graphics card for a large model and otherwise the CPU. */
export const deviceNames = ['auto', 'cpu', 'gpu'] as const;
export type DeviceName = (typeof deviceNames)[number];

/** Parameters. With a smaller model the CPU is done before a graphics card is opened and its kernels are compiled. */
const largeModel = 4_000_000;

/** Texts side by side: each takes memory for its keys and values, and the kernels for few rows take no more. */
export const mostAtOnce = 8;

export interface OpenedDecoder {
  readonly decoder: CachedDecoder;
  /** "cpu", or the adapter's name. */
  readonly device: string;
}

/** Where a decoder finds an adapter, and the kernels that were measured on it. */
export interface DecoderHost {
  gpu(): Promise<GPU>;
  kernels(device: Device): Chooser;
}

export interface DecoderOptions {
  readonly texts: number;
  readonly tokens: number;
  readonly storage: Precision;
  readonly adapters?: LoadedAdapters;
}

/** The shortest context that is made. */
const leastContext = 64;

/** A context that holds `tokens`: a power of two, so that kernels are measured for few lengths, and at most the model's. */
export function contextFor(tokens: number, { contextLength }: ModelConfig): number {
  return Math.min(contextLength, 2 ** Math.ceil(Math.log2(Math.max(leastContext, tokens))));
}

/**
 * A decoder for up to `texts` texts at once, of at most `tokens` tokens each: keys and values take memory for these, and not
 * for the longest text that the model could read. `adapters` are loaded beside the model, which begins without one. `storage` is
 * the format on an adapter; the CPU always has float32.
 * For `gpu` it throws the errors of `openDevice` and `GpuDecoder.create`; `auto` uses the CPU instead.
 */
export async function openDecoderOn(
  host: DecoderHost,
  name: DeviceName,
  model: {
    readonly config: ModelConfig;
    readonly layout: ParameterLayout;
    readonly parameters: Float32Array<ArrayBuffer>;
  },
  { texts, tokens, storage, adapters = new Map() }: DecoderOptions,
): Promise<OpenedDecoder> {
  const { layout, parameters } = model;
  const config = { ...model.config, contextLength: contextFor(tokens, model.config) };
  // The CPU gains nothing from several texts at once.
  const onCpu = (): OpenedDecoder => ({
    decoder: new CpuDecoder(config, layout, parameters, 1, adapters),
    device: 'cpu',
  });
  if (name === 'cpu' || (name === 'auto' && layout.trained < largeModel)) return onCpu();
  let device: Device | undefined;
  try {
    device = await openDevice(await host.gpu());
    if (name === 'gpu' || !device.software) {
      const choices = host.kernels(device);
      const options = { sequences: Math.min(texts, mostAtOnce), storage, choices, adapters };
      const decoder = await GpuDecoder.create(device, config, layout, parameters, options);
      return { decoder, device: device.name };
    }
  } catch (error) {
    if (name === 'gpu' || !(error instanceof TapestryError)) throw error;
  }
  device?.close();
  return onCpu();
}
