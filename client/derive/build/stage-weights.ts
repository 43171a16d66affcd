import { initialAdapter } from '../../model/adapter/initial.ts';
import { mergeAdapter } from '../../model/adapter/merge.ts';
import { modelAdapter } from '../../model/adapter/model-adapter.ts';
import type { AdapterSettings } from '../../model/adapter/settings.ts';
import type { ModelConfig } from '../../model/config.ts';
import { layoutOf, type ParameterLayout } from '../../model/parameters.ts';
import { sha256Hex } from '../../sha256.ts';
import type { AdapterRecipe } from '../recipe/recipe.ts';

/** The adapter that a recipe asks for, in the model's terms. */
export function adapterSettings({ rank, alpha, targets, rsLora, dora }: AdapterRecipe): AdapterSettings {
  return { rank, alpha, targets, rsLora, dora };
}

/** The first trained parameters of a stage: the model's own or, with adapters, those of adapters that change nothing yet. */
export function initialTrained(
  adapter: AdapterRecipe | null,
  config: ModelConfig,
  model: Float32Array<ArrayBuffer>,
  layout: ParameterLayout,
  seed: number,
): Float32Array<ArrayBuffer> {
  if (adapter === null) return model;
  return initialAdapter(layout, { layout: layoutOf(config), values: model }, seed);
}

/** The parameters of the whole model after a stage: the trained ones or, with adapters, the model's with them merged in. */
export function wholeModel(
  adapter: AdapterRecipe | null,
  config: ModelConfig,
  model: Float32Array<ArrayBuffer>,
  trained: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  if (adapter === null) return trained;
  const layout = layoutOf(config);
  const own = modelAdapter(layout, adapterSettings(adapter), trained);
  return mergeAdapter({ layout, values: model }, own);
}

/** SHA-256 of weights as little-endian f32, in hex: the name of a base. */
export function weightsHash({ buffer, byteOffset, byteLength }: Float32Array<ArrayBuffer>): string {
  return sha256Hex(new Uint8Array(buffer, byteOffset, byteLength));
}
