import type { Precision } from '../../../shaders/shader.ts';
import type { Allocator } from '../../gpu/device.ts';
import { AdapterMatrices } from '../adapter/adapter-matrices.ts';
import { packAdapter } from '../adapter/packed.ts';
import type { AdaptedMatrix } from '../adapter/settings.ts';
import { FrozenParameters } from '../frozen-parameters.ts';
import { ModelParameters } from '../model-parameters.ts';
import type { ParameterLayout } from '../parameters.ts';

/** The weights that a decoder holds itself. */
export interface DecoderWeights {
  readonly frozen: FrozenParameters;
  /** The adapter in use, if any was loaded. */
  readonly lora: AdapterMatrices | undefined;
  /** Both, as programs bind them. */
  readonly model: ModelParameters;
}

/** Allocates the weights. `adapted`: the matrices that any adapter adapts. Throws TapestryError `device.too-small`. */
export function makeDecoderWeights(
  device: Allocator,
  layout: ParameterLayout,
  storage: Precision,
  adapted: readonly AdaptedMatrix[] = [],
): DecoderWeights {
  const frozen = new FrozenParameters(device, layout, storage);
  const lora =
    adapted.length > 0 ? new AdapterMatrices(device, packAdapter(layout, adapted), storage) : undefined;
  return { frozen, lora, model: new ModelParameters(undefined, frozen, lora) };
}
