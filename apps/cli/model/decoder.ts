import { cachedKernels } from '../../../client/host/cache.ts';
import { nodeGpu } from '../../../client/host/node/runtime.ts';
import type { Model } from '../../../client/model/files/read-model.ts';
import {
  type DecoderOptions,
  type DeviceName,
  type OpenedDecoder,
  openDecoderOn,
} from '../../../client/model/generate/open-decoder.ts';

/** A decoder on this machine. Throws the errors of `openDecoderOn`. */
export function openDecoder(name: DeviceName, model: Model, options: DecoderOptions): Promise<OpenedDecoder> {
  return openDecoderOn({ gpu: nodeGpu, kernels: cachedKernels }, name, model, options);
}
