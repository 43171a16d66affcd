import {
  type AdaptedMatrix,
  type AdapterSettings,
  adaptedMatrices,
  adapterTensors,
} from '../model/adapter/settings.ts';
import type { ModelConfig } from '../model/config.ts';
import {
  type IsTrained,
  layoutOf,
  type ParameterLayout,
  type PartedLayout,
  partLayout,
} from '../model/parameters.ts';

/** What a trainer trains. Gradient, moments and state cover only this. */
export interface TrainedOptions {
  /** Which tensors of the model are trained: all by default, none by default with an adapter. */
  readonly trained?: IsTrained;
  /** Matrices of low rank that are trained beside the model's. */
  readonly lora?: AdapterSettings;
  /** True to hold the frozen matrices of the layers in blocks of 8 bits (q8_0), which rounds them. */
  readonly quantizesFrozen?: boolean;
}

/** The trained and the frozen tensors of a model, and its adapted matrices. An adapter's tensors follow the model's own. */
export interface TrainedPart extends PartedLayout {
  readonly model: ParameterLayout;
  readonly adapted: readonly AdaptedMatrix[];
  /** True if tensors of the model itself are trained. */
  readonly trainsModel: boolean;
  readonly quantizesFrozen: boolean;
  /** The dropout of the adapter, and its seed. */
  readonly dropout: number;
  readonly dropoutSeed: number;
}

/** Throws TapestryError `config.trained` or `adapter.settings`. */
export function trainedPart(
  config: ModelConfig,
  { trained, lora, quantizesFrozen = false }: TrainedOptions,
): TrainedPart {
  const model = layoutOf(config);
  const adapted = lora === undefined ? [] : adaptedMatrices(model, lora);
  const { dropout = 0, dropoutSeed = 0 } = lora ?? {};
  const isTrained = trained ?? (() => lora === undefined);
  const parted = partLayout(model, isTrained, adapterTensors(adapted));
  return {
    ...parted,
    model,
    adapted,
    trainsModel: model.tensors.some(isTrained),
    quantizesFrozen,
    dropout,
    dropoutSeed,
  };
}
