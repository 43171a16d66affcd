import { initialAdapter } from '../../model/adapter/initial.ts';
import { mergeAdapter } from '../../model/adapter/merge.ts';
import { modelAdapter } from '../../model/adapter/model-adapter.ts';
import { type AdapterSettings, adapterLayout } from '../../model/adapter/settings.ts';
import type { ModelConfig } from '../../model/config.ts';
import { copyTensors, layoutOf, type ParameterLayout, scoreHead } from '../../model/parameters.ts';
import { Random } from '../../random.ts';
import { sha256Hex } from '../../sha256.ts';
import { type TrainedOptions, trainedPart } from '../../train/trained-part.ts';
import type { AdapterRecipe } from '../recipe/recipe.ts';

/** What a stage trains: all weights of a model or, with an adapter, the adapter and the tensors that are new. */
export interface TrainedWeights {
  readonly config: ModelConfig;
  readonly recipe: { readonly adapter: AdapterRecipe | null };
  readonly trainer: TrainedOptions;
}

/** The adapter that a recipe asks for, in the model's terms. */
export function adapterSettings({ rank, alpha, targets, rsLora, dora }: AdapterRecipe): AdapterSettings {
  return { rank, alpha, targets, rsLora, dora };
}

/** The layout of the trained parameters of a stage. */
export function trainedLayout({ config, trainer }: TrainedWeights): ParameterLayout {
  return trainedPart(config, trainer).trained;
}

/**
 * The parameters of a model of the configuration `to` from those of one of `from`. A score head that takes the place of a head of
 * logits is drawn by the seed, normal with the deviation that transformers gives a new one.
 */
export function withHeadOf(
  to: ModelConfig,
  from: ModelConfig,
  parameters: Float32Array<ArrayBuffer>,
  seed: number,
): Float32Array<ArrayBuffer> {
  if (to.scores === from.scores) return parameters;
  const layout = layoutOf(to);
  const values = copyInto(new Float32Array(layout.length), layout, layoutOf(from), parameters);
  const random = Random.seeded(seed);
  const head = layout.tensors.find(({ name }) => name === scoreHead);
  for (let i = 0; i < (head?.size ?? 0); i++) values[(head?.offset ?? 0) + i] = 0.02 * random.normal();
  return values;
}

/** The first trained parameters of a stage: the model's own and, with an adapter, those of one that changes nothing yet. */
export function initialTrained(
  weights: TrainedWeights,
  model: Float32Array<ArrayBuffer>,
  seed: number,
): Float32Array<ArrayBuffer> {
  if (weights.recipe.adapter === null) return model;
  const [layout, whole] = [trainedLayout(weights), layoutOf(weights.config)];
  const adapter = initialAdapter(layout, { layout: whole, values: model }, seed);
  return copyInto(adapter, layout, whole, model);
}

/** The parameters of the whole model after a stage: the trained ones or, with an adapter, the model's with it merged in. */
export function wholeModel(
  weights: TrainedWeights,
  model: Float32Array<ArrayBuffer>,
  trained: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  const { adapter } = weights.recipe;
  if (adapter === null) return trained;
  const [layout, whole, settings] = [
    trainedLayout(weights),
    layoutOf(weights.config),
    adapterSettings(adapter),
  ];
  const own = copyTensors(trained, layout, adapterLayout(whole, settings));
  const merged = mergeAdapter({ layout: whole, values: model }, modelAdapter(whole, settings, own));
  return copyInto(merged, whole, layout, trained);
}

/** Copies the tensors that two layouts share from `values` to `target`, which is returned. */
function copyInto(
  target: Float32Array<ArrayBuffer>,
  layout: ParameterLayout,
  from: ParameterLayout,
  values: Float32Array,
): Float32Array<ArrayBuffer> {
  const places = new Map(from.tensors.map((tensor) => [tensor.name, tensor]));
  for (const { name, offset } of layout.tensors) {
    const place = places.get(name);
    if (place !== undefined) target.set(values.subarray(place.offset, place.offset + place.size), offset);
  }
  return target;
}

/** SHA-256 of weights as little-endian f32, in hex: the name of a base. */
export function weightsHash({ buffer, byteOffset, byteLength }: Float32Array<ArrayBuffer>): string {
  return sha256Hex(new Uint8Array(buffer, byteOffset, byteLength));
}
